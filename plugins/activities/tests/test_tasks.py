from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import Customer
from crmkit.errors import Refused
from crmkit_activities.activity import Activity
from crmkit_activities.tasks import listing
from crmkit_activities.tasks.dependencies import ActivityDependency
from crmkit_activities.tasks.recurring import next_due

if TYPE_CHECKING:
    from crmkit import CRM, Session, User
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("C8")

DAY = timedelta(days=1)


def task(session: Session, subject: str = "a", **values: Any) -> Activity:
    """Create a task."""
    return session.create(Activity, subject=subject, kind="task", **values)


def depend(session: Session, *pairs: tuple[Activity, Activity]) -> None:
    """Have the first of each pair wait for the second."""
    session.create_many(ActivityDependency, [{"activity": one, "needs": other} for one, other in pairs])


def listed(session: Session, which: str, **parameters: object) -> list[object]:
    """Return the subjects in a list of tasks."""
    return [row[1] for row in session.report("tasks", which=which, **parameters).rows]


def test_a_task_waits_for_what_it_depends_on(session: Session) -> None:
    """A task is not done before all that it depends on is done or cancelled, or is done along with it."""
    paint, sand, buy = (task(session, subject) for subject in ("paint", "sand", "buy"))
    depend(session, (paint, sand), (paint, buy))
    with pytest.raises(Refused, match="not done yet: 2") as caught:
        session.move(paint, "done")
    assert [each.path for each in caught.value.refusals] == ["stage"]
    session.move(buy, "cancelled")
    with pytest.raises(Refused, match="not done yet: 1"):
        session.move_many([paint], "done")
    assert [each.stage for each in session.move_many([paint, sand], "done")] == ["done", "done"]


def test_a_deleted_task_holds_up_nothing(session: Session) -> None:
    """What a task depended on and is deleted doesn't keep it from being done."""
    paint, sand = task(session), task(session)
    depend(session, (paint, sand))
    session.delete(sand)
    assert session.move(paint, "done").stage == "done"


def test_tasks_never_wait_for_each_other(session: Session) -> None:
    """No dependency closes a circle: not with itself, not over others, and not with those of its own batch."""
    one, two, three = (task(session, name) for name in ("1", "2", "3"))
    depend(session, (one, two), (two, three))
    for pair in ((one, one), (two, one), (three, one)):
        with pytest.raises(Refused, match="wait for each other"):
            depend(session, pair)
    four, five = task(session, "4"), task(session, "5")
    with pytest.raises(Refused, match="wait for each other"):
        depend(session, (four, five), (five, four))
    (edge,) = session.find(ActivityDependency, {"activity": two})
    with pytest.raises(Refused, match="wait for each other"):
        session.update(edge, needs=one)
    assert session.update(edge, activity=three, needs=one).needs == one.ref
    assert session.count(ActivityDependency) == 2


def test_two_at_once_close_no_circle(crm: CRM) -> None:
    """Of two people who have two tasks wait for each other at the same moment, one is refused."""
    with crm.session(actor="admin") as session:
        one, two = task(session), task(session)
    refused: list[str] = []
    barrier = threading.Barrier(2)

    def add(pair: tuple[Activity, Activity]) -> None:
        barrier.wait()
        try:
            with crm.session(actor="admin") as session:
                depend(session, pair)
        except Refused as error:
            refused.append(str(error))

    threads = [threading.Thread(target=add, args=(pair,)) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with crm.session(actor="admin") as session:
        assert (len(refused), session.count(ActivityDependency)) == (1, 1)


def test_the_next_one_is_made_when_one_is_done(session: Session) -> None:
    """A recurring task that is done leaves the next one, with all that matters, once however often it is done."""
    acme = session.create(Customer, name="Acme")
    first = task(
        session,
        "Send figures",
        due="2026-03-02",
        recurrence="FREQ=WEEKLY;BYDAY=MO",
        customer=acme,
        priority="high",
        tags=["figures"],
    )
    first = session.move(first, "done")
    (following,) = session.find(Activity, {"repeat_of": first})
    assert (following.due, following.stage, following.recurs_from) == (date(2026, 3, 9), "planned", first.due)
    assert (following.subject, following.customer, following.priority) == ("Send figures", acme.ref, "high")
    assert (following.tags, following.owner) == (("figures",), first.owner)
    session.move(session.move(first, "planned"), "done")
    assert session.count(Activity) == 2
    session.move(following, "cancelled")
    assert session.count(Activity, "stage.kind == 'open'") == 0


def test_many_that_recur_are_followed_at_once(session: Session) -> None:
    """Of tasks that are done together, and of one that comes in done, each has a next one."""
    rows = [{"subject": str(n), "kind": "task", "due": "2026-03-02", "recurrence": "FREQ=DAILY"} for n in range(3)]
    session.move_many(session.create_many(Activity, rows), "done")
    session.create_many(Activity, [{**rows[0], "stage": "done"}])
    assert session.count(Activity, "stage.kind == 'open' and due == '2026-03-03'") == 4


@pytest.mark.parametrize(
    ("rule", "start", "due", "today", "expected"),
    [
        ("FREQ=DAILY", "2026-03-02", "2026-03-02", "2026-03-02", "2026-03-03"),
        ("FREQ=DAILY", "2026-03-02", "2026-03-02", "2026-03-20", "2026-03-20"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-03-06", "2026-03-06", "2026-03-16", "2026-03-20"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", "2026-01-31", "2026-02-02", "2026-02-28"),
        ("FREQ=YEARLY", "2024-02-29", "2024-02-29", "2024-03-01", "2028-02-29"),
        ("FREQ=WEEKLY;COUNT=3", "2026-03-02", "2026-03-09", "2026-03-09", "2026-03-16"),
        ("FREQ=WEEKLY;COUNT=3", "2026-03-02", "2026-03-16", "2026-03-16", None),
        ("FREQ=WEEKLY;UNTIL=20260309", "2026-03-02", "2026-03-02", "2026-03-02", "2026-03-09"),
        ("FREQ=WEEKLY;UNTIL=20260309", "2026-03-02", "2026-03-09", "2026-03-02", None),
    ],
)
def test_a_series_goes_on_by_its_rule(rule: str, start: str, due: str, today: str, expected: str | None) -> None:
    """The next day is behind the last one and not past, counts from the beginning of the series, and may be none."""
    first, last, now = (date.fromisoformat(each) for each in (start, due, today))
    found = next_due(rule, first, last, now, "Europe/Paris")
    assert found == (None if expected is None else date.fromisoformat(expected))


def test_planned_times_keep_their_time_of_day(make_crm: CRMFactory) -> None:
    """A task that is planned for nine is planned for nine the next time, though the clocks change in between."""
    with make_crm(["activities"], time_zone="Europe/Paris").session(actor="admin") as session:
        due = {"due": "2026-03-27", "recurrence": "FREQ=WEEKLY"}
        first = task(session, planned_start="2026-03-27T09:00", planned_end="2026-03-27T10:00", **due)
        assert first.planned_start == datetime(2026, 3, 27, 8, tzinfo=UTC)
        session.move(first, "done")
        (following,) = session.find(Activity, {"repeat_of": first})
        assert following.planned_start == datetime(2026, 4, 3, 7, tzinfo=UTC)
        assert following.planned_end == datetime(2026, 4, 3, 8, tzinfo=UTC)


def test_a_wrong_recurrence_is_refused(session: Session) -> None:
    """A rule is one of RFC 5545 for days, and a task that recurs says when it is due."""
    for recurrence, due, paths in (
        ("every monday", date(2026, 3, 2), {"recurrence"}),
        ("FREQ=HOURLY", None, {"recurrence", "due"}),
        ("FREQ=DAILY;BYHOUR=9", date(2026, 3, 2), {"recurrence"}),
        ("FREQ=DAILY", None, {"due"}),
    ):
        with pytest.raises(Refused) as caught:
            task(session, recurrence=recurrence, due=due)
        assert {each.path for each in caught.value.refusals} == paths


def test_lists_of_tasks(crm: CRM, people: dict[str, User], clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks of today, overdue, delegated and blocked ones are lists, the most urgent of a day in front."""
    today = clock.now.date()
    with crm.session(actor="mia") as session:
        task(session, "given", owner=people["ann"], due=today + DAY)
        task(session, "mine", due=today)
        assert listed(session, "delegated", owner="me") == ["given"]
    with crm.session(actor="ann") as session:
        task(session, "low", due=today, priority="low")
        task(session, "urgent", due=today, priority="urgent")
        late, soon = task(session, "late", due=today - DAY), task(session, "undated")
        task(session, "planned", planned_start=clock.now)
        session.move(task(session, "done", due=today - DAY), "done")
        depend(session, (soon, late))
        assert listed(session, "today", owner="me") == ["urgent", "low", "planned"]
        assert listed(session, "overdue", owner="me") == ["late"]
        assert listed(session, "blocked", owner="me") == ["undated"]
        assert listed(session, "open", owner="me") == ["late", "urgent", "low", "given", "undated", "planned"]
        assert listed(session, "open", owner="me", where="priority == 'urgent'", kind="task") == ["urgent"]
        monkeypatch.setattr(listing, "LONGEST", 1)
        assert listed(session, "blocked", owner="me") == ["undated"]  # behind others that wait for nothing


def test_workload_and_what_is_overdue_are_reported(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """Open activities are counted by owner and by when they are due, and what is late since when it is."""
    today = clock.now.date()
    days = (None, today - 3 * DAY, today - DAY, today, today + DAY, today + 7 * DAY, today + 8 * DAY)
    with crm.session(actor="admin") as session:
        rows = [{"subject": str(n), "kind": "task", "due": day, "owner": people["ann"]} for n, day in enumerate(days)]
        session.create_many(Activity, [*rows, {**rows[1], "owner": people["bob"], "priority": "urgent"}])
        session.create_many(Activity, [{**rows[1], "stage": "done"}])
        table = session.report("workload")
        assert table.rows == (("Ann", 2, 1, 2, 1, 1, 7), ("Bob", 1, 0, 0, 0, 0, 1))
        assert table.total == ("Total", 3, 1, 2, 1, 1, 8)
        assert "Within a week" in table.to_svg()
        late = session.report("overdue_tasks")
        oldest = today - 3 * DAY
        assert late.rows == (("Ann", 2, 0, oldest, 3), ("Bob", 1, 1, oldest, 3))
        assert "Ann" in late.to_svg()
