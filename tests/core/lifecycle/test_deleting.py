"""Deleting and restoring: hidden, not gone, with all parts, and unique values free for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Assignment, Contact, Customer, Opportunity, Order, OrderLine, OrgUnit, Product
from crmkit.errors import NotFoundError, Refused
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock


def test_parts_go_and_come_back_with_their_whole(session: Session, clock: FrozenClock) -> None:
    """A deleted order takes its lines and assignments along; restored, it brings back those and no earlier ones."""
    acme = session.create(Customer, name="Acme")
    order = session.create(Order, customer=acme)
    early, first, second = (session.create(OrderLine, order=order, description=text) for text in "abc")
    part = session.create(Assignment, record=order, user=session.actor_ref, role="support")
    session.delete(early)
    clock.advance(minutes=1)
    session.delete(order)
    assert (session.count(Order), session.count(OrderLine), session.count(Assignment)) == (0, 0, 0)
    clock.advance(minutes=1)
    back = session.restore(Order, order.id)
    assert (back.deleted_at, back.version) == (None, 3)
    assert {line.id for line in session.find(OrderLine)} == {first.id, second.id}
    assert session.get(Assignment, part.id).role == "support"
    assert [entry.action for entry in session.history(back)] == ["restore", "delete", "create"]
    assert [entry.action for entry in session.history(first)] == ["restore", "delete", "create"]


def test_what_is_deleted_is_not_there(crm: CRM, session: Session) -> None:
    """A deleted record is neither read nor written, in the session that deleted it and in the next."""
    acme = session.create(Customer, name="Acme")
    session.delete(acme)
    for act in (
        lambda: session.get(Customer, acme.id),
        lambda: session.update(acme, city="Lyon"),
        lambda: session.move(acme, "active"),
        lambda: session.delete(acme),
        lambda: session.timeline(acme),
        lambda: session.trace(acme),
        lambda: session.link(acme, "became", acme),
    ):
        with refused(crm, session, NotFoundError):
            act()
    with refused(crm, session, Refused):
        session.create(Opportunity, name="Deal", customer=acme)
    assert session.count(Customer) == 0
    assert [entry.action for entry in session.history(acme)] == ["delete", "create"]


def test_a_unique_value_is_free_after_a_deletion(crm: CRM, session: Session) -> None:
    """A deleted record's unique value may be taken; then it can't come back until the value is free again."""
    first = session.create(Product, name="Seat")
    session.delete(first)
    second = session.create(Product, name="SEAT")
    with refused(crm, session, Refused) as caught:
        session.restore(Product, first.id)
    assert isinstance(caught.value, Refused)
    assert [each.path for each in caught.value.refusals] == ["name"]
    session.delete(second)
    assert session.restore(Product, first.id).name == "Seat"
    for number in (first.id, 999):
        with refused(crm, session, NotFoundError):
            session.restore(Product, number)


def test_a_part_does_not_come_back_without_its_whole(crm: CRM, session: Session) -> None:
    """A part can't be restored while its whole is deleted."""
    acme = session.create(Customer, name="Acme")
    unit = session.create(OrgUnit, name="Sales", customer=acme)
    session.delete(acme)
    with refused(crm, session, Refused, NotFoundError):
        session.restore(OrgUnit, unit.id)


def test_a_restored_primary_contact_does_not_make_two(crm: CRM, session: Session) -> None:
    """A former primary contact comes back only if the customer has no other one by now."""
    acme = session.create(Customer, name="Acme")
    old = session.create(Contact, name="Old", customer=acme, is_primary=True)
    session.delete(old)
    session.create(Contact, name="New", customer=acme, is_primary=True)
    with refused(crm, session, Refused):
        session.restore(Contact, old.id)
    with pytest.raises(NotFoundError):
        session.get(Contact, old.id)
