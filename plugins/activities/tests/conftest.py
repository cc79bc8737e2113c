"""A CRM with the plugin, and a small sales team in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Team, User

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with the plugin, as installed."""
    return make_crm(["activities"])


@pytest.fixture
def people(crm: CRM) -> dict[str, User]:
    """Ann and Bob of the team North, and Mia, who manages them; Cem of the team South, who reports to nobody."""
    with crm.session(actor="admin") as session:
        north, south = session.create(Team, name="North"), session.create(Team, name="South")
        mia = session.create(User, name="Mia", external_id="mia", team=north, roles=["manager"])
        others = session.create_many(
            User,
            [
                {"name": name, "external_id": name.lower(), "team": team, "manager": manager, "roles": ["member"]}
                for name, team, manager in (("Ann", north, mia), ("Bob", north, mia), ("Cem", south, None))
            ],
        )
        return {"mia": mia, **{str(each.external_id): each for each in others}}
