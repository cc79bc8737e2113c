"""Follow-up plans: due contacts are planned, once each, and a contact begins the count anew."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import Contact, Customer, User
from crmkit.errors import AccessDeniedError, Refused
from crmkit_activities.activity import Activity
from crmkit_activities.follow_up.generating import generate
from crmkit_activities.follow_up.plan import FollowUpPlan
from crmkit_activities.worklist.listing import worklist

if TYPE_CHECKING:
    from crmkit import CRM, JobRun
    from crmkit.testing.clock import FrozenClock

NO_RUN: JobRun = None  # type: ignore[assignment]


@pytest.fixture
def acme(crm: CRM, people: dict[str, User]) -> Customer:
    """A customer of Ann's, of level A, to be called every 14 days."""
    with crm.session(actor="admin") as session:
        session.create(FollowUpPlan, name="A customers", value="a", every_days=14, ahead_days=3)
        made = session.create(Customer, name="Acme", level="a", owner=people["ann"])
        session.create(Customer, name="Of no level", owner=people["ann"])
        session.update(session.create(Customer, name="Of nobody", level="a"), owner=None)
    crm.worker().run_once()
    return made


def planned(crm: CRM) -> list[tuple[str, date]]:
    """Return the open follow-ups: their kinds and days."""
    with crm.session(actor="admin", readonly=True) as session:
        found = session.find(Activity, "follow_up_plan is not None and stage.kind == 'open'", order="due, id")
        return [(each.kind, each.due) for each in found if each.due is not None]


def pass_days(crm: CRM, clock: FrozenClock, days: int) -> None:
    """Let days pass, with a worker on each of them."""
    for _each in range(days):
        clock.advance(days=1)
        crm.worker().run_once()


@pytest.mark.row("B25")
def test_who_was_not_contacted_for_so_long_is_to_be_contacted(crm: CRM, acme: Customer, clock: FrozenClock) -> None:
    """A few days ahead the owner has a call to make, and one call only; when its day has passed, it is overdue."""
    pass_days(crm, clock, 10)
    assert planned(crm) == []
    pass_days(crm, clock, 1)
    assert planned(crm) == [("call", date(2026, 3, 16))]
    pass_days(crm, clock, 5)
    assert planned(crm) == [("call", date(2026, 3, 16))]
    with crm.session(actor="ann") as session:
        [call] = session.find(Activity)
        assert (call.subject, call.about, call.customer) == ("A customers", acme.ref, acme.ref)
        [work] = worklist(session, "to_contact")
        assert work.count == 1
        table = session.report("follow_ups", owner="me")
        assert table.rows == (("Acme", str(acme.ref), "A customers", "call", "Ann", date(2026, 3, 16), 2),)
        assert "Acme" in table.to_svg()


@pytest.mark.row("B25")
def test_a_contact_begins_the_count_anew(crm: CRM, acme: Customer, clock: FrozenClock) -> None:
    """A call that is logged puts the planned one off; once that is made, the next comes in its time."""
    pass_days(crm, clock, 12)
    with crm.session(actor="ann") as session:
        call = session.create(
            Activity, kind="call", subject="By chance", about=acme, direction="inbound", outcome="reached"
        )
        session.move(call, "done")
    assert planned(crm) == [("call", date(2026, 3, 28))]
    pass_days(crm, clock, 12)
    with crm.session(actor="ann") as session:
        [call] = session.find(Activity, "follow_up_plan is not None")
        session.move(call, "done", direction="outbound", outcome="reached")
    assert planned(crm) == []
    pass_days(crm, clock, 14)
    assert planned(crm) == [("call", date(2026, 4, 9))]


@pytest.mark.row("B25")
def test_an_attempt_is_no_contact(crm: CRM, acme: Customer, clock: FrozenClock) -> None:
    """Nobody answered: the next attempt is planned as long after it, and the clock of the customer stands."""
    pass_days(crm, clock, 14)
    with crm.session(actor="ann") as session:
        [call] = session.find(Activity)
        session.move(call, "done", direction="outbound", outcome="no_answer")
        assert session.get(Customer, acme.id).last_contacted_at is None
    pass_days(crm, clock, 14)
    assert planned(crm) == [("call", date(2026, 3, 30))]


@pytest.mark.row("B25")
def test_managers_change_plans(crm: CRM, acme: Customer, people: dict[str, User], clock: FrozenClock) -> None:
    """Several kinds for a level, contacts as well as customers, other days, or none any more."""
    with crm.session(actor="admin") as session:
        [plan] = session.find(FollowUpPlan)
        session.update(plan, every_days=7)
        session.create(FollowUpPlan, name="Visit A", value="a", every_days=10, kind="visit", subject="See them")
        session.create(FollowUpPlan, name="Mail B", entity="contact", value="b", every_days=5, kind="email")
        session.create(FollowUpPlan, name="Off", value="a", every_days=1, kind="email", active=False)
        session.create(Contact, name="Lea", level="b", owner=people["bob"])
    pass_days(crm, clock, 9)
    assert planned(crm) == [("email", date(2026, 3, 7)), ("call", date(2026, 3, 9)), ("visit", date(2026, 3, 12))]
    assert acme.level == "a"


@pytest.mark.row("B25")
def test_who_manages_activities_makes_plans(crm: CRM, people: dict[str, User]) -> None:
    """Who manages the activities of subordinates makes plans and changes them; who works on the own ones reads them."""
    with crm.session(actor="admin") as session:
        session.update(session.get(User, people["mia"].id), roles=["activities_manager"])
        session.update(session.get(User, people["ann"].id), roles=["activities_user"])
    with crm.session(actor="mia") as session:
        plan = session.create(FollowUpPlan, name="A customers", value="a", every_days=14)
        plan = session.update(plan, every_days=7)
    with crm.session(actor="ann") as session:
        assert session.get(FollowUpPlan, plan.id).every_days == 7
        with pytest.raises(AccessDeniedError):
            session.update(plan, every_days=8)


def test_looking_again_makes_nothing_more(crm: CRM, acme: Customer, clock: FrozenClock) -> None:
    """The job finds what it made before, also within one day."""
    assert acme.level == "a"
    clock.advance(days=20)
    for _each in range(2):
        with crm.session(actor="admin") as session:
            generate(session.elevated, NO_RUN)
    assert planned(crm) == [("call", date(2026, 3, 16))]


def test_what_can_be_no_plan_is_refused(crm: CRM) -> None:
    """Fields, values and kinds are checked, and the nearest names are told."""
    with crm.session(actor="admin") as session:
        for values, problem in (
            ({"value": "a", "kind": "cal"}, "Did you mean 'call'"),
            ({"value": "a", "field": "levl"}, "Did you mean 'level'"),
            ({"value": "zz"}, "is not one of: a, b, c"),
            ({"value": "vip", "field": "tags"}, "can't be compared"),
        ):
            with pytest.raises(Refused, match=problem):
                session.create_many(FollowUpPlan, [{"name": "x", "every_days": 5, **values}])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("gone", ["field", "kind"])
def test_a_plan_of_what_is_gone_stops_no_other(crm: CRM, acme: Customer, clock: FrozenClock, gone: str) -> None:
    """When a plugin takes the field or the kind along that a plan speaks of, the plan plans nothing, and others do."""
    with crm.session(actor="admin") as session:
        broken = session.create(FollowUpPlan, name="Gone", value="a", every_days=14, kind="visit")
        table = session.tables["follow_up_plan"]
        session.unit.connection.execute(table.update().where(table.c.id == broken.id).values({gone: "gone"}))
    clock.advance(days=20)
    with crm.session(actor="admin") as session:
        generate(session.elevated, NO_RUN)
        assert [(each.kind, each.about) for each in session.find(Activity)] == [("call", acme.ref)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_many_are_looked_at_in_few_statements(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """The number of statements doesn't go with the number of customers."""
    numbers, found = list[int](), list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    with crm.session(actor="admin") as session:
        session.create(FollowUpPlan, name="A customers", value="a", every_days=14)
    for count in (5, 200):
        with crm.session(actor="admin") as session:
            made = ({"name": f"C{count}-{n}", "level": "a", "owner": people["ann"]} for n in range(count))
            session.create_many(Customer, made)
        clock.advance(days=20)
        sa.event.listen(crm.engine, "before_cursor_execute", note)
        with crm.session(actor="admin") as session:
            generate(session.elevated, NO_RUN)
        sa.event.remove(crm.engine, "before_cursor_execute", note)
        numbers.append(len(found))
        found.clear()
    assert len(planned(crm)) == 205
    assert numbers[1] <= numbers[0] + 4, numbers  # ids are taken in blocks
