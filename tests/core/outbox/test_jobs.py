"""Jobs: done at the times of their schedules, once each, and when they are asked for."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from crmkit import SYSTEM, Customer, Daily, Every, Job, JobRun, Monthly, Parameter, Weekly
from crmkit.core.declare.kinds import DateKind, IntegerKind, MoneyKind
from crmkit.errors import AccessDeniedError, DeclarationError, Refused, UnknownNameError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.core.declare.schedules import Schedule
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

BERLIN = "Europe/Berlin"
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
schedules = st.one_of(
    st.builds(Every, st.timedeltas(timedelta(seconds=1), timedelta(days=40))),
    st.builds(Daily, st.times()),
    st.builds(Monthly, st.integers(1, 31), st.times()),
    st.builds(Weekly, st.integers(1, 7), st.times()),
)


def local(text: str) -> datetime:
    """Return a moment in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        (Every(timedelta(minutes=5)), "2026-03-02T09:01", "2026-03-02T09:05"),
        (Every(timedelta(minutes=5)), "2026-03-02T09:05", "2026-03-02T09:10"),
        (Daily(time(3)), "2026-03-02T03:00", "2026-03-03T03:00"),
        (Daily(time(3)), "2026-03-02T02:59", "2026-03-02T03:00"),
        (Daily(time(2, 30)), "2026-03-28T12:00", "2026-03-29T03:30"),  # clocks are put forward at 2
        (Daily(time(2, 30)), "2026-10-24T12:00", "2026-10-25T02:30"),  # twice: the first
        (Weekly(1, time(8)), "2026-01-31T08:00", "2026-02-02T08:00"),
        (Weekly(1, time(8)), "2026-02-02T08:00", "2026-02-09T08:00"),
        (Weekly(7), "2026-02-07T12:00", "2026-02-08T00:00"),
        (Monthly(31, time(8)), "2026-01-31T08:00", "2026-02-28T08:00"),
        (Monthly(31, time(8)), "2026-02-28T08:00", "2026-03-31T08:00"),
        (Monthly(1), "2026-12-15T00:00", "2027-01-01T00:00"),
    ],
)
def test_schedules(schedule: Schedule, moment: str, expected: str) -> None:
    """The next moment is behind the one asked about, by the clock of the home time zone."""
    assert schedule.next_after(local(moment), BERLIN) == local(expected)


@given(schedule=schedules, moment=moments, hours=st.integers(0, 2000))
def test_the_latest_moment_is_the_last_of_all(schedule: Schedule, moment: datetime, hours: int) -> None:
    """It is what one gets by going on step by step, and lies behind the first and up to the second."""
    until = moment + timedelta(hours=hours)
    if isinstance(schedule, Every):
        schedule = Every(max(schedule.interval, timedelta(hours=3)))
    expected, each = None, schedule.next_after(moment, BERLIN)
    while each <= until:
        assert each > moment
        expected, each = each, schedule.next_after(each, BERLIN)
    assert schedule.latest(moment, until, BERLIN) == expected


@pytest.mark.parametrize(
    "make", [lambda: Every(timedelta(0)), lambda: Weekly(0), lambda: Weekly(8), lambda: Monthly(0), lambda: Monthly(32)]
)
def test_schedules_must_be_possible(make: type[Schedule]) -> None:
    """An interval of nothing, or a day that no month has, is refused where it is declared."""
    with pytest.raises(DeclarationError):
        make()


def with_job(make_crm: CRMFactory, schedule: Schedule | None, runs: list[JobRun]) -> CRM:
    """Return a CRM with a job that notes its runs."""
    job = Job(name="note", run=lambda _session, run: runs.append(run), schedule=schedule)
    return make_crm([make_plugin("noting", job)])


def test_a_scheduled_job_is_done_once_for_each_time(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """From when the schedule is first seen on, however many workers look."""
    runs: list[JobRun] = []
    crm = with_job(make_crm, Every(timedelta(minutes=10)), runs)
    first, second = crm.worker(), crm.worker()
    for _ in range(31):
        first.run_once()
        second.run_once()
        clock.advance(minutes=1)
    assert [each.due for each in runs] == [clock.now.replace(hour=9, minute=minute) for minute in (10, 20, 30)]
    assert len({each.id for each in runs}) == 3


def test_times_that_nobody_was_there_for_make_one_run(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """For the latest of them."""
    runs: list[JobRun] = []
    crm = with_job(make_crm, Daily(time(3)), runs)
    crm.worker().run_once()
    clock.advance(days=10)
    crm.worker().run_once()
    crm.worker().run_once()
    assert [each.due for each in runs] == [clock.now.replace(hour=3)]


def test_clocks_that_jump_do_no_harm(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """A clock put back repeats no run and stops no schedule; one put forward makes one run."""
    runs: list[JobRun] = []
    crm = with_job(make_crm, Every(timedelta(minutes=10)), runs)
    worker = crm.worker()
    for minutes in (0, 10, -60, 10, 10, 40, 10, 60 * 24, -60 * 24, 20):
        clock.advance(minutes=minutes)
        worker.run_once()
    dues = [each.due for each in runs]
    assert len(set(dues)) == len(dues)
    assert clock.now in dues


def test_no_run_begins_while_one_is_left(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """A job that fails is tried again, for the same moment, and no further run of it piles up behind."""
    tries: list[tuple[str, datetime]] = []

    def fail(_session: Session, run: JobRun) -> None:
        tries.append((run.id, run.due))
        raise ValueError("no")

    crm = make_crm([make_plugin("failing", Job(name="fails", run=fail, schedule=Every(timedelta(minutes=1))))])
    worker = crm.worker()
    for _ in range(10):
        worker.run_once()
        clock.advance(minutes=1)
    assert len(tries) > 2
    assert len(set(tries)) == 1
    [status] = [each for each in crm.outbox.status() if each.consumer == "job:failing.fails"]
    assert (status.waiting, status.failing, status.problem) == (1, 1, "ValueError: no")


def enqueuing(make_crm: CRMFactory, seen: list[dict[str, object]]) -> CRM:
    """Return a CRM with a job that takes parameters of several kinds."""
    job = Job(
        name="greet",
        run=lambda _session, _run, **given: seen.append(given),
        parameters=(
            Parameter(name="count", kind=IntegerKind(min=1), required=True),
            Parameter(name="day", kind=DateKind()),
            Parameter(name="price", kind=MoneyKind()),
            Parameter(name="greeting", default="Hello"),
        ),
    )
    return make_crm([make_plugin("greeting", job)])


def test_a_job_is_enqueued_with_its_transaction(make_crm: CRMFactory) -> None:
    """With parameters that come back as they were; what is rolled back is not done."""
    seen: list[dict[str, object]] = []
    crm = enqueuing(make_crm, seen)
    with pytest.raises(ZeroDivisionError), crm.session(actor=SYSTEM) as session:  # noqa: PT012  (the session goes)
        session.enqueue("greet", count=1)
        raise ZeroDivisionError
    crm.worker().run_once()
    assert seen == []
    with crm.session(actor=SYSTEM) as session:
        assert session.enqueue("greet", count=2, day="2026-02-01", price="12.50 EUR")
    crm.worker().run_once()
    [found] = seen
    assert {**found, "price": str(found["price"])} == {
        "count": 2,
        "day": datetime(2026, 2, 1, tzinfo=UTC).date(),
        "price": "12.50 EUR",
        "greeting": "Hello",
    }


def test_a_key_is_enqueued_once_and_a_moment_waited_for(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """The second time nothing is enqueued; before its moment nothing is done."""
    seen: list[dict[str, object]] = []
    crm = enqueuing(make_crm, seen)
    with crm.session(actor=SYSTEM) as session:
        assert session.enqueue("greet", key="a", at=clock.now + timedelta(hours=1), count=1)
    with crm.session(actor=SYSTEM) as session:
        assert not session.enqueue("greet", key="a", count=1)
    crm.worker().run_once()
    assert seen == []
    clock.advance(hours=1)
    crm.worker().run_once()
    assert len(seen) == 1
    with crm.session(actor=SYSTEM) as session:
        assert not session.enqueue("greet", key="a", count=1)


def test_what_does_not_fit_is_refused(make_crm: CRMFactory) -> None:
    """All of it at once; a job that nobody declares; and users may not enqueue at all."""
    crm = enqueuing(make_crm, [])
    with crm.session(actor=SYSTEM) as session:
        with pytest.raises(Refused) as caught:
            session.enqueue("greet", count=0, days=3)
        assert sorted(each.path for each in caught.value.refusals) == ["count", "days"]
        with pytest.raises(UnknownNameError, match="Did you mean 'greet'"):
            session.enqueue("gret")
    with crm.session(actor="admin") as session, pytest.raises(AccessDeniedError):
        session.enqueue("greet", count=1)


def test_plugins_enqueue_for_users(make_crm: CRMFactory) -> None:
    """The session that hooks are given may, whoever acts."""
    seen: list[dict[str, object]] = []
    job = Job(name="greet", run=lambda _session, _run: seen.append({}))

    def after_create(session: Session, changes: object) -> None:
        del changes
        session.enqueue("greet", key="once")

    crm = make_crm([make_plugin("greeting", job, after_create=after_create)])
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Acme")
        session.create(Customer, name="Bolt")
    crm.worker().run_once()
    assert len(seen) == 1


@pytest.mark.row("M2")
def test_workers_seal_the_change_log(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """Every minute."""
    crm = make_crm()
    worker = crm.worker()
    worker.run_once()
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Acme")
    assert crm.audit.head().number == 0
    clock.advance(minutes=1)
    worker.run_once()
    assert crm.audit.head().number == 1
    assert crm.audit.verify() == []
    assert crm.audit.seal() == 0


def test_what_was_done_long_ago_is_forgotten(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """Work after `outbox_days`, and events with it; what waits or is dead stays, and so does the change log."""
    crm = make_crm(settings={"outbox_days": 5})
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Acme")
    crm.worker().run_once()
    clock.advance(days=4)
    crm.worker().run_once()
    event = crm.tables.system.event
    count = sa.select(sa.func.count()).select_from(event)
    with crm.session(actor=SYSTEM) as session:
        assert session.unit.connection.execute(count).scalar_one() == 2
    clock.advance(days=2)
    crm.worker().run_once()
    with crm.session(actor=SYSTEM) as session:
        assert session.unit.connection.execute(count).scalar_one() == 0
        assert len(list(session.audit.entries(entity=Customer))) == 1
