"""The worklist: what waits for whoever looks, by kinds of any plugin, until it is done or handled."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import SYSTEM, Customer, Grant, Opportunity, Role, User, WorklistKind
from crmkit.core.reading.reports.running import function_of
from crmkit.errors import FilterError, Refused, UnknownNameError
from crmkit.testing.plugins import make_plugin
from crmkit_activities.activity import Activity
from crmkit_activities.events.attendance import invite
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.worklist.handled import HandledItem, mark_handled, unmark_handled
from crmkit_activities.worklist.listing import worklist

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit import CRM, Session, Table
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

TODAY = date(2026, 3, 2)


def counts(session: Session) -> Mapping[str, int]:
    """Return how many there are of each kind that has any."""
    return {work.kind.name: work.count for work in worklist(session) if work.count}


def titles(session: Session, kind: str) -> list[str]:
    """Return what is listed of a kind."""
    [work] = worklist(session, kind)
    return [item.title for item in work.items]


@pytest.mark.row("C11")
def test_everybody_finds_what_waits_for_them(crm: CRM, people: dict[str, User]) -> None:
    """Contacts and tasks of today and of before, what others gave, and what one was told: with counts and items."""
    with crm.session(actor="ann") as session:
        for kind, subject, day in (
            ("call", "Late", TODAY - timedelta(days=3)),
            ("visit", "Today", TODAY),
            ("call", "Tomorrow", TODAY + timedelta(days=1)),
            ("task", "Report", TODAY),
        ):
            session.create(Activity, kind=kind, subject=subject, due=day)
        session.create(Activity, kind="meeting", subject="At five", planned_start="2026-03-02T17:00Z")
        session.create(Activity, kind="meeting", subject="After midnight", planned_start="2026-03-03T00:00Z")
        done = session.create(Activity, kind="task", subject="Done", due=TODAY)
        session.move(done, "done")
    with crm.session(actor="mia") as session:
        session.elevated.create(Activity, kind="task", subject="From Mia", owner=people["ann"], due="2026-04-01")
        session.notify(people["ann"], "Hello")
    with crm.session(actor="ann") as session:
        assert counts(session) == {"to_contact": 3, "due_tasks": 1, "newly_assigned": 1, "notices": 1}
        assert titles(session, "to_contact") == ["At five", "Late", "Today"]
        assert titles(session, "newly_assigned") == ["From Mia"]
        [work] = worklist(session, "to_contact", limit=2)
        assert (work.count, len(work.items)) == (3, 2)
        assert work.items[1].until == TODAY - timedelta(days=3)
    with crm.session(actor="bob") as session:
        assert counts(session) == {}


@pytest.mark.row("C11")
def test_what_is_handled_is_gone_until_it_changes(crm: CRM, people: dict[str, User]) -> None:
    """Only for whoever handled it, and only of that kind; a change brings it back."""
    assert people
    with crm.session(actor="ann") as session:
        first, second = (session.create(Activity, kind="task", subject=name, due=TODAY) for name in ("One", "Two"))
        mark_handled(session, "due_tasks", first)
        mark_handled(session, "due_tasks", first)
        assert titles(session, "due_tasks") == ["Two"]
        first = session.update(first, description="It is urgent.")
        assert titles(session, "due_tasks") == ["One", "Two"]
        mark_handled(session, "due_tasks", first)
        mark_handled(session, "due_tasks", second)
        assert counts(session) == {}
        assert unmark_handled(session, "due_tasks", second)
        assert titles(session, "due_tasks") == ["Two"]
        with pytest.raises(UnknownNameError):
            mark_handled(session, "due_taks", first)


@pytest.mark.row("C11")
def test_customers_and_deals_of_others_are_new(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """What others gave is new until it is contacted or moved; what one made or took oneself is not."""
    with crm.session(actor="ann") as session:
        session.create(Customer, name="Own")
        beta = session.create(Customer, name="Beta")
    with crm.session(actor="mia") as session:
        acme = session.create(Customer, name="Acme", owner=people["ann"])
        deal = session.create(Opportunity, name="200 seats", customer=acme, owner=people["ann"])
        beta = session.update(session.get(Customer, beta.id), owner=people["bob"])
    with crm.session(actor="bob") as session:
        assert titles(session, "new_customers") == ["Beta"]
    clock.advance(hours=1)
    with crm.session(actor="ann") as session:
        assert titles(session, "new_customers") == ["Acme"]
        assert titles(session, "new_opportunities") == ["200 seats"]
        done = {"direction": "outbound", "outcome": "reached", "stage": "done"}
        session.create_many(Activity, [{"kind": "call", "subject": "Hello", "about": acme.ref, **done}])
        session.move(session.get(Opportunity, deal.id), "proposal")
        assert counts(session) == {}
    with crm.session(actor="admin") as session:
        session.update(session.get(Customer, beta.id), owner=session.actor_ref)
        assert titles(session, "new_customers") == []


@pytest.mark.row("C11")
def test_an_invitation_is_back_when_the_event_is_moved(crm: CRM, people: dict[str, User]) -> None:
    """What was handled is to be done by another time, though the record itself hasn't changed."""
    with crm.session(actor="ann") as session:
        event = session.create(CalendarEvent, subject="Sales", starts_at="2026-03-03T09:00Z")
        (attendee,) = invite(session, event, [people["bob"]])
    with crm.session(actor="bob") as session:
        mark_handled(session, "invitations", attendee)
        assert counts(session).get("invitations") is None
    with crm.session(actor="ann") as session:
        session.update(event, starts_at="2026-03-05T09:00Z")
    with crm.session(actor="bob") as session:
        assert titles(session, "invitations") == ["Sales"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_as_many_are_handled_as_there_are(crm: CRM, people: dict[str, User]) -> None:
    """Thousands of marks count, the first as well as the last."""
    assert people
    with crm.session(actor="ann") as session:
        rows = [{"kind": "task", "subject": f"T{number}", "due": TODAY} for number in range(5_100)]
        tasks = session.create_many(Activity, rows)
        marks = [{"kind": "due_tasks", "item": each, "at_version": 1, "until": str(TODAY)} for each in tasks[:-1]]
        session.create_many(HandledItem, marks)
        assert titles(session, "due_tasks") == ["T5099"]
        mark_handled(session, "due_tasks", tasks[-1])
        assert counts(session) == {}


@pytest.mark.row("C11")
def test_plugins_add_kinds(make_crm: CRMFactory) -> None:
    """A kind of another plugin has its place, its title and its roles; who may not see what it goes by has it not."""
    kind = WorklistKind(
        name="large", entity="opportunity", where="amount > 100", order="-amount", title="customer.name", position=5
    )
    seller = Role(name="seller", grants=(Grant(entity="opportunity", read="all", hides=("amount",)),))
    bosses = WorklistKind(name="bosses", entity="opportunity", where="amount > 0", roles=("admin",))
    crm = make_crm(["activities", make_plugin("deals", kind, seller, bosses)])
    with crm.session(actor="admin") as session:
        for name, roles in (("sam", ["seller"]), ("eve", ["member"])):
            session.create(User, name=name, external_id=name, roles=roles)
        session.create(Opportunity, name="Big", amount=1_000)
    names = {}
    for actor in ("admin", "sam", "eve"):
        with crm.session(actor=actor) as session:
            names[actor] = [work.kind.name for work in worklist(session)]
    assert names["admin"][0] == names["eve"][0] == "large"
    assert "bosses" in names["admin"]
    assert "bosses" not in names["eve"]
    assert "large" not in names["sam"]
    with crm.session(actor="admin") as session:
        assert titles(session, "large") == ["Opportunity 1"]


def test_a_wrong_kind_is_an_error_for_who_sees_everything(make_crm: CRMFactory) -> None:
    """A mistake in a filter is not taken for a hidden field."""
    crm = make_crm(
        ["activities", make_plugin("deals", WorklistKind(name="odd", entity="opportunity", where="nme == 'x'"))]
    )
    with crm.session(actor=SYSTEM) as session, pytest.raises(FilterError, match="nme"):
        worklist(session, "odd")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_number_of_statements_goes_with_the_kinds_alone(crm: CRM, people: dict[str, User]) -> None:
    """However much waits, and however much was handled."""
    assert people
    numbers, found = list[int](), list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    for _each in range(2):
        with crm.session(actor="ann") as session:
            many = [{"kind": "task", "subject": f"T{n}", "due": TODAY} for n in range(60)]
            for task in session.create_many(Activity, many)[:30]:
                mark_handled(session, "due_tasks", task)
        with crm.session(actor="ann") as session:
            sa.event.listen(crm.engine, "before_cursor_execute", note)
            worklist(session)
            sa.event.remove(crm.engine, "before_cursor_execute", note)
        numbers.append(len(found))
        found.clear()
    assert numbers[0] == numbers[1] <= 3 * 8 + 2  # what the tasks and the notices are about


@pytest.mark.row("C11")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_today_is_a_command(crm: CRM, people: dict[str, User]) -> None:
    """`crmkit today` shows counts and items, and marks one as handled."""
    assert people
    command = crm.model.commands["today"]
    run: Callable[..., Table] = function_of(command.run)  # type: ignore[assignment]
    with crm.session(actor="ann") as session:
        task = session.create(Activity, kind="task", subject="Report", due=TODAY)
        table = run(session, kind=None, limit=20, handled=None)
        assert table.rows == (("Due tasks", str(task.ref), "Report", None, TODAY, None),)
        assert table.notes == ("Due tasks: 1",)
        session.create(Activity, kind="visit", subject="Acme", due="2026-03-06", planned_start="2026-03-02T09:30Z")
        table = run(session, kind="to_contact", limit=20, handled=None)
        assert [row[2:] for row in table.rows] == [("Acme", None, TODAY, "09:30")]
        table = run(session, kind="due_tasks", limit=20, handled=f"due_tasks:{task.id}")
        assert table.notes == ("Nothing is waiting for you.",)
        for wrong in ("due_tasks", "due_tasks:x", "5"):
            with pytest.raises(Refused, match="like due_tasks:5"):
                run(session, kind=None, limit=20, handled=wrong)
