from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import Customer, User
from crmkit.errors import AccessDeniedError, Refused
from crmkit_activities.activity import Activity
from crmkit_activities.events.view import calendar
from crmkit_activities.worklist.listing import worklist

if TYPE_CHECKING:
    from crmkit import CRM, Record
    from crmkit.testing.clock import FrozenClock

pytestmark = pytest.mark.row("C12")

VISIT: dict[str, Any] = {
    "kind": "visit",
    "subject": "Visit Acme",
    "planned_start": "2026-03-03T09:30",
    "planned_end": "2026-03-03T10:30",
}
DAY = (datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))


@pytest.fixture
def boss(crm: CRM, people: dict[str, User]) -> None:
    """Mia has no other role than that for the activities of her subordinates."""
    with crm.session(actor="admin") as session:
        session.update(session.get(User, people["mia"].id), roles=["activities_manager"])


def told(crm: CRM, name: str) -> list[str]:
    """Return what somebody was told."""
    with crm.session(actor=name) as session:
        return [str(each.words) for each in session.notices()]


def test_a_manager_gives_a_visit_to_a_subordinate(
    crm: CRM, people: dict[str, User], boss: None, clock: FrozenClock
) -> None:
    """A visit is given to who reports to the manager, and to nobody else, and is on the calendar and the worklist."""
    del boss
    with crm.session(actor="mia") as session:
        visit = session.create(Activity, owner=people["ann"], **VISIT)
        assert (visit.owner, visit.delegated_by) == (people["ann"].ref, people["mia"].ref)
        for other in ("cem", None):
            owner = people[other] if other else session.elevated.find(User, {"external_id": "admin"})[0]
            with pytest.raises(AccessDeniedError):
                session.create(Activity, owner=owner, **VISIT)
    with crm.session(actor="ann") as session:
        (entry,) = calendar(session, *DAY)
        assert (entry.record.ref, entry.title, entry.start) == (visit.ref, "Visit Acme", visit.planned_start)
        (work,) = worklist(session, "newly_assigned")
        assert [item.title for item in work.items] == ["Visit Acme"]
        assert worklist(session, "to_contact")[0].count == 0  # it is for tomorrow
    clock.advance(days=1)
    with crm.session(actor="ann") as session:
        assert [item.title for item in worklist(session, "to_contact")[0].items] == ["Visit Acme"]
        with pytest.raises(AccessDeniedError):
            session.create(Activity, owner=people["bob"], **VISIT)


def test_its_end_is_reported_back_once(crm: CRM, people: dict[str, User]) -> None:
    """Whoever gave it is told when it is done or cancelled, once, and never of what the giver did alone."""
    with crm.session(actor="mia") as session:
        acme = session.create(Customer, name="Acme")
        rows = [{"owner": people["ann"], "about": acme, **VISIT, "planned_start": None, "planned_end": None}] * 3
        visit, second, third = session.create_many(Activity, rows)
    with crm.session(actor="ann") as session:
        visit = session.move(visit, "done", outcome="held", description="They want 200 seats.")
        session.update(visit, description="They want 250 seats.")
        session.move(second, "cancelled")
        own = session.create(Activity, kind="task", subject="own")
        session.move(own, "done")
    with crm.session(actor="mia") as session:
        session.move(third, "done", outcome="held")
    assert told(crm, "mia") == ["Visit Acme was cancelled.", "Visit Acme is done."]
    assert told(crm, "ann") == []
    assert events(crm) == [(visit.id, people["mia"].id), (second.id, people["mia"].id), (third.id, people["mia"].id)]


def events(crm: CRM) -> list[tuple[int, int]]:
    """Return of which activities the event was written, and to whom it says it reports."""
    table = crm.tables.system.event
    with crm.engine.connect() as connection:
        rows = connection.execute(table.select().where(table.c.name == "activity.reported").order_by(table.c.id))
        return [(row.record_id, json.loads(row.payload)["to"]) for row in rows]


def test_what_was_done_before_it_was_given_is_no_report(crm: CRM, people: dict[str, User]) -> None:
    """A call that is logged for somebody else reports to nobody."""
    with crm.session(actor="admin") as session:
        done: Record = session.create(
            Activity, kind="email", subject="a", direction="inbound", owner=people["ann"], stage="done"
        )
        assert dict(done.items())["delegated_by"] is None
    assert events(crm) == []


def test_the_end_is_told_to_all_who_gave_it_on(crm: CRM, people: dict[str, User]) -> None:
    """Mia gives a task to Ann, who gives it to Bob: both are told of its end; what Ann takes back is Mia's again."""
    pass_on(crm, people)
    with crm.session(actor="mia") as session:
        first, second, third = session.create_many(
            Activity, [{"kind": "task", "subject": name, "owner": people["ann"]} for name in ("One", "Two", "Three")]
        )
    with crm.session(actor="ann") as session:
        first, second, third = (
            session.update(each, owner=people["bob"])
            for each in (session.get(Activity, each.id) for each in (first, second, third))
        )
        second = session.update(second, owner=people["ann"])
        assert (second.delegated_by, second.delegated_before) == (people["mia"].ref, None)
        session.move(second, "done")
    with crm.session(actor="mia") as session:
        third = session.update(session.get(Activity, third.id), owner=people["cem"])
        assert (third.delegated_by, third.delegated_before) == (people["mia"].ref, None)
    with crm.session(actor="bob") as session:
        session.move(session.get(Activity, first.id), "done")
    with crm.session(actor="cem") as session:
        session.move(session.get(Activity, third.id), "done")
    assert told(crm, "mia") == ["Three is done.", "One is done.", "Two is done."]
    assert told(crm, "ann") == ["One is done."]


def test_nobody_keeps_the_end_from_who_gave_it(crm: CRM, people: dict[str, User]) -> None:
    """Who gave a task is noted by itself and stays noted, and is told if the task is deleted."""
    with crm.session(actor="mia") as session:
        task = session.create(Activity, kind="task", subject="Report", owner=people["ann"])
    with crm.session(actor="ann") as session:
        task = session.get(Activity, task.id)
        with pytest.raises(Refused, match="You may not change this field"):
            session.update(task, delegated_by=None)
        session.delete(task)
    assert told(crm, "mia") == ["Report was deleted."]


def test_the_next_task_is_from_the_same(crm: CRM, people: dict[str, User]) -> None:
    """A task that recurs was given on by whoever gave on the one before."""
    pass_on(crm, people)
    with crm.session(actor="mia") as session:
        values = {"kind": "task", "subject": "Report", "due": "2026-03-03", "recurrence": "FREQ=DAILY"}
        task = session.create(Activity, owner=people["ann"], **values)
    with crm.session(actor="ann") as session:
        session.update(session.get(Activity, task.id), owner=people["bob"])
    with crm.session(actor="bob") as session:
        session.move(session.get(Activity, task.id), "done")
        [following] = session.find(Activity, {"repeat_of": task})
        assert (following.delegated_by, following.delegated_before) == (people["ann"].ref, [people["mia"].id])


def pass_on(crm: CRM, people: dict[str, User]) -> None:
    """Let Ann give activities to Bob."""
    with crm.session(actor="admin") as session:
        session.update(session.get(User, people["ann"].id), roles=["manager"])
