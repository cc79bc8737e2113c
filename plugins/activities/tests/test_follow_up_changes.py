"""Follow-ups go with whom they are about: merged, of another level or owner, gone, or contacted meanwhile."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import Customer, User
from crmkit_activities.activity import Activity
from crmkit_activities.follow_up.plan import FollowUpPlan
from crmkit_activities.worklist.listing import worklist

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock

pytestmark = pytest.mark.row("B25")

BY_PLAN = "follow_up_plan is not None"
REACHED: dict[str, Any] = {
    "kind": "call",
    "subject": "By chance",
    "direction": "inbound",
    "outcome": "reached",
    "stage": "done",
}


def begin(crm: CRM, people: dict[str, User], clock: FrozenClock, *names: str, every: int = 14) -> list[Customer]:
    """Return customers of Ann's, of level A, for each of whom a call is planned."""
    with crm.session(actor="admin") as session:
        session.create(FollowUpPlan, name="A", value="a", every_days=every, ahead_days=every)
        rows = [{"name": name, "level": "a", "owner": people["ann"]} for name in names or ("Acme",)]
        made = session.create_many(Customer, rows)
    look(crm, clock, 1)
    return made


def look(crm: CRM, clock: FrozenClock, days: int) -> None:
    """Let the worker plan on each of the next days."""
    for _each in range(days):
        crm.worker().run_once()
        clock.advance(days=1)
    crm.worker().run_once()


def of_plans(crm: CRM) -> list[tuple[str, str, date | None]]:
    """Return the subjects, stages and days of all follow-ups."""
    with crm.session(actor="admin", readonly=True) as session:
        return [(each.subject, each.stage, each.due) for each in session.find(Activity, BY_PLAN, order="id")]


def log(crm: CRM, customer: Customer, began: datetime | None = None) -> None:
    """Log a call with a customer."""
    with crm.session(actor="ann") as session:
        session.create(Activity, about=customer.ref, started_at=began, **REACHED)


def close(crm: CRM, outcome: str) -> None:
    """Close the one open follow-up."""
    with crm.session(actor="ann") as session:
        [call] = session.find(Activity, f"{BY_PLAN} and stage.kind == 'open'")
        session.move(call, "done", direction="outbound", outcome=outcome)


def test_of_merged_customers_one_follow_up_is_left(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """The other one is cancelled, and a contact with the survivor puts the one off."""
    first, second = begin(crm, people, clock, "Acme", "ACME")
    with crm.session(actor="admin") as session:
        session.merge(session.get(Customer, first.id), session.get(Customer, second.id))
    crm.worker().run_once()
    assert of_plans(crm) == [("A", "planned", date(2026, 3, 16)), ("A", "cancelled", date(2026, 3, 16))]
    log(crm, first)
    assert of_plans(crm) == [("A", "planned", date(2026, 3, 17)), ("A", "cancelled", date(2026, 3, 16))]
    log(crm, first)


def test_a_contact_is_logged_late(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """A contact of a day after which a follow-up was made already changes nothing of the next one."""
    (acme,) = begin(crm, people, clock, every=1)
    noon = clock.now.replace(hour=12) - timedelta(days=1)
    log(crm, acme, noon)
    close(crm, "no_answer")
    look(crm, clock, 1)
    before = of_plans(crm)
    assert [stage for _subject, stage, _due in before] == ["done", "planned"]
    log(crm, acme, noon + timedelta(hours=5))
    assert of_plans(crm) == before


def test_follow_ups_of_one_day_have_numbers_of_their_own(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """A customer whose level goes there and back has a follow-up again, and the next one after that."""
    (acme,) = begin(crm, people, clock)
    close(crm, "no_answer")
    look(crm, clock, 14)
    for level in ("b", "a"):
        with crm.session(actor="admin") as session:
            session.update(session.get(Customer, acme.id), level=level)
    look(crm, clock, 1)
    close(crm, "no_answer")
    look(crm, clock, 14)
    assert [stage for _subject, stage, _due in of_plans(crm)] == ["done", "cancelled", "done", "planned"]


@pytest.mark.parametrize("change", ["level", "lost", "owner", "deleted", "off", "plan_deleted"])
def test_what_no_plan_asks_for_is_cancelled(crm: CRM, people: dict[str, User], clock: FrozenClock, change: str) -> None:
    """Another level, no owner, a customer that is lost or deleted, a plan that is switched off or deleted."""
    (acme,) = begin(crm, people, clock)
    with crm.session(actor="admin") as session:
        customer, [plan] = session.get(Customer, acme.id), session.find(FollowUpPlan)
        if change == "lost":
            session.move(customer, "churned")
        elif change == "deleted":
            session.delete(customer)
        elif change == "off":
            session.update(plan, active=False)
        elif change == "plan_deleted":
            session.delete(plan)
        else:
            session.update(customer, **{change: None if change == "owner" else "b"})
    assert [stage for _subject, stage, _due in of_plans(crm)] == ["cancelled"]


def test_a_new_owner_has_the_follow_ups(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """They move with the customer, and nobody is said to have given them; those of others stay with these."""
    acme, beta = begin(crm, people, clock, "Acme", "Beta")
    with crm.session(actor="admin") as session:
        [other] = session.find(Activity, {"about": beta})
        session.update(other, owner=people["cem"], delegated_by=None)
        for each in (acme, beta):
            session.update(session.get(Customer, each.id), owner=people["bob"])
        found = session.find(Activity, BY_PLAN, order="id")
        assert [(each.owner, each.delegated_by) for each in found] == [
            (people["bob"].ref, None),
            (people["cem"].ref, session.actor_ref),
        ]


def test_one_that_is_given_to_somebody_else_is_no_follow_up(
    crm: CRM, people: dict[str, User], clock: FrozenClock
) -> None:
    """What is about another customer now belongs to no plan, and the plan makes another one."""
    begin(crm, people, clock)
    with crm.session(actor="ann") as session:
        [call] = session.find(Activity, BY_PLAN)
        beta = session.create(Customer, name="Beta")
        call = session.update(call, about=beta)
        assert (call.follow_up_plan, call.follow_up_key) == (None, None)
    look(crm, clock, 1)
    assert of_plans(crm) == [("A", "planned", date(2026, 3, 16))]


def test_a_planned_time_is_given_up(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """Who was called meanwhile isn't called at the time that was planned; a visit that lies ahead takes place."""
    acme, beta = begin(crm, people, clock, "Acme", "Beta")
    with crm.session(actor="ann") as session:
        call, visit = session.find(Activity, BY_PLAN, order="id")
        soon: dict[str, Any] = {
            "planned_start": clock.now + timedelta(hours=1),
            "planned_end": clock.now + timedelta(hours=2),
        }
        session.update(call, **soon)
        session.update(visit, kind="visit", channel="in_person", **soon)
        assert worklist(session, "to_contact")[0].count == 2
    log(crm, acme)
    log(crm, beta)
    with crm.session(actor="ann") as session:
        assert [item.record for item in worklist(session, "to_contact")[0].items] == [visit.ref]
        assert [each.due for each in session.find(Activity, BY_PLAN)] == [date(2026, 3, 17)] * 2
