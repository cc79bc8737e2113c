"""Batches: a large hand-over goes on in transactions of its own, and where it was cut off, after a kill, too.

A hand-over is a record that says where it is. A step hands over the next records, each for itself, and moves the record
on, in one transaction: what a killed process had begun is undone, and the next step begins there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from crmkit import SYSTEM, Record, Ref, User
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.writing import savepoint, write_all
from crmkit.core.lifecycle.occasions import occasion
from crmkit.errors import CommandError, Refusal, Refused
from crmkit.translation import Text, _
from crmkit_workflow.handover.entities import ANY, DONE, LEFT, RUNNING, HandOver
from crmkit_workflow.handover.handing import (
    HandingOver,
    check,
    check_actor,
    deactivate,
    free_items,
    give_to,
    is_handed,
    owned_by,
    plan,
    problem_of,
    where_of,
)
from crmkit_workflow.pools import limits
from crmkit_workflow.queues.distributing import distribute
from crmkit_workflow.queues.entities import Queue
from crmkit_workflow.wording import in_home_language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit import CRM, EntityModel, JobRun, Session
    from crmkit_workflow.handover.handing import Goal

BATCH = 500
MOST_PROBLEMS = 100
JOB = "hand_over"


@frozen(kw_only=True)
class HandedOver:
    """A record that has gone, and where to: an heir, a queue, a pool, or the assignment rules."""

    record: Ref[object]
    goal: Goal


@frozen(kw_only=True)
class NotHandedOver:
    """A record that stayed, and why, for people."""

    record: Ref[object]
    text: str


Result = HandedOver | NotHandedOver


@frozen(kw_only=True)
class Step:
    """What came of a step: what became of each record, and whether the hand-over has ended."""

    results: tuple[Result, ...] = field(factory=tuple)
    is_over: bool = False


def begin(
    session: Session,
    user: Record | Ref[User],
    goals: Mapping[str, Goal] | None = None,
    *,
    default: Goal | None = None,
    switches_off: bool = False,
) -> HandOver:
    """Begin to hand over all that a user owns, in batches, which a worker does, or `finish`; see `hand_over`.

    With `switches_off`, the user is switched off at the end, if nothing is left. Nothing has gone yet: that it could is
    looked at now, and again for each record when its turn comes.

    Raises:
        AccessDeniedError: if the actor may not change the user.
        Refused: if nothing says where records go, if they can't go there, or if a hand-over of this user is running.
    """
    number = int(user if isinstance(user, Ref) else user.ref)
    check_actor(session, number)
    with session.unit.command(writes_much=True):
        session.serialise(f"hand-over of {number}")
        if session.elevated.count(HandOver, {"user": number, "status": RUNNING}):
            text = _("Records of this user are being handed over already. Resume that, or wait for it.")
            raise Refused(entity="hand_over", refusals=(Refusal(path="user", text=text),))
        counts = owned_by(session, number)
        given = named(goals, default)
        said = goals_of(session, number, counts, given)
        check(session, number, counts, said)
        made = session.elevated.create(
            HandOver,
            user=number,
            goals={name: str(goal) for name, goal in {**given, **said}.items()},
            switches_off=switches_off,
            by=session.actor_ref,
            begun_at=session.unit.now,
        )
        ask(session, made)
    return made


def resume(session: Session, hand_over: Record | Ref[HandOver]) -> HandOver:
    """Go on with a hand-over that was given up or has left something behind; what stayed is tried again.

    Raises:
        AccessDeniedError: if the actor may not change the user whose records they are.
        Refused: if it is done.
    """
    found = session.elevated.get(HandOver, int(hand_over if isinstance(hand_over, Ref) else hand_over.ref))
    check_actor(session, int(found.user))
    session.serialise(f"hand-over of {int(found.user)}")
    if found.status == DONE:
        text = _("It is done. Begin another one.")
        raise Refused(entity="hand_over", refusals=(Refusal(path="status", text=text),))
    found = session.elevated.update(
        found, status=RUNNING, left=0, problems=None, entity=None, after=None, ended_at=None
    )
    ask(session, found)
    return found


def ask(session: Session, hand_over: HandOver) -> None:
    """Ask a worker for the next step."""
    session.elevated.enqueue(JOB, key=f"{hand_over.ref} version {hand_over.version}", hand_over=hand_over.id)


def named(goals: Mapping[str, Goal] | None, default: Goal | None) -> dict[str, Goal]:
    """Return goals by entity, the default for all others."""
    return {**(goals or {}), **({} if default is None else {ANY: default})}


def goals_of(session: Session, user: int, entities: Iterable[str], said: Mapping[str, Goal]) -> dict[str, Goal]:
    """Return where records go, by entity: as was said, else by the hand-over rules, else where all others go."""
    names = list(entities)
    by_rule = plan(session, user, dict.fromkeys(names, 0))
    found = {name: said.get(name) or by_rule.get(name) or said.get(ANY) for name in names}
    return {name: goal for name, goal in found.items() if goal is not None}


def goals_in(hand_over: HandOver) -> dict[str, Goal]:
    """Return the goals that a hand-over keeps."""
    kept = cast("Mapping[str, str]", hand_over.goals)
    return {name: goal_from(text) for name, text in kept.items()}


def goal_from(text: str) -> Goal:
    """Return a goal from its text: `user:5`, or `rules`."""
    entity, colon, number = text.partition(":")
    return ref_class(entity)(int(number)) if colon else entity


def step(session: Session, number: int, *, size: int = BATCH) -> Step:
    """Hand over the next records of a hand-over, in one transaction, with system reach; at its end, end it.

    Steps that run at once wait for each other.
    """
    session.serialise(f"hand-over {number}")
    found = session.elevated.get(HandOver, number)
    if found.status != RUNNING:
        return Step(is_over=True)
    user, goals = int(found.user), goals_in(found)
    limits.hold(session, user)
    for entity, after in remaining(session, found):
        where = f"{where_of(session, entity)} and id > given.after"
        given = {"user": user, "after": after}
        records = session.elevated.find(entity.declared.declared, where, given=given, order="id", limit=size)
        if records:
            goal = goals_of(session, user, [entity.name], goals).get(entity.name)
            results = handed(session, entity, user, records, goal)
            move_on(session, found, entity, records[-1].id, results)
            return Step(results=tuple(results))
    end(session, found, goals)
    return Step(is_over=True)


def remaining(session: Session, hand_over: HandOver) -> list[tuple[EntityModel, int]]:
    """Return the entities whose turn is to come, each with the id after which it goes on."""
    entities = [each for each in session.model.entities.values() if is_handed(each)]
    names = [each.name for each in entities]
    place = names.index(hand_over.entity) if hand_over.entity in names else 0
    return [(each, (hand_over.after or 0) if each.name == hand_over.entity else 0) for each in entities[place:]]


def handed(
    session: Session, entity: EntityModel, user: int, records: Sequence[Record], goal: Goal | None
) -> list[Result]:
    """Hand records of one entity over, those that can't go left out; return what became of each."""
    problem = _("Nothing says to whom it goes.") if goal is None else problem_of(session, user, entity.name, goal)
    if goal is None or problem is not None:
        text = in_home_language(session, problem or "")
        return [NotHandedOver(record=each.ref, text=text) for each in records]

    def write(some: Sequence[Record]) -> list[Record]:
        return give_to(session, user, some, goal)

    found: list[Result] = []
    with occasion(session, HandingOver()):
        for record, result in write_all(session, entity.name, records, write):
            if isinstance(result, Record):
                found.append(HandedOver(record=record.ref, goal=goal))
            else:
                found.append(NotHandedOver(record=record.ref, text=said_of(session, result)))
        if isinstance(goal, Ref) and goal.entity == "queue":
            distribute(session, session.elevated.get(Queue, int(goal)))
    return found


def said_of(session: Session, error: Exception) -> str:
    """Return what an error says to people, in the language of the CRM."""
    if not isinstance(error, CommandError):
        return in_home_language(session, _("It was refused."))
    return error.translated(session.model.languages.of(session.model.conventions.locale))


def move_on(
    session: Session, hand_over: HandOver, entity: EntityModel, last: int, results: Sequence[Result]
) -> HandOver:
    """Note how far a hand-over is, and what stayed."""
    stayed = [each for each in results if isinstance(each, NotHandedOver)]
    known = cast("list[object]", hand_over.problems or [])
    listed = [*known, *({"record": str(each.record), "text": in_home_language(session, each.text)} for each in stayed)]
    return session.elevated.update(
        hand_over,
        entity=entity.name,
        after=last,
        handed=hand_over.handed + len(results) - len(stayed),
        left=hand_over.left + len(stayed),
        problems=listed[:MOST_PROBLEMS] or None,
    )


def end(session: Session, hand_over: HandOver, goals: Mapping[str, Goal]) -> None:
    """End a hand-over: free what the user got from queues, and switch the user off if nothing is left.

    What has come in meanwhile goes together with that; if it can't, the user stays and the hand-over says why.
    """
    user, elevated = int(hand_over.user), session.elevated
    with occasion(session, HandingOver()):
        free_items(session, user)
    problems, left = hand_over.problems, hand_over.left
    if hand_over.switches_off and not left:
        try:
            with savepoint(session):
                deactivate(session.elevated, elevated.get(User, user), goals, default=goals.get(ANY))
        except CommandError as error:
            problems = [{"record": f"user:{user}", "text": said_of(session, error)}]
    left = sum(owned_by(session, user).values())
    status = LEFT if left or problems else DONE
    elevated.update(hand_over, status=status, left=left, problems=problems, ended_at=session.unit.now)


def finish(crm: CRM, hand_over: Record | Ref[HandOver], *, size: int = BATCH) -> list[Result]:
    """Do all steps that are left, each in a transaction of its own, without a worker; return what became of records."""
    number = int(hand_over if isinstance(hand_over, Ref) else hand_over.ref)
    found: list[Result] = []
    is_over = False
    while not is_over:
        with crm.session(actor=SYSTEM) as session:
            done = step(session, number, size=size)
        found += done.results
        is_over = done.is_over
    return found


def hand_over_job(session: Session, run: JobRun, hand_over: int) -> None:
    """Do a step and ask for the next."""
    if not step(session, hand_over).is_over:
        session.enqueue(JOB, key=f"{JOB} {hand_over} after run {run.id}", hand_over=hand_over)


def preview(
    session: Session, user: Record | Ref[User], goals: Mapping[str, Goal] | None = None, *, default: Goal | None = None
) -> list[tuple[str, int, Goal | None, Text | None]]:
    """Return how many records of each entity would go where, and why they couldn't: `(entity, count, goal, problem)`.

    Raises:
        AccessDeniedError: if the actor may not change the user.
    """
    number = int(user if isinstance(user, Ref) else user.ref)
    check_actor(session, number)
    counts = owned_by(session, number)
    said = goals_of(session, number, counts, named(goals, default))
    nowhere = _("Nothing says to whom they go.")
    return [
        (name, count, goal, nowhere if goal is None else problem_of(session, number, name, goal))
        for name, count in counts.items()
        for goal in (said.get(name),)
    ]
