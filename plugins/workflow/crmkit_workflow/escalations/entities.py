"""Escalations as records: rules with their levels, which an administrator edits, and the levels that were reached."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from datetime import timedelta

from crmkit import BusinessCalendar, Choice, Record, Ref, User, record
from crmkit.core.declare import fields as f
from crmkit.translation import _
from crmkit_workflow.conditions import LONGEST_CONDITION
from crmkit_workflow.problems import LONGEST_PROBLEM
from crmkit_workflow.queues.entities import Queue

OPEN = "stage.kind == 'open'"
AGES = (
    Choice("created", _("Since it was created")),
    Choice("untouched", _("Since it was created, until its first change")),
    Choice("changed", _("Since its last change")),
)
HOURS = (
    Choice("elapsed", _("All hours")),
    Choice("calendar", _("Business hours of the calendar")),
    Choice("owner", _("Working hours of the owner")),
)


@record
class EscalationRule(Record):
    """For which records somebody is to be told, or something is to be done, when they get too old.

    Of the rules of an entity, the first one that applies to a record counts.
    """

    name: str = f.text(search=True)
    entity: str = f.text(max=41, default="opportunity", index=True, help="The entity whose records it is for.")
    position: int = f.integer(min=0, default=100, help="The rule with the lowest position is asked first.")
    active: bool = f.boolean(default=True)
    applies_if: str = f.text(
        max=LONGEST_CONDITION, default=OPEN, label="Applies if", help="A filter: the records that it is for."
    )
    age_from: str = f.choice(*AGES, default="created", label="Age")
    hours: str = f.choice(*HOURS, default="elapsed", label="Counts")
    calendar: Ref[BusinessCalendar] | None = f.ref(help="By whose hours time counts; the default calendar if empty.")


@record(title="after")
class EscalationLevel(Record):
    """What is done when a record has got to an age."""

    rule: Ref[EscalationRule] = f.ref(part_of=True)
    after: timedelta = f.duration(help="The age.")
    tell_owner: bool = f.boolean(default=True)
    tell_superior: bool = f.boolean(default=False, help="Whether the superior of the owner is told.")
    tell: Ref[User] | None = f.ref(help="Somebody else who is told.")
    to_superior: bool = f.boolean(default=False, help="Whether the superior of the owner gets it.")
    to: Ref[User] | None = f.ref(label="New owner", help="Who gets it.")
    to_queue: Ref[Queue] | None = f.ref(label="To queue", help="The queue that gets it, and gives it to a member.")
    field: str | None = f.text(max=41, help="A field that gets another value, such as priority.")
    value: str | None = f.text(help="The value that it gets.")


@record(title="id")
class Escalation(Record):
    """That a record has reached a level, and what came of it."""

    record: Ref[object] = f.locked(f.any_ref(part_of=True))
    rule: Ref[EscalationRule] = f.locked(f.ref())
    level: Ref[EscalationLevel] = f.locked(f.ref())
    since: Moment = f.locked(f.datetime(help="From when the age counted."))
    touched_at: Moment = f.locked(f.datetime(help="When the record was last changed, what was done included."))
    problem: str | None = f.locked(f.text(max=LONGEST_PROBLEM, help="Why it could not be done."))
