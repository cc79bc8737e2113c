"""The command `crmkit handover`: what somebody would leave behind, and handing it over in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Column, Table
from crmkit.core.reading.reports.standard.choosing import record_named
from crmkit.errors import Refusal, Refused
from crmkit.translation import _
from crmkit_workflow.handover.batches import begin, preview, resume
from crmkit_workflow.handover.entities import DONE, HandOver
from crmkit_workflow.handover.handing import RULES, check_actor, goal_of
from crmkit_workflow.staff import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Session, User
    from crmkit.core.reading.reports.columns import Cell
    from crmkit_workflow.handover.handing import Goal

MOST = 100
GOALS = ("user", "queue", "pool")


def handover_command(
    session: Session, *, do: str, user: str | None, to: str | None, goals: tuple[str, ...] | None, off: bool
) -> Table:
    """Do what `crmkit handover` is asked for.

    Raises:
        Refused: if a user or a goal isn't named rightly, or something can't go where it is said.
        AccessDeniedError: if the actor may not change the user.
    """
    if do == "list":
        return listed(session)
    if not user:
        text = _("Say whose records: --user NAME.")
        raise Refused(entity="hand_over", refusals=(Refusal(path="user", text=text),))
    found = cast("User", record_named(session, session.model.entities["user"], user, "user"))
    if do == "resume":
        return told(session, [resume(session, last_of(session, found))])
    default = None if to is None else goal_named(session, to, "to")
    said = goals_named(session, goals or ())
    if do == "run":
        return told(session, [begin(session, found, said, default=default, switches_off=off)])
    rows = [
        (name, count, "" if goal is None else shown(session, goal), problem)
        for name, count, goal, problem in preview(session, found, said, default=default)
    ]
    columns = [
        Column("entity", _("Records")),
        Column("count", _("Number"), "integer"),
        Column("goal", _("To")),
        Column("problem", _("Problem")),
    ]
    return Table(columns, cast("list[tuple[Cell, ...]]", rows), title=_("What {user} would hand over", user=found.name))


def goals_named(session: Session, texts: Iterable[str]) -> dict[str, Goal]:
    """Return the goals of entities, such as `customer=pool:Small customers`."""
    found: dict[str, Goal] = {}
    for each in texts:
        name, equals, goal = (part.strip() for part in each.partition("="))
        if not equals or name not in session.model.entities:
            text = _("Write {text!r} like customer=user:Bob: an entity, and where its records go.", text=each)
            raise Refused(entity="hand_over", refusals=(Refusal(path="goals", text=text),))
        found[name] = goal_named(session, goal, "goals")
    return found


def goal_named(session: Session, text: str, path: str) -> Goal:
    """Return the goal that a text names: `rules`, or `queue:Name`, `pool:Name`, `user:Name`; a user if it says none."""
    if text.strip() == RULES:
        return RULES
    entity, colon, name = text.partition(":")
    if not colon or entity.strip() not in GOALS:
        entity, name = "user", text
    return record_named(session, session.model.entities[entity.strip()], name.strip(), path).ref


def last_of(session: Session, user: User) -> HandOver:
    """Return the last hand-over of what belongs to a user.

    Raises:
        Refused: if there was none.
        AccessDeniedError: if the actor may not change the user.
    """
    check_actor(session, user.id)
    found = session.elevated.find(HandOver, {"user": user}, order="-id", limit=1)
    if not found:
        text = _("Nothing of {user} is being handed over.", user=user.name)
        raise Refused(entity="hand_over", refusals=(Refusal(path="user", text=text),))
    return found[0]


def listed(session: Session) -> Table:
    """Return the hand-overs, the last ones first, that the actor may read."""
    return told(session, session.find(HandOver, order="-id", limit=MOST))


def told(session: Session, found: Iterable[HandOver]) -> Table:
    """Return how far hand-overs are, and what stayed."""
    rows: list[tuple[Cell, ...]] = []
    listed = list(found)
    names = names_of(session, (int(each.user) for each in listed))
    for each in listed:
        problems = cast("list[dict[str, str]]", each.problems or [])
        state = session.model.entity(HandOver).fields["status"].kind.format(each.status, session.model.conventions)
        first = f"{problems[0]['record']}: {problems[0]['text']}" if problems else None
        rows.append(
            (each.id, names.get(int(each.user)), state, each.handed, each.left, first if each.status != DONE else None)
        )
    columns = [
        Column("id", _("Id"), "integer"),
        Column("user", _("Of")),
        Column("status", _("Status")),
        Column("handed", _("Handed over"), "integer"),
        Column("left", _("Left behind"), "integer"),
        Column("problem", _("Problem")),
    ]
    return Table(columns, rows, title=_("Hand-overs"))


def shown(session: Session, goal: Goal) -> str:
    """Return a goal as people read it."""
    if isinstance(goal, str):
        return _("the assignment rules")
    label, found = session.model.entities[goal.entity].label, goal_of(session, goal)
    return f"{label} {goal if found is None else found.name}"
