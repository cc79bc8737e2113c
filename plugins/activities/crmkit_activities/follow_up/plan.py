"""The entity `follow_up_plan`, what it adds to activities, and what can't be one."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from crmkit import Daily, Job, Parameter, Record, Ref, Report, Unique, extend, record
from crmkit.core.declare import fields as f
from crmkit.core.declare.kinds import BooleanKind
from crmkit.core.declare.names import nearest
from crmkit.errors import FilterError, InvalidValue
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.kinds import kinds_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Batch, Session
    from crmkit.core.lifecycle.drafts import Draft


@record
class FollowUpPlan(Record):
    """Says how often customers or contacts of a level are contacted, and in which way."""

    name: str = f.text()
    entity: str = f.choice("customer", "contact", default="customer", help="Who is contacted.")
    field: str = f.text(max=41, default="level", help="The field that sorts them, such as level.")
    value: str = f.text(max=100, help="What the field says of those whom the plan is for.")
    every_days: int = f.integer(min=1, max=3_660, label="Every (days)", help="Days after the last contact.")
    kind: str = f.text(max=41, default="call", help="The kind of activity: call, email, visit.")
    subject: str | None = f.text(help="What the activity is called; the plan's name, if nothing is given.")
    ahead_days: int = f.integer(min=0, max=366, default=3, label="Ahead (days)", help="Days before it is due.")
    active: bool = f.boolean(default=True)


@extend(Activity)
class FollowUp:
    """By which plan an activity was made."""

    follow_up_plan: Ref[FollowUpPlan] | None = f.locked(f.ref(label="Follow-up plan"))
    follow_up_key: str | None = f.locked(f.text(max=120, help="Which follow-up of the plan it is."))


DECLARATIONS = (
    FollowUpPlan,
    FollowUp,
    Unique(
        entity="follow_up_plan",
        fields=("entity", "field", "value", "kind"),
        message=_("There is a plan of this kind for them already."),
    ),
    Unique(
        entity="activity", fields=("follow_up_key",), message=_("This follow-up is there already."), on_merge="drop"
    ),
    Job(
        name="plan_follow_ups",
        run="crmkit_activities.follow_up.generating:generate",
        schedule=Daily(time(1)),
        help=_("Plan the activities that follow-up plans ask for."),
    ),
    Report(
        name="follow_ups",
        run="crmkit_activities.follow_up.report:follow_ups",
        help=_("Customers and contacts who are to be contacted again by a plan, the longest overdue first."),
        reads=("activity",),
        parameters=(
            Parameter(name="overdue", kind=BooleanKind(), default=True, help=_("Only those that are overdue.")),
            Parameter(name="owner", help=_("One owner only: the id, external id or name of a user, or `me`.")),
        ),
    ),
)


def can_plan(session: Session, plan: Record) -> bool:
    """Return whether the field and the kind of activity that a plan speaks of are there."""
    return plan.field in session.model.entities[str(plan.entity)].writable and plan.kind in kinds_of(session.model)


def those_of(session: Session, plan: Record) -> tuple[str, dict[str, object]]:
    """Return the filter of those whom a plan is for: of its level, with an owner, and not lost or closed."""
    field = session.model.entities[str(plan.entity)].fields[str(plan.field)]
    value = field.kind.parse(plan.value, session.model.conventions)
    where = f"{field.name} == given.value and owner is not None and stage.kind in ('open', 'waiting')"
    return where, {"value": value}


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse plans that speak of fields, values or kinds of activities that there are not."""
    for draft in drafts.of(FollowUpPlan):
        kinds, kind = kinds_of(session.model), str(draft.get("kind"))
        if kind not in kinds:
            draft.refuse("kind", _("There is no kind of activity {kind!r}.{hint}", kind=kind, hint=hint(kind, kinds)))
        if draft.sets("entity", "field", "value"):
            check_value(session, draft)


def check_value(session: Session, draft: Draft) -> None:
    """Refuse a field that those of the plan haven't or that sorts nobody, and a value that it can't have."""
    model, name = session.model, str(draft.get("field"))
    entity = model.entities[str(draft.get("entity"))]
    fields = entity.writable
    if name not in fields:
        draft.refuse("field", _("There is no field {name!r}.{hint}", name=name, hint=hint(name, fields)))
        return
    try:
        value = fields[name].kind.parse(draft.get("value"), model.conventions)
        session.acting.reader.selection(entity, f"{name} == given.value", {"value": value})
    except InvalidValue as error:
        draft.refuse("value", str(error))
    except FilterError as error:
        draft.refuse("field", str(error))


def hint(name: str, known: Iterable[str]) -> str:
    """Return what may be meant instead."""
    close = nearest(name, known)
    return _(" Did you mean {close!r}?", close=close) if close else ""
