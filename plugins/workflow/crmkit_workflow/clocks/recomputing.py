"""Recomputing: when calendars change, what follows from them is computed anew, in runs of so many clocks each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit import BusinessCalendar, SpecialDay
from crmkit.core.exchange.writing import write_all
from crmkit_workflow.clocks.entities import Clock
from crmkit_workflow.clocks.following import intervals_of, running_of, values_of
from crmkit_workflow.clocks.hours import HoursOf
from crmkit_workflow.clocks.terms import entities_with_terms, terms_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit import Batch, Change, JobRun, Session
    from crmkit_workflow.clocks.deciding import State, Terms

JOB = "recompute_clocks"
BATCH, BATCHES = 1_000, 10
OPEN = "state in ('running', 'paused') and id > given.after"


@frozen(kw_only=True)
class Recomputed:
    """What came of it: how many clocks were looked at, how many changed, and the last one's id, None at the end."""

    checked: int
    changed: int
    last: int | None


def ask_for(session: Session, changes: Batch[Change]) -> None:
    """Have clocks recomputed after the hours of calendars were changed."""
    days = any(True for _change in changes.of(SpecialDay))
    hours = any(change.changed & {"hours", "time_zone"} for change in changes.of(BusinessCalendar) if change.before)
    if (days or hours) and entities_with_terms(session):
        session.enqueue(JOB)


def recompute_job(session: Session, run: JobRun, after: int) -> None:
    """Recompute the next ten thousand clocks, and ask for a run for those behind them."""
    for _number in range(BATCHES):
        found = recompute(session, after)
        if found.last is None:
            return
        after = found.last
    session.enqueue(JOB, key=f"{run.id} {after}", after=after)


def recompute(session: Session, after: int = 0, *, size: int = BATCH) -> Recomputed:
    """Recompute the open clocks behind an id; those that are as they should be are not written."""
    page = session.find(Clock, OPEN, given={"after": after}, order="id", limit=size)
    changes = changes_of(session, page, terms_of(session, page))

    def write(some: Sequence[tuple[Clock, dict[str, object]]]) -> Sequence[Clock]:
        return session.update_many(some)

    changed = sum(not isinstance(result, Exception) for _change, result in write_all(session, "clock", changes, write))
    return Recomputed(checked=len(page), changed=changed, last=page[-1].id if page.next is not None else None)


def changes_of(
    session: Session, clocks: Sequence[Clock], known: Mapping[int, Terms]
) -> list[tuple[Clock, dict[str, object]]]:
    """Return what is different now of clocks, with their elapsed time up to the beginning of their last interval."""
    hours_of, now, changes = HoursOf(session), session.unit.now, []
    intervals = intervals_of(session, [each.id for each in clocks])
    for clock in clocks:
        terms = known.get(int(clock.terms))
        if terms is None:
            continue
        own = intervals.get(clock.id, [])
        running: State = "running" if clock.state == "running" else "paused"
        moment = own[-1].since if own else now
        hours = hours_of(terms.calendar)
        values = values_of(terms, running, clock.target, running_of(own), hours, now=moment, clock=clock)
        if any(getattr(clock, name) != value for name, value in values.items()):
            changes.append((clock, values))
    return changes
