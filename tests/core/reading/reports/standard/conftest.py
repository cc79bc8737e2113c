"""A CRM with limits on stages and roles of narrow reach, sellers, and a function that makes deals on their way."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Protocol

import pytest

from crmkit import ChangeStage, Grant, Manifest, Opportunity, Role, Team, User, hookimpl
from crmkit.core.assemble.plugins import Plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import CRM
    from crmkit.core.lifecycle.session import Session
    from crmkit.testing.fixtures import CRMFactory

LOOKED_UP = tuple(Grant(entity=name, read="all") for name in ("user", "team"))


@hookimpl
def declare() -> Iterator[object]:
    """Yield limits of ten and five days, and roles that read what is their own or their team's."""
    yield ChangeStage("opportunity", "qualification", limit=timedelta(days=10))
    yield ChangeStage("opportunity", "proposal", limit=timedelta(days=5))
    yield Role(name="seller", grants=(Grant(entity="opportunity", read="own", create="own"), *LOOKED_UP))
    yield Role(name="leader", grants=(Grant(entity="opportunity", read="team", create="team"), *LOOKED_UP))


class MakeDeal(Protocol):
    """Makes a deal and moves it through stages."""

    def __call__(self, session: Session, name: str, *stages: str, **values: object) -> Opportunity:
        """Create the deal in the first of the stages and move it on to the others."""


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with limits on stages and roles of narrow reach."""
    return make_crm([Plugin(manifest=Manifest(name="house"), hooks=(SimpleNamespace(crmkit_declare=declare),))])


@pytest.fixture
def make_deal() -> MakeDeal:
    """Makes a deal and moves it through stages."""

    def make(session: Session, name: str, *stages: str, **values: object) -> Opportunity:
        first, *others = stages or ("qualification",)
        (deal,) = session.create_many(Opportunity, [{"name": name, "stage": first, **values}])
        for stage in others:
            deal = session.move(deal, stage)
        return deal

    return make


@pytest.fixture
def sellers(crm: CRM) -> dict[str, User]:
    """Ann, who sells, and Ben, who leads, of the team North; Cem, who sells for South."""
    with crm.session(actor="admin") as session:
        north, south = session.create(Team, name="North"), session.create(Team, name="South")
        people = {"ann": (north, "seller"), "ben": (north, "leader"), "cem": (south, "seller")}
        return {
            name: session.create(User, name=name.title(), external_id=name, team=team, roles=[role])
            for name, (team, role) in people.items()
        }
