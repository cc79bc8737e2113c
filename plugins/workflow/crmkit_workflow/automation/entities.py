"""Automation as records: rules and their actions, which an administrator edits, and the log of what came of them."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)

from crmkit import Choice, Record, Ref, record
from crmkit.core.declare import fields as f
from crmkit.translation import _
from crmkit_workflow.conditions import LONGEST_CONDITION
from crmkit_workflow.problems import LONGEST_PROBLEM

CREATED, CHANGED, MOVED, CROSSES, EVENT, SCHEDULE = "created", "changed", "moved", "crosses", "event", "schedule"
WHEN = (
    Choice(CREATED, _("A record is created")),
    Choice(CHANGED, _("A record, or one of its fields, is changed")),
    Choice(MOVED, _("A record enters a stage")),
    Choice(CROSSES, _("A field reaches a value")),
    Choice(EVENT, _("A declared event happens")),
    Choice(SCHEDULE, _("It is time")),
)
RISES, FALLS, EITHER = "rises", "falls", "either"
DIRECTIONS = (
    Choice(RISES, _("It rises to the value or above")),
    Choice(FALLS, _("It falls to the value or below")),
    Choice(EITHER, _("It does either")),
)
HOURLY, DAILY, WEEKLY, MONTHLY = "hourly", "daily", "weekly", "monthly"
REPEATS = (
    Choice(HOURLY, _("Every hour")),
    Choice(DAILY, _("Every day")),
    Choice(WEEKLY, _("Every week")),
    Choice(MONTHLY, _("Every month")),
)
OWNER, SUPERIOR, USER = "owner", "superior", "user"
TOLD = (
    Choice(OWNER, _("The owner of the record")),
    Choice(SUPERIOR, _("The superior of its owner")),
    Choice(USER, _("A user")),
)
WAITING, DONE, REFUSED, SKIPPED = "waiting", "done", "refused", "skipped"
STATES = (
    Choice(WAITING, _("Is to be carried out")),
    Choice(DONE, _("Carried out")),
    Choice(REFUSED, _("Could not be carried out")),
    Choice(SKIPPED, _("No longer to be carried out")),
)


@record
class AutomationRule(Record):
    """When something happens, if a record meets a filter, then its actions are carried out about the record."""

    name: str = f.text(search=True)
    entity: str = f.text(max=41, default="opportunity", index=True, help="The entity whose records it is for.")
    active: bool = f.boolean(default=True)
    position: int = f.integer(min=0, default=100, help="The rule with the lowest position is carried out first.")
    when: str = f.choice(*WHEN, default=CREATED, help="What has to happen.")
    event: str | None = f.text(max=83, help="The name of the declared event, such as clock.breached.")
    field: str | None = f.text(max=41, help="The field that has to change, or to reach the value.")
    direction: str = f.choice(*DIRECTIONS, default=RISES, help="From which side the value is reached.")
    value: str | None = f.text(help="The value to be reached; of money, in any currency.")
    repeats: str | None = f.choice(*REPEATS, help="How often it is time.")
    at: str | None = f.text(
        pattern=r"([01]\d|2[0-3]):[0-5]\d", help="The time of day, in the home time zone; 00:00 if empty."
    )
    day: int | None = f.integer(
        min=1,
        max=31,
        help="The day: of the week, from 1 for Monday, or of the month, whose last day it is at most.",
    )
    applies_if: str | None = f.text(
        max=LONGEST_CONDITION, label="Applies if", help="A filter: the records that it is for; all if empty."
    )
    once: bool = f.boolean(default=False, help="Whether it is carried out once for each record, and never again.")
    timed_at: Moment | None = f.locked(f.datetime(help="The last time that it was time."))


@record(title="action")
class AutomationAction(Record):
    """Something that a rule has done: an action that a plugin registers, with its values.

    A text in the values may quote the record: `Call {customer.name} about {name}`.
    """

    rule: Ref[AutomationRule] = f.ref(part_of=True)
    position: int = f.integer(min=0, default=100, help="The action with the lowest position is done first.")
    action: str = f.text(max=41, help="The name of the action, such as notify.")
    values: object | None = f.json(help="The values of its parameters, by name.")


@record(title="id")
class AutomationRun(Record):
    """That a rule was to be carried out about a record on an occasion, and what came of it."""

    record: Ref[object] = f.locked(f.any_ref(part_of=True))
    rule: Ref[AutomationRule] = f.locked(f.ref(index=True))
    occasion: str = f.locked(f.text(max=120, help="What happened, or the time for which it was; once for each."))
    state: str = f.locked(f.choice(*STATES, index=True))
    at: Moment = f.locked(f.datetime(index=True, help="When it happened."))
    finished_at: Moment | None = f.locked(f.datetime())
    problem: str | None = f.locked(f.text(max=LONGEST_PROBLEM, help="Why it was not carried out."))
    chain: object | None = f.locked(f.json(help="The rules, by id, whose actions led to it, the first one in front."))
