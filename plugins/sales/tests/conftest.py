"""A CRM with the plugin, and a sales team in it."""

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
    return make_crm(["sales"])


@pytest.fixture
def sellers(crm: CRM) -> dict[str, User]:
    """Ann and Bob, who sell, and Mia, who manages them, of the team North; Cem, who sells for South."""
    with crm.session(actor="admin") as session:
        north, south = session.create(Team, name="North"), session.create(Team, name="South")
        people = {
            "ann": (north, "sales_rep"),
            "bob": (north, "sales_rep"),
            "mia": (north, "sales_manager"),
            "cem": (south, "sales_rep"),
        }
        return {
            name: session.create(User, name=name.title(), external_id=name, team=team, roles=[role])
            for name, (team, role) in people.items()
        }
