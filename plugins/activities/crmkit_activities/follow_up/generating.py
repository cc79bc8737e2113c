"""Generating: the activities that plans ask for, each once, however often it is looked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.core.exchange.writing import write_all
from crmkit.core.lifecycle.homezone import day_of
from crmkit_activities.activity import Activity
from crmkit_activities.follow_up.plan import FollowUpPlan, can_plan, those_of
from crmkit_activities.follow_up.turns import Made, Turn, next_turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crmkit import JobRun, Record, Session

BATCH = 1_000
OF_PLAN = "follow_up_plan == given.plan and about.id in given.numbers"
PATHS = ("about", "follow_up_key", "stage.kind", "stage.since")
CLOSED = frozenset({"done", "void"})


def generate(session: Session, run: JobRun) -> None:
    """Plan what is due within the days that each plan looks ahead, in a few statements for a thousand persons.

    A second look finds what the first one made; a unique key keeps two that look at once from making it twice. What
    can't be made, as for an owner who is not active, keeps nothing else from being made, and is tried again the next
    time; a plan whose field or kind of activity is gone with its plugin plans nothing.
    """
    del run

    def write(some: Sequence[dict[str, object]]) -> list[Activity]:
        return session.create_many(Activity, some)

    for plan in session.find(FollowUpPlan, {"active": True}, order="id"):
        for people in people_of(session, plan) if can_plan(session, plan) else ():
            for _row, _made in write_all(session, "activity", list(activities_for(session, plan, people)), write):
                pass  # what is refused now is asked for again by the next run


def people_of(session: Session, plan: FollowUpPlan) -> Iterator[Iterable[Record]]:
    """Yield those whom a plan is for, who have an owner and whose turn may have come, a thousand at a time."""
    entity = session.model.entities[plan.entity]
    until = session.today + timedelta(days=plan.ahead_days + 1 - plan.every_days)
    those, given = those_of(session, plan)
    where = f"{those} and (last_contacted_at < given.until or (last_contacted_at is None and created_at < given.until))"
    given, after = given | {"until": until}, None
    while True:
        page = session.find(entity.record_class, where, given=given, order="id", limit=BATCH, after=after)
        yield page
        after = page.next
        if after is None:
            return


def activities_for(session: Session, plan: FollowUpPlan, people: Iterable[Record]) -> Iterator[dict[str, object]]:
    """Yield the activities that a plan asks for of some persons now."""
    listed = {person.id: person for person in people}
    made = made_for(session, plan, listed)
    time_zone, horizon = session.model.conventions.time_zone, session.today + timedelta(days=plan.ahead_days)
    for person in listed.values():
        turn = next_turn(plan, person, made.get(person.id, ()), time_zone)
        if turn is not None and turn.due <= horizon:
            yield activity_of(plan, person, turn)


def made_for(session: Session, plan: FollowUpPlan, numbers: Iterable[int]) -> dict[int, list[Made]]:
    """Return what was made by a plan for some persons, in one statement."""
    found: dict[int, list[Made]] = {}
    given = {"plan": plan, "numbers": list(numbers)}
    if not given["numbers"]:
        return found
    for about, key, kind, since in session.rows(Activity, PATHS, OF_PLAN, given=given):
        assert isinstance(about, Ref)
        assert isinstance(since, datetime)
        closed = day_of(since, session.model.conventions.time_zone) if kind in CLOSED else None
        found.setdefault(int(about), []).append(Made(str(key), closed))
    return found


def activity_of(plan: FollowUpPlan, person: Record, turn: Turn) -> dict[str, object]:
    """Return the activity for a turn: the owner's, about the person."""
    return {
        "kind": plan.kind,
        "subject": plan.subject or plan.name,
        "owner": person.owner,
        "about": person,
        "due": turn.due,
        "follow_up_plan": plan,
        "follow_up_key": turn.key,
    }
