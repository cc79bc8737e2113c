"""Clocks as records: the rules that an administrator edits, and the clocks that they have started."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from datetime import timedelta
from decimal import Decimal

from crmkit import BusinessCalendar, Record, Ref, User, record
from crmkit.core.declare import fields as f
from crmkit_workflow.conditions import LONGEST_CONDITION

OVER = "stage.kind in ('won', 'lost', 'done', 'void')"
STATES = ("running", "paused", "stopped")


@record
class ClockRule(Record):
    """For which records a clock runs, what starts, pauses and stops it, and how long it may take.

    Of the rules of an entity that measure the same, the first one that applies counts. What is changed in a rule
    counts for the clocks that start from then on.
    """

    name: str = f.text(search=True)
    entity: str = f.text(max=41, default="opportunity", index=True, help="The entity whose records it is for.")
    measure: str = f.text(
        max=41,
        pattern="[a-z][a-z0-9_]*",
        default="resolution",
        help="What is measured, such as first_response or resolution: a record has one clock for each.",
    )
    position: int = f.integer(min=0, default=100, help="The rule with the lowest position is asked first.")
    active: bool = f.boolean(default=True, help="Whether it starts clocks.")
    applies_if: str | None = f.text(
        max=LONGEST_CONDITION, label="Applies if", help="A filter: the records that it is for; all if empty."
    )
    starts_if: str | None = f.text(
        max=LONGEST_CONDITION, label="Starts if", help="A filter that starts the clock; at once if empty."
    )
    pauses_if: str | None = f.text(
        max=LONGEST_CONDITION, label="Pauses if", help="A filter: as long as it is met, no time counts."
    )
    stops_if: str = f.text(
        max=LONGEST_CONDITION, default=OVER, label="Stops if", help="A filter: what was to be done is done."
    )
    resumes: bool = f.boolean(
        default=True, help="Whether the clock goes on when what stopped it is no longer so, as with a reopened case."
    )
    target: timedelta = f.duration(help="How long it may take, where no target of the rule says otherwise.")
    warning_share: Decimal | None = f.percent(
        default=80, label="Warning at", help="At which share of the target it is warned; never if empty."
    )
    calendar: Ref[BusinessCalendar] | None = f.ref(help="By whose hours time counts; the default calendar if empty.")
    tell_superior: bool = f.boolean(default=True, help="Whether the owner's superior is told of a breach, too.")


@record(title="applies_if")
class ClockTarget(Record):
    """How long it may take for some of the records: of one priority, of customers of one grade. The first counts."""

    rule: Ref[ClockRule] = f.ref(part_of=True)
    position: int = f.integer(min=0, default=100, help="The target with the lowest position is asked first.")
    applies_if: str = f.text(max=LONGEST_CONDITION, label="Applies if", help="A filter, such as customer.level == 'a'.")
    target: timedelta = f.duration()


@record(title="id", plural="Clock terms")
class ClockTerms(Record):
    """What a rule and its targets said at a time. Clocks go by the terms under which they started."""

    rule: Ref[ClockRule] = f.locked(f.ref())
    number: int = f.locked(f.integer(min=1, help="Counts the versions of a rule."))
    entity: str = f.locked(f.text(max=41))
    measure: str = f.locked(f.text(max=41))
    current: bool = f.locked(f.boolean(index=True, help="Whether clocks are started by them."))
    said: object = f.locked(f.json())


@record(title="measure")
class Clock(Record):
    """A clock of a record: whether it runs, how much business time it has counted, and when it is due."""

    record: Ref[object] = f.locked(f.any_ref(part_of=True))
    measure: str = f.locked(f.text(max=41, index=True))
    rule: Ref[ClockRule] = f.locked(f.ref())
    terms: Ref[ClockTerms] = f.locked(f.ref())
    state: str = f.locked(f.choice(*STATES))
    owner: Ref[User] | None = f.locked(f.ref(help="Who owns the record."))
    target: timedelta = f.locked(f.duration())
    started_at: Moment = f.locked(f.datetime(index=True))
    stopped_at: Moment | None = f.locked(f.datetime())
    elapsed: timedelta = f.locked(f.duration(help="The business time up to when it last changed its state."))
    warning_at: Moment | None = f.locked(f.datetime(help="When it is warned, if it runs on."))
    due_at: Moment | None = f.locked(f.datetime(help="When its target is reached, if it runs on."))
    next_at: Moment | None = f.locked(f.datetime(index=True, help="When somebody is to be told next."))
    warned: bool = f.locked(f.boolean(default=False))
    breached: bool = f.locked(f.boolean(default=False))


@record(title="state")
class ClockInterval(Record):
    """A stretch in which a clock ran or paused; the latest has no end until the next begins."""

    clock: Ref[Clock] = f.locked(f.ref(part_of=True))
    state: str = f.locked(f.choice("running", "paused"))
    since: Moment = f.locked(f.datetime())
    until: Moment | None = f.locked(f.datetime())


@record(title="what")
class ClockAlert(Record):
    """That it was told that a clock will be, or was, due: once each."""

    clock: Ref[Clock] = f.locked(f.ref(part_of=True))
    what: str = f.locked(f.text(max=41, help="warning or breach"))
    due_at: Moment = f.locked(f.datetime(help="When it was to be told."))
