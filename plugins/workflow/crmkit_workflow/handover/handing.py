"""Handing over: everything that a user owns goes to heirs, queues and pools, or where the assignment rules say."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit import Record, Ref, User
from crmkit.core.lifecycle.occasions import occasion
from crmkit.errors import AccessDeniedError, Refusal, Refused
from crmkit.translation import Text, _, ngettext
from crmkit_workflow.handover.entities import ANY, HandOverRule
from crmkit_workflow.ownership.giving import give_each
from crmkit_workflow.ownership.poolable import is_poolable
from crmkit_workflow.pools import limits
from crmkit_workflow.queues.distributing import distribute, put
from crmkit_workflow.queues.entities import Queue, QueueItem
from crmkit_workflow.queues.routing import route
from crmkit_workflow.staff import active_among

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit import EntityModel, Session
    from crmkit_workflow.pools.entities import Pool

BATCH = 1000
OPEN = "stage.kind in ('open', 'waiting')"
RULES = "rules"
"""What stands for the assignment rules as a goal."""
Goal = Ref[object] | str

ONES_OWN = frozenset({"absence", "delegation"})
"""What is about its owner and nobody else: no heir takes over somebody's leave, or whom somebody trusts."""


@frozen
class HandingOver:
    """The occasion on which somebody's records are handed over, so that switching the user off asks for it no more."""


def owned_by(session: Session, user: int) -> dict[str, int]:
    """Return how many records of each entity a user owns, of those that are to be handed over."""
    found = {}
    for entity in session.model.entities.values():
        if is_handed(entity):
            number = session.elevated.count(entity.declared.declared, where_of(session, entity), given={"user": user})
            if number:
                found[entity.name] = number
    return found


def is_handed(entity: EntityModel) -> bool:
    """Return whether records of an entity go to somebody else: they have owners, and are not for these alone."""
    return entity.owner is not None and not entity.declared.private and entity.name not in ONES_OWN


def where_of(session: Session, entity: EntityModel) -> str:
    """Return the filter for the records of an entity that are to be handed over."""
    everything = session.setting("hand_over_closed") or not entity.staged
    shared = f" and not {entity.declared.private_by}" if entity.declared.private_by else ""
    return f"{entity.owner} == given.user{shared}" + ("" if everything else f" and {OPEN}")


def plan(session: Session, user: int, entities: Mapping[str, int]) -> dict[str, Goal]:
    """Return where a user's records go by the hand-over rules, by entity; what no rule names is left out."""
    rules = session.elevated.find(HandOverRule, "user is None or user == given.user", given={"user": user}, order="id")
    found: dict[str, Goal] = {}
    for name in entities:
        for whose in (True, False):
            fitting = {each.entity: each for each in rules if (each.user is not None) == whose}
            rule = fitting.get(name) or fitting.get(ANY)
            if rule is not None:
                found.setdefault(name, rule.goal if rule.goal is not None else RULES)
    return found


def hand_over(
    session: Session, user: Record | Ref[User], goals: Mapping[str, Goal] | None = None, *, default: Goal | None = None
) -> dict[str, int]:
    """Hand over all that a user owns, in this transaction; return how many records of each entity.

    `goals` says where, by entity, before the hand-over rules do: an heir, a queue or a pool, or `RULES` for the
    assignment rules; `default` is for entities that neither of them names. All or none.

    Raises:
        AccessDeniedError: if the actor may not change the user.
        Refused: if nothing says where records go, or they can't go there; nothing is handed over then.
    """
    number = int(user if isinstance(user, Ref) else user.ref)
    check_actor(session, number)
    with session.unit.command(writes_much=True):
        limits.hold(session, number)
        counts = owned_by(session, number)
        said = {**dict.fromkeys(counts, default), **plan(session, number, counts), **(goals or {})}
        found = {name: goal for name, goal in said.items() if goal is not None and name in counts}
        check(session, number, counts, found)
        with occasion(session, HandingOver()):
            for name, goal in found.items():
                hand_over_of(session, session.model.entity(name), number, goal)
            free_items(session, number)
    return counts


def check_actor(session: Session, user: int) -> None:
    """Refuse whoever may not change a user to hand over what it owns.

    Raises:
        AccessDeniedError: if the actor may not change the user.
    """
    from crmkit.core.lifecycle.access import within

    if session.principal.user is not None and not within(session, "user", [user], "update"):
        raise AccessDeniedError(action=_("hand over what belongs to"), entity="user", actor=session.principal.name)


def check(session: Session, user: int, counts: Mapping[str, int], goals: Mapping[str, Goal]) -> None:
    """Refuse a hand-over that leaves something behind, or whose goals can't take what they are given.

    Raises:
        Refused: with everything that is wrong.
    """
    problems = [
        ngettext(
            "{count} record of {entity} would be left behind. Say to whom it goes.",
            "{count} records of {entity} would be left behind. Say to whom they go.",
            count,
            entity=name,
        )
        for name, count in counts.items()
        if name not in goals
    ]
    problems += [text for name, goal in goals.items() if (text := problem_of(session, user, name, goal)) is not None]
    if problems:
        raise Refused(entity="user", refusals=tuple(Refusal(path="active", text=each) for each in problems))


def problem_of(session: Session, user: int, name: str, goal: Goal) -> Text | None:
    """Return why a goal can't take records of an entity, None if it can."""
    if isinstance(goal, str):
        return None
    if goal.entity == "user":
        able = int(goal) != user and bool(active_among(session, [int(goal)]))
        return None if able else _("{goal} is no active user who could take records of {name}.", goal=goal, name=name)
    record = goal_of(session, goal)
    able = record is not None and record.active and record.entity == name
    if goal.entity == "pool":
        able = able and is_poolable(session.model.entity(name))
    return None if able else _("{goal} is not active, or not for records of {name}.", goal=goal, name=name)


def goal_of(session: Session, goal: Ref[object]) -> Queue | Pool | None:
    """Return the queue or the pool that is a goal; None if it is gone."""
    found = session.elevated.by_id(session.model.entities[goal.entity], [int(goal)])
    return cast("Queue | Pool | None", found.get(int(goal)))


def hand_over_of(session: Session, entity: EntityModel, user: int, goal: Goal) -> None:
    """Hand over a user's records of one entity, in batches; what assignment rules give back to the user stays."""
    elevated = session.elevated
    where, given = f"{where_of(session, entity)} and id > given.after", {"user": user, "after": 0}
    while records := elevated.find(entity.declared.declared, where, given=given, order="id", limit=BATCH):
        give_to(session, user, records, goal)
        given["after"] = records[-1].id
    if isinstance(goal, Ref) and goal.entity == "queue":
        distribute(session, elevated.get(Queue, int(goal)))


def give_to(session: Session, user: int, records: Sequence[Record], goal: Goal) -> list[Record]:
    """Give a user's records of one entity to an heir, into a pool or a queue, or where the assignment rules say."""
    why = _("{user} hands over.", user=name_of(session, user))
    owner = goal if isinstance(goal, Ref) and goal.entity == "user" else None
    pool = goal if isinstance(goal, Ref) and goal.entity == "pool" else None
    present = give_each(session, [(each, owner) for each in records], how="handed_over", why=why, pool=pool)
    if isinstance(goal, Ref) and goal.entity == "queue":
        put(session, session.elevated.get(Queue, int(goal)), present, without=user)
    elif isinstance(goal, str):
        route(session, present)
    return present


def free_items(session: Session, user: int) -> None:
    """Have what the user got from queues wait there again, where the records have no owner."""
    elevated = session.elevated
    without_owner = [each.name for each in session.model.entities.values() if each.owner is None]
    where = "is_open and state == 'assigned' and assignee == given.user and record.entity in given.entities"
    items = elevated.find(QueueItem, where, given={"user": user, "entities": without_owner})
    free = {"state": "waiting", "assignee": None, "assigned_at": None, "declined_by": [str(user)]}
    elevated.update_many((each, free) for each in items)
    for number in {int(each.queue) for each in items}:
        distribute(session, elevated.get(Queue, number))


def name_of(session: Session, user: int) -> str:
    """Return a user's name."""
    return session.elevated.get(User, user).name


def deactivate(
    session: Session, user: User, goals: Mapping[str, Goal] | None = None, *, default: Goal | None = None
) -> User:
    """Switch a user off and hand over all that it owns, in one transaction; see `hand_over`.

    Raises:
        Refused: if something would be left behind.
        AccessDeniedError: if the actor may not change the user.
    """
    with session.unit.command(writes_much=True), occasion(session, HandingOver()):
        limits.hold(session, user.id)
        found = session.update(user, active=False)
        hand_over(session, found, goals, default=default)
        return found
