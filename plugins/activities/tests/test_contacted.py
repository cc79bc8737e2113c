from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from crmkit import Contact, Customer
from crmkit.errors import Refused
from crmkit_activities.activity import Activity, ActivityParticipant
from crmkit_activities.contacted import contacts_of_customers
from crmkit_activities.kinds import UNREACHED

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock

pytestmark = pytest.mark.row("B11")

CALL = {"subject": "Talk", "kind": "call", "direction": "outbound"}


def last(session: Session, record: Customer | Contact) -> datetime | None:
    """Return when there was contact with a customer or contact for the last time."""
    return cast("datetime | None", session.get(type(record), record.id).last_contacted_at)


def day(number: int) -> datetime:
    """Return noon of a day in February 2026."""
    return datetime(2026, 2, number, 12, tzinfo=UTC)


def test_a_contact_raises_the_last_one(session: Session, clock: FrozenClock) -> None:
    """A call that is done is the last contact with customer and contact; one that is planned is none."""
    acme = session.create(Customer, name="Acme")
    lea = session.create(Contact, name="Lea", customer=acme)
    call = session.create(Activity, contact=lea, **CALL)
    assert last(session, acme) is last(session, lea) is None
    session.move(call, "done", outcome="reached")
    assert last(session, acme) == last(session, lea) == clock.now


def test_the_last_contact_never_goes_back(session: Session) -> None:
    """What is logged late about earlier contacts leaves the last one as it is, in whatever order it comes."""
    acme = session.create(Customer, name="Acme")
    for logged, latest in ((3, 3), (1, 3), (5, 5), (4, 5), (5, 5)):
        session.create(Activity, customer=acme, stage="done", outcome="reached", ended_at=day(logged), **CALL)
        assert last(session, acme) == day(latest)


def test_a_call_that_reached_nobody_is_no_contact(session: Session) -> None:
    """Only with somebody spoken to it was a contact, also when that is corrected later."""
    acme = session.create(Customer, name="Acme")
    done = {"customer": acme, "stage": "done", "ended_at": day(2), **CALL}
    calls = session.create_many(Activity, [{"outcome": each, **done} for each in UNREACHED if each != "no_show"])
    assert last(session, acme) is None
    session.update(calls[0], outcome="reached")
    assert last(session, acme) == day(2)


def test_a_done_task_is_no_contact(session: Session) -> None:
    """Work for a customer is no contact with it."""
    acme = session.create(Customer, name="Acme")
    session.create(Activity, subject="Write", kind="task", customer=acme, stage="done")
    assert last(session, acme) is None


def test_who_took_part_was_contacted(session: Session, clock: FrozenClock) -> None:
    """Participants of a meeting were in contact when it is done, and when they are noted afterwards."""
    lea, tom, admin = session.create(Contact, name="Lea"), session.create(Contact, name="Tom"), session.actor_ref
    meeting = session.create(Activity, subject="a", kind="meeting")
    session.create_many(ActivityParticipant, [{"activity": meeting, "person": each} for each in (lea, admin)])
    session.move(meeting, "done", outcome="held")
    assert (last(session, lea), last(session, tom)) == (clock.now, None)
    session.create(ActivityParticipant, activity=meeting, person=tom)
    assert last(session, tom) == clock.now


def test_a_customer_was_contacted_by_whoever_of_it_took_part(session: Session, clock: FrozenClock) -> None:
    """A meeting with a contact of the customer is a contact with the customer, noted before it is done or after."""
    acme, beta = (session.create(Customer, name=name) for name in ("Acme", "Beta"))
    lea, tom = (session.create(Contact, name="x", customer=each) for each in (acme, beta))
    meeting = session.create(Activity, subject="a", kind="meeting")
    session.create(ActivityParticipant, activity=meeting, person=lea)
    session.move(meeting, "done", outcome="held")
    assert (last(session, acme), last(session, beta)) == (clock.now, None)
    session.create(ActivityParticipant, activity=meeting, person=tom)
    assert last(session, beta) == clock.now
    found = contacts_of_customers(session, [acme.id, beta.id])
    assert found == {each.id: {"meeting": clock.now} for each in (acme, beta)}


def test_what_is_done_stays_in_the_past(session: Session, clock: FrozenClock) -> None:
    """The end of a call is corrected, but not to a moment that is still to come."""
    acme = session.create(Customer, name="Acme")
    call = session.create(Activity, customer=acme, stage="done", outcome="reached", **CALL)
    later = clock.now + timedelta(days=400)
    with pytest.raises(Refused, match="in the future"):
        session.update(call, ended_at=later)
    with pytest.raises(Refused, match="in the future"):
        session.update(call, started_at=later, ended_at=None)
    session.update(call, ended_at=day(3))
    assert last(session, acme) == clock.now


def test_who_is_contacted_follows_what_it_is_about(session: Session) -> None:
    """Another contact, or something else to be about, has another customer; what was said itself stays."""
    acme, beta = (session.create(Customer, name=name) for name in ("Acme", "Beta"))
    lea, tom = (session.create(Contact, name="x", customer=each) for each in (acme, beta))
    alone = session.create(Contact, name="Alone")
    call = session.create(Activity, about=lea, **CALL)
    assert (call.contact, call.customer) == (lea.ref, acme.ref)
    call = session.update(call, about=tom)
    assert (call.contact, call.customer) == (tom.ref, beta.ref)
    call = session.update(call, contact=lea, about=None)
    assert (call.contact, call.customer) == (lea.ref, acme.ref)
    call = session.update(call, contact=alone)
    assert (call.contact, call.customer) == (alone.ref, None)
    call = session.update(call, customer=beta)
    call = session.update(call, contact=lea)
    assert (call.contact, call.customer) == (lea.ref, beta.ref)
    call = session.update(call, outcome="reached", ended_at=day(3))
    session.move(call, "done")
    assert (last(session, acme), last(session, beta)) == (None, day(3))


def test_a_merge_sets_the_last_contact_not_back(crm: CRM) -> None:
    """Of two customers that are made one, the latest contact with either is the last one."""
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="Acme"), session.create(Customer, name="ACME")
        for customer, moment, outcome in ((one, day(3), "reached"), (two, day(5), "reached"), (two, day(7), "busy")):
            session.create(Activity, customer=customer, stage="done", outcome=outcome, ended_at=moment, **CALL)
        merged = session.merge(session.get(Customer, one.id), session.get(Customer, two.id))
    crm.worker().run_once()
    with crm.session(actor="admin") as again:
        assert last(again, merged) == day(5)


def test_a_merge_counts_who_took_part(crm: CRM) -> None:
    """The last contact may be a meeting in which one of those that are made one, or a contact of it, took part."""
    with crm.session(actor="admin") as session:
        acme, double = (session.create(Customer, name=name) for name in ("Acme", "ACME"))
        lea, other = (session.create(Contact, name=name, customer=acme) for name in ("Lea", "Léa"))
        tom = session.create(Contact, name="Tom", customer=double)
        for person, moment in ((lea, day(3)), (other, day(5)), (tom, day(7))):
            meeting = session.create(Activity, subject="a", kind="meeting")
            session.create(ActivityParticipant, activity=meeting, person=person)
            session.move(meeting, "done", outcome="held", ended_at=moment)
        session.merge(session.get(Customer, acme.id), session.get(Customer, double.id))
        session.merge(session.get(Contact, lea.id), session.get(Contact, other.id))
    crm.worker().run_once()
    with crm.session(actor="admin") as again:
        assert (last(again, acme), last(again, lea)) == (day(7), day(5))


def test_many_contacts_at_once_change_each_customer_once(session: Session) -> None:
    """Of many calls logged together the latest counts, and each customer is written but once."""
    customers = session.create_many(Customer, [{"name": f"C{number}"} for number in range(3)])
    calls = [
        {"customer": each, "stage": "done", "outcome": "reached", "ended_at": day(number + 1 + position), **CALL}
        for position, each in enumerate(customers)
        for number in (1, 7, 4)
    ]
    session.create_many(Activity, calls)
    found = [session.get(Customer, each.id) for each in customers]
    assert [last(session, each) for each in customers] == [day(8), day(9), day(10)]
    assert [each.version for each in found] == [2, 2, 2]


def test_contacts_logged_at_once_meet_nobodys_conflict(crm: CRM, clock: FrozenClock) -> None:
    """Several people who log calls with one customer at the same moment all succeed, and the latest call counts."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
    failed: list[Exception] = []

    def log(number: int) -> None:
        try:
            with crm.session(actor="admin") as session:
                for each in (number, number + 10):
                    session.create(Activity, customer=acme, stage="done", outcome="reached", ended_at=day(each), **CALL)
        except Exception as error:  # noqa: BLE001  (whatever it is, the test says so)
            failed.append(error)

    threads = [threading.Thread(target=log, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with crm.session(actor="admin") as session:
        assert session.count(Activity) == 12
        assert last(session, acme) == day(16)


def test_what_was_done_is_announced_once(session: Session, crm: CRM) -> None:
    """The event `activity.completed` comes once for every activity that comes to be done."""
    call = session.create(Activity, **CALL)
    call = session.move(call, "done", outcome="reached")
    session.update(call, description="Well.")
    session.create(Activity, stage="done", outcome="busy", **CALL)
    table = crm.tables.system.event
    rows = session.unit.connection.execute(table.select().where(table.c.name == "activity.completed")).all()
    assert [row.record_id for row in rows] == [1, 2]
