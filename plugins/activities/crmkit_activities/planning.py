"""Planning by rule: the action that plans an activity about a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Action, Parameter, Ref
from crmkit.core.declare.kinds import DurationKind, LongTextKind, RefKind
from crmkit.translation import _
from crmkit_activities.activity import Activity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from crmkit import EntityModel, Record, Session

REFERS = ("customer", "contact")


def plan(
    session: Session,
    record: Record,
    *,
    subject: str,
    kind: str,
    due_in: timedelta | None,
    user: Ref[object] | None,
    description: str | None,
) -> None:
    """Plan an activity about a record for a user, or for who owns the record; due so long from today."""
    entity, values = session.model.entity(record), dict(record.items())
    refers = {name: values[name] for name in REFERS if isinstance(values.get(name), Ref)}
    if entity.name in REFERS:
        refers[entity.name] = record.ref
    said = {
        "subject": subject,
        "kind": kind,
        "owner": user or values.get(str(entity.owner)),
        "about": record,
        "due": None if due_in is None else session.today + due_in,
        "description": description,
    }
    session.create_many(Activity, [{**refers, **said}])


def check(session: Session, _entity: EntityModel, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield that there is no such kind of activity, or that whoever writes the rule may not create them for others."""
    activity, principal = session.model.entity(Activity), session.principal
    if "all" not in principal.levels(activity, "create") or principal.restrictions(activity):
        yield "entity", _("It is for those who may create activities for everybody.")
    known = [each.name for each in activity.fields["kind"].kind.choices]  # type: ignore[attr-defined]
    if values["kind"] not in known:
        yield "kind", _("There are these kinds: {names}.", names=", ".join(known))


DECLARATIONS = (
    Action(
        name="plan_activity",
        label=_("Plan an activity"),
        help=_("Plans an activity about the record, for a user or for the owner of the record."),
        run="crmkit_activities.planning:plan",
        check="crmkit_activities.planning:check",
        parameters=(
            Parameter(name="subject", required=True, help=_("What it is about.")),
            Parameter(name="kind", default="task", help=_("The kind of activity, such as call.")),
            Parameter(name="due_in", kind=DurationKind(), help=_("When it is due, from the day of planning.")),
            Parameter(name="user", kind=RefKind(target="user"), help=_("Who does it, if not the owner.")),
            Parameter(name="description", kind=LongTextKind(), help=_("What is to be done.")),
        ),
    ),
)
