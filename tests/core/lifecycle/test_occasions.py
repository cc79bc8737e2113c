"""Occasions: what a plugin's command tells the plugin's hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import frozen

from crmkit import Customer, Manifest, Session, hookimpl
from crmkit.core.assemble.plugins import Plugin
from crmkit.core.lifecycle.occasions import occasion, occasion_of
from crmkit.errors import Refused

if TYPE_CHECKING:
    from crmkit import Batch, CreateDraft
    from crmkit.testing.fixtures import CRMFactory


@frozen
class Visit:
    """An occasion."""

    place: str


@frozen
class Call:
    """An occasion of another class."""

    number: str


class Noting:
    """Notes on what occasion customers are created."""

    @staticmethod
    @hookimpl
    def crmkit_before_create(session: Session, drafts: Batch[CreateDraft]) -> None:
        """Write the occasion down."""
        for draft in drafts.of(Customer):
            visit = occasion_of(session, Visit)
            draft.set("city", None if visit is None else visit.place)


def test_hooks_know_the_occasion(make_crm: CRMFactory) -> None:
    """A hook knows the innermost occasion of the class that it asks for, and none once the command is over."""
    noting = Plugin(manifest=Manifest(name="noting"), hooks=(Noting,))
    with make_crm([noting]).session(actor="admin") as session:
        with occasion(session, Visit("Paris")), occasion(session, Call("1")):
            paris = session.create(Customer, name="a")
            with occasion(session, Visit("Lyon")), pytest.raises(Refused):
                session.create(Customer, name="b", nothing=1)
            again = session.create(Customer, name="c")
        never = session.create(Customer, name="d")
    assert [each.city for each in (paris, again, never)] == ["Paris", "Paris", None]
