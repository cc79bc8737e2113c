"""Handlers: every committed event reaches everybody who handles it, in order, at least once, until it is given up."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import SYSTEM, Customer, Event, Handler, Occurrence, Opportunity
from crmkit.core.outbox.dispatching import dispatch
from crmkit.core.outbox.finishing import fail, finish
from crmkit.core.outbox.leasing import MARGIN, lease
from crmkit.core.outbox.retrying import JITTER, MOST_TRIES, pause_after
from crmkit.core.outbox.transactions import writing
from crmkit.errors import ClashError, DeclarationError, LeaseLostError, Refused
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

NOTE = "handler:handles_note.note"
SEEDED = Random(1)  # noqa: S311  (jitter, no secret)
pytestmark = pytest.mark.row("L1")


def handling(run: Callable[[Session, Occurrence], object], *events: str, name: str = "note", **said: object) -> object:
    """Return a plugin with one handler."""
    handler = Handler(name=name, events=events or ("*",), run=run, **said)  # type: ignore[arg-type]
    return make_plugin(f"handles_{name}", handler)


def test_events_reach_their_handlers_in_order(make_crm: CRMFactory) -> None:
    """With name, record, version, actor, payload and an id of its own; and none that the handler didn't ask for."""
    seen: list[Occurrence] = []
    gone = Event(name="customer.gone", entity="customer")
    plugin = handling(lambda _session, each: seen.append(each), "customer.*")
    crm = make_crm([plugin, make_plugin("says_gone", gone)])
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        session.create(Opportunity, name="Deal", customer=acme)
        acme = session.update(acme, city="Paris")
        session.emit("customer.gone", acme, {"to": "Mars"})
        session.delete(acme)
        actor = session.principal.user
    counts = crm.worker().run_once()
    assert (counts.done, counts.failed) == (4, 0)
    assert [(each.name, each.version) for each in seen] == [
        ("customer.created", 1),
        ("customer.updated", 2),
        ("customer.gone", 2),
        ("customer.deleted", 3),
    ]
    assert {each.record for each in seen} == {acme.ref}
    assert {each.actor for each in seen} == {actor}
    assert [dict(each.payload) for each in seen] == [{}, {}, {"to": "Mars"}, {}]
    assert len({each.id for each in seen}) == 4
    assert crm.worker().run_once().tried == 0


def test_what_is_rolled_back_is_no_event(make_crm: CRMFactory) -> None:
    """Nothing is handed out of a transaction that did not come to its end."""
    seen: list[Occurrence] = []
    crm = make_crm([handling(lambda _session, each: seen.append(each), "customer.*")])
    with pytest.raises(Refused), crm.session(actor="admin") as session:  # noqa: PT012  (the session goes with it)
        session.create(Customer, name="Acme")
        session.create(Customer)
    crm.worker().run_once()
    assert seen == []


def test_what_a_handler_writes_is_an_event_again(make_crm: CRMFactory) -> None:
    """The work that follows from work is done in the same round, and what it wrote is there once."""

    def follow_up(session: Session, occurrence: Occurrence) -> None:
        customer = session.get(Customer, int(occurrence.record))
        if customer.employees is None or customer.employees < 3:
            session.update(customer, employees=(customer.employees or 0) + 1)

    crm = make_crm([handling(follow_up, "customer.created", "customer.updated")])
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
    assert crm.worker().run_once().done == 4
    with crm.session(actor="admin") as session:
        acme = session.get(Customer, acme.id)
        assert acme.employees == 3
        assert {each.actor for each in session.history(acme)[:-1]} == {None}


def test_failures_are_tried_again_after_growing_pauses(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """Nothing that a failed try wrote is kept; after 72 hours it is given up, and can be replayed."""
    fails = True
    tries: list[tuple[str, timedelta]] = []
    start = clock.now

    def note(session: Session, occurrence: Occurrence) -> None:
        tries.append((occurrence.id, clock.now - start))
        session.create(Customer, name="Copy")
        if fails:
            raise ValueError("no")

    crm = make_crm([handling(note, "opportunity.created")])
    with crm.session(actor="admin") as session:
        customer = session.create(Customer, name="Acme")
        session.create(Opportunity, name="Deal", customer=customer)
    worker = crm.worker()
    worker.random = SEEDED
    while worker.run_once().dead == 0:
        clock.advance(seconds=1 if clock.now - start < timedelta(seconds=8) else 720)
    assert len(tries) == MOST_TRIES
    assert len({each for each, _at in tries}) == 1
    moments = [at for _each, at in tries]
    assert moments[0] == timedelta(0)
    assert timedelta(seconds=4) <= moments[1] <= timedelta(seconds=7)
    assert timedelta(hours=66) <= moments[-1] <= timedelta(hours=90)
    [letter] = crm.outbox.dead()
    assert (letter.consumer, letter.tries, letter.problem) == (
        NOTE,
        MOST_TRIES,
        "ValueError: no",
    )
    with crm.session(actor="admin") as session:
        assert session.count(Customer) == 1
    fails = False
    assert crm.outbox.replay(number=letter.number) == 1
    assert worker.run_once().done == 1
    with crm.session(actor="admin") as session:
        assert session.count(Customer) == 2
    assert crm.outbox.dead() == []


def test_pauses_are_spread(make_crm: CRMFactory) -> None:
    """5 seconds, 30 seconds, 2, 10 and 30 minutes, then hourly, each a fifth more or less."""
    del make_crm
    random = Random(7)  # noqa: S311  (jitter, no secret)
    expected = [5, 30, 120, 600, 1800, 3600, 3600]
    for tries, seconds in enumerate(expected, start=1):
        found = [pause_after(tries, random).total_seconds() for _ in range(300)]
        assert min(found) >= seconds * (1 - JITTER)
        assert max(found) <= seconds * (1 + JITTER)
        assert max(found) - min(found) > seconds * JITTER


def test_a_failing_record_waits_and_others_go_on(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """Later events about the same record wait behind the one that failed; those about others don't; order is kept."""
    seen: list[tuple[int, int]] = []
    broken = True

    def note(_session: Session, occurrence: Occurrence) -> None:
        if broken and int(occurrence.record) == 1:
            raise ValueError("one")
        seen.append((int(occurrence.record), occurrence.version))

    crm = make_crm([handling(note, "customer.*")])
    with crm.session(actor="admin") as session:
        first, second = session.create_many(Customer, [{"name": "A"}, {"name": "B"}])
    with crm.session(actor="admin") as session:
        session.update(first, city="Paris")
        session.update(second, city="Rome")
    crm.worker().run_once()
    assert seen == [(2, 1), (2, 2)]
    broken = False
    clock.advance(minutes=1)
    crm.worker().run_once()
    assert seen == [(2, 1), (2, 2), (1, 1), (1, 2)]


def test_a_dead_letter_frees_its_record(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """What was given up doesn't hold up the later events about its record."""
    seen: list[int] = []

    def note(_session: Session, occurrence: Occurrence) -> None:
        if occurrence.version == 1:
            raise ValueError("first")
        seen.append(occurrence.version)

    crm = make_crm([handling(note, "customer.*")])
    with crm.session(actor="admin") as session:
        session.update(session.create(Customer, name="A"), city="Paris")
    worker = crm.worker()
    while not worker.run_once().dead:
        assert seen == []
        clock.advance(hours=2)
    worker.run_once()
    assert seen == [2]


def test_handlers_do_not_wait_for_each_other(make_crm: CRMFactory) -> None:
    """One that fails keeps no other from its events."""
    seen: list[str] = []

    def failing(_session: Session, _occurrence: Occurrence) -> None:
        raise ValueError("no")

    crm = make_crm(
        [
            handling(failing, "customer.*", name="bad"),
            handling(lambda _session, each: seen.append(each.name), "customer.*", name="good"),
        ]
    )
    with crm.session(actor="admin") as session:
        session.create(Customer, name="A")
    counts = crm.worker().run_once()
    assert (counts.done, counts.failed) == (1, 1)
    assert seen == ["customer.created"]
    status = {each.consumer: each for each in crm.outbox.status()}
    assert (status["handler:handles_bad.bad"].failing, status["handler:handles_bad.bad"].problem) == (
        1,
        "ValueError: no",
    )
    assert (status["handler:handles_good.good"].done, status["handler:handles_good.good"].problem) == (1, None)


HOSTILE: dict[str, Callable[[Session], object]] = {
    "raises": lambda session: session.create(Customer),
    "exits": lambda _session: sys.exit(3),
    "recurses": lambda session: HOSTILE["recurses"](session),  # noqa: PLW0108  (it is not there yet)
    "closes the session": lambda session: session.__exit__(None, None, None),
    "stops by itself": lambda _session: (_ for _ in ()).throw(GeneratorExit()),
}


@pytest.mark.parametrize("how", sorted(HOSTILE))
def test_a_worker_survives_its_handlers(make_crm: CRMFactory, how: str) -> None:
    """Whatever a handler does, its work has failed, and the worker goes on with others."""
    seen: list[int] = []

    def note(session: Session, occurrence: Occurrence) -> None:
        if int(occurrence.record) == 1:
            HOSTILE[how](session)
        seen.append(int(occurrence.record))

    crm = make_crm([handling(note, "customer.created")])
    with crm.session(actor="admin") as session:
        session.create_many(Customer, [{"name": "A"}, {"name": "B"}])
    counts = crm.worker().run_once()
    assert (counts.done, counts.failed) == (1, 1)
    assert seen[-1] == 2


def test_what_takes_too_long_is_cut_off(make_crm: CRMFactory) -> None:
    """At its deadline, in the main thread; nothing of it is kept, and it counts as failed."""

    def hang(session: Session, _occurrence: Occurrence) -> None:
        session.create(Customer, name="Half")
        try:
            while True:
                time.sleep(0.01)
        except Exception:  # noqa: BLE001, S110  (a handler that swallows everything)
            pass

    crm = make_crm([handling(hang, "opportunity.created", deadline=timedelta(seconds=0.2))])
    with crm.session(actor="admin") as session:
        customer = session.create(Customer, name="Acme")
        session.create(Opportunity, name="Deal", customer=customer)
    assert crm.worker().run_once().failed == 1
    [status] = [each for each in crm.outbox.status() if each.consumer == NOTE]
    assert status.problem == "OverdueError: It took longer than 0.2 seconds."
    with crm.session(actor="admin") as session:
        assert session.count(Customer) == 1


def test_who_comes_too_late_changes_nothing(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """When a lease has ended and another worker took the work, the first one's transaction is rolled back."""
    other: list[int] = []

    def slow(session: Session, _occurrence: Occurrence) -> None:
        session.create(Customer, name="Copy")
        if not other and session.unit.connection.dialect.name == "postgresql":
            clock.advance(minutes=2)
            other.append(1)
            other.append(crm.worker().run_once().done)

    crm = make_crm([handling(slow, "opportunity.created")])
    with crm.session(actor="admin") as session:
        customer = session.create(Customer, name="Acme")
        session.create(Opportunity, name="Deal", customer=customer)
    counts = crm.worker().run_once()
    if other:
        assert (counts.lost, counts.done) == (1, 0)
    with crm.session(actor="admin") as session:
        assert session.count(Customer) == 2


def test_a_stale_lease_finishes_nothing(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """Its fence is another one by then: neither done nor failed can be noted with it."""
    crm = make_crm([handling(lambda _session, _each: None, "customer.created")])
    with crm.session(actor="admin") as session:
        session.create(Customer, name="A")
    wanted = {NOTE: ["customer.created"]}
    deadlines = {NOTE: timedelta(seconds=30)}
    with writing(crm) as (connection, now):
        dispatch(connection, crm.tables, wanted, now)
        [first] = lease(connection, crm.tables, deadlines, now, 10)
        assert lease(connection, crm.tables, deadlines, now, 10) == []
    clock.advance(seconds=(MARGIN + deadlines[NOTE]).total_seconds() + 1)
    with writing(crm) as (connection, now):
        [second] = lease(connection, crm.tables, deadlines, now, 10)
        assert second.crashes == 1
        with pytest.raises(LeaseLostError, match="no longer held"):
            finish(connection, crm.tables, first, now)
        assert fail(connection, crm.tables, first, now, problem="late", random=SEEDED) is None
        finish(connection, crm.tables, second, now)


def test_work_at_which_workers_end_is_given_up(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """After five workers have ended in its middle, so that a poisoned piece of work doesn't stop all of them."""
    crm = make_crm([handling(lambda _session, _each: None, "customer.created")])
    with crm.session(actor="admin") as session:
        session.create(Customer, name="A")
    with writing(crm) as (connection, now):
        dispatch(connection, crm.tables, {NOTE: ["customer.created"]}, now)
    taken = 0
    for _ in range(8):
        with writing(crm) as (connection, now):
            taken += len(lease(connection, crm.tables, {NOTE: timedelta(seconds=30)}, now, 10))
        clock.advance(minutes=2)
    assert taken == 5
    [letter] = crm.outbox.dead()
    assert letter.problem == "Workers ended while doing it, 5 times."


def test_two_dispatchers_hand_out_each_event_once(make_crm: CRMFactory) -> None:
    """Each event makes one piece of work for each handler, however often and by whomever it is dispatched."""
    crm = make_crm([handling(lambda _session, _each: None, "customer.created")])
    with crm.session(actor="admin") as session:
        session.create_many(Customer, ({"name": f"C{number}"} for number in range(1500)))
    assert crm.worker().run_once().done == 1500
    with crm.session(actor=SYSTEM) as session:
        work = session.tables.system.work
        count = session.unit.connection.execute(
            sa.select(sa.func.count()).select_from(work).where(work.c.consumer == NOTE)
        ).scalar_one()
    assert count == 1500


def test_work_of_a_disabled_plugin_waits(make_crm: CRMFactory) -> None:
    """It is done once the plugin is enabled again."""
    seen: list[str] = []
    fails = True

    def note(_session: Session, occurrence: Occurrence) -> None:
        if fails:
            raise ValueError("no")
        seen.append(occurrence.name)

    plugin = handling(note, "customer.created")
    on = make_crm.database()
    crm = make_crm([plugin], on=on)
    with crm.session(actor="admin") as session:
        session.create(Customer, name="A")
    assert crm.worker().run_once().failed == 1
    without = make_crm([], on=on)
    make_crm.clock.advance(hours=1)
    without.worker().run_once()
    assert seen == []
    [status] = [each for each in without.outbox.status() if each.consumer == NOTE]
    assert (status.is_known, status.waiting) == (False, 1)
    fails = False
    make_crm([plugin], on=on).worker().run_once()
    assert seen == ["customer.created"]


def test_a_purged_plugin_leaves_no_work(make_crm: CRMFactory) -> None:
    """Neither what waited nor what was done or given up."""
    on = make_crm.database()
    crm = make_crm([handling(print, "customer.created"), handling(print, "customer.created", name="other")], on=on)
    with crm.session(actor="admin") as session:
        session.create(Customer, name="A")
    crm.worker().run_once()
    left = make_crm([handling(print, "customer.created", name="other")], on=on)
    left.plugins.apply(left.plugins.plan(purge=["handles_note"]), destructive=True)
    assert {each.consumer for each in left.outbox.status() if each.done} == {"handler:handles_other.other"}


def test_handlers_must_fit(make_crm: CRMFactory) -> None:
    """An event that nobody emits, and two handlers of one name, are refused when the CRM is assembled."""
    with pytest.raises(
        DeclarationError, match=r"no event is called 'customer.creatd'. Did you mean 'customer.created'"
    ):
        make_crm([handling(print, "customer.creatd")])
    with pytest.raises(ClashError, match="handler 'note'"):
        make_crm([make_plugin("twice", *(Handler(name="note", events=(each,), run=print) for each in ("*", "user.*")))])
    with pytest.raises(ClashError, match="handler 'note'"):
        make_crm([handling(print), make_plugin("second", Handler(name="note", events=("*",), run=print))])
