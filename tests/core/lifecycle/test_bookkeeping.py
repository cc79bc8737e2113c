"""Bookkeeping: what programs note in records is logged, and is no change of them for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import SYSTEM, Customer, bookkeeping, extend, integer
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory


@extend(Customer)
class Counted:
    """What a program counts."""

    visits: int | None = bookkeeping(integer())


def test_bookkeeping_is_logged_and_leaves_when_and_by_whom_a_record_was_changed(
    make_crm: CRMFactory, clock: FrozenClock
) -> None:
    """It has a version and an event; with anything else it is a change like any other; people can't write it."""
    crm = make_crm([make_plugin("counting", Counted)])
    with crm.session(actor="admin") as session:
        acme, other = session.create_many(Customer, [{"name": "Acme"}, {"name": "Other"}])
    clock.advance(days=1)
    with crm.session(actor=SYSTEM) as session:
        noted, both = session.update_many([(acme, {"visits": 3}), (other, {"visits": 4, "city": "Lyon"})])
        assert (noted.version, noted.updated_at, noted.updated_by) == (2, acme.created_at, acme.created_by)
        assert (both.updated_at, both.updated_by) == (session.unit.now, None)
        assert session.get(Customer, acme.id) == noted
        assert session.update(noted, visits=5).updated_at == acme.created_at
        assert [each.action for each in session.history(noted)] == ["update", "update", "create"]
    with crm.session(actor="admin") as session, refused(crm, session, Refused):
        session.update(session.get(Customer, acme.id), visits=6)
