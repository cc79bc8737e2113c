"""Following: clocks start, pause, go on and stop as records change, in the transaction of the change.

For a batch of records of an entity with rules it takes a few statements, however many they are: their clocks, which
conditions they meet, the intervals of the clocks that are concerned, and what is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from crmkit.errors import ConflictError
from crmkit_workflow.clocks.deciding import next_state, starting, target_for
from crmkit_workflow.clocks.entities import Clock, ClockInterval
from crmkit_workflow.clocks.hours import HoursOf
from crmkit_workflow.clocks.terms import current_terms, entities_with_terms, terms_of
from crmkit_workflow.clocks.timing import Interval, next_alert, times
from crmkit_workflow.conditions import ask
from crmkit_workflow.ownership.owners import owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from crmkit import Batch, Change, EntityModel, Record, Ref, Session
    from crmkit_workflow.clocks.deciding import State, Terms
    from crmkit_workflow.clocks.timing import Hours

BATCH = 500
TRIES = 5


@frozen(kw_only=True)
class Judged:
    """A record, whose it is, and which conditions it meets."""

    record: Record
    owner: Ref[object] | None
    met: frozenset[str]

    def meets(self, condition: str) -> bool:
        """Return whether it meets a condition."""
        return condition in self.met


@frozen(kw_only=True)
class Turn:
    """What becomes of a clock: its state, its target and its owner from now on."""

    clock: Clock
    terms: Terms
    state: State
    target: timedelta
    owner: object


@frozen(kw_only=True)
class Writing:
    """What is written for a batch."""

    clocks: list[tuple[Clock, dict[str, object]]] = field(factory=list)
    ended: list[tuple[ClockInterval, dict[str, object]]] = field(factory=list)
    begun: list[dict[str, object]] = field(factory=list)


def follow(session: Session, changes: Batch[Change]) -> None:
    """Have the clocks of changed records follow, if there are or were rules for their entity."""
    if changes.entity.name not in entities_with_terms(session):
        return
    records = {change.after.id: change.after for change in changes}
    known = [change.after.id for change in changes if change.before is not None]
    follow_records(session, changes.entity, list(records.values()), known=known)


def follow_records(session: Session, entity: EntityModel, records: Sequence[Record], *, known: Iterable[int]) -> None:
    """Have the clocks of records follow; only `known` ones, by id, can have any already."""
    old, current = set(known), current_terms(session, entity.name)
    for start in range(0, len(records), BATCH):
        some = records[start : start + BATCH]
        ids = [each.id for each in some]
        clocks = clocks_of(session, entity, [each for each in ids if each in old])
        terms = terms_of(session, (clock for each in clocks.values() for clock in each), current)
        met = ask(session, entity, ids, {text for each in terms.values() for text in each.conditions})
        judged = [Judged(record=each, owner=owner_of(entity, each), met=met[each.id]) for each in some]
        clocks = turn_all(session, entity, judged, terms, clocks)
        start_new(session, judged, clocks, current)


def clocks_of(session: Session, entity: EntityModel, ids: Sequence[int]) -> dict[int, list[Clock]]:
    """Return the clocks of records, by the records' ids."""
    found: dict[int, list[Clock]] = {}
    if ids:
        given = {"entity": entity.name, "ids": list(ids)}
        for each in session.find(Clock, "record.entity == given.entity and record.id in given.ids", given=given):
            found.setdefault(int(each.record), []).append(each)
    return found


def turn_all(
    session: Session,
    entity: EntityModel,
    judged: Iterable[Judged],
    terms: Mapping[int, Terms],
    clocks: dict[int, list[Clock]],
) -> dict[int, list[Clock]]:
    """Write what becomes of the clocks that are there already, and return them by their records' ids.

    If one of them is told of at this very moment, it is looked again.
    """
    for attempt in range(TRIES):
        try:
            turns = list(turns_of(judged, clocks, terms))
            if turns:
                write(session, turned(session, turns, session.unit.now))
        except ConflictError:
            if attempt == TRIES - 1:
                raise
            clocks = clocks_of(session, entity, list(clocks))
        else:
            return clocks
    raise AssertionError(TRIES)


def turns_of(
    judged: Iterable[Judged], clocks: Mapping[int, Sequence[Clock]], terms: Mapping[int, Terms]
) -> Iterator[Turn]:
    """Yield the clocks that are to change, each with what becomes of it."""
    for each in judged:
        for clock in clocks.get(each.record.id, ()):
            own = terms.get(int(clock.terms))
            if own is None:
                continue
            state = next_state(cast("State", clock.state), own, each.meets)
            target = clock.target if clock.state == state == "stopped" else target_for(own, each.meets)
            if (state, target, each.owner) != (clock.state, clock.target, clock.owner):
                yield Turn(clock=clock, terms=own, state=state, target=target, owner=each.owner)


def turned(session: Session, turns: Sequence[Turn], now: datetime) -> Writing:
    """Return what is to be written of clocks that take a turn."""
    found, hours_of = Writing(), HoursOf(session)
    intervals = intervals_of(session, [each.clock.id for each in turns])
    for turn in turns:
        clock, own = turn.clock, intervals.get(turn.clock.id, [])
        last = own[-1] if own and own[-1].until is None else None
        changes = turn.state != clock.state
        running = running_of(own, ending=now if changes else None)
        if changes and last is not None:
            found.ended.append((last, {"until": now}))
        if changes and turn.state != "stopped":
            found.begun.append({"clock": clock, "state": turn.state, "since": now})
            running += [Interval(since=now)] if turn.state == "running" else []
        hours = hours_of(turn.terms.calendar)
        values = values_of(turn.terms, turn.state, turn.target, running, hours, now=now, clock=clock)
        stopped_at = (now if changes else clock.stopped_at) if turn.state == "stopped" else None
        if not changes:
            values["elapsed"] = clock.elapsed
        found.clocks.append((clock, {**values, "stopped_at": stopped_at, "owner": turn.owner}))
    return found


def start_new(
    session: Session,
    judged: Iterable[Judged],
    clocks: Mapping[int, Sequence[Clock]],
    terms: Mapping[int, Terms],
) -> None:
    """Start the clocks that are to start now."""
    now, hours_of, rows = session.unit.now, HoursOf(session), []
    for one in judged:
        measures = [clock.measure for clock in clocks.get(one.record.id, ())]
        for each in starting(terms.values(), measures, one.meets):
            state: State = "paused" if each.pauses_if is not None and one.meets(each.pauses_if) else "running"
            running = [Interval(since=now)] if state == "running" else []
            values = values_of(each, state, target_for(each, one.meets), running, hours_of(each.calendar), now=now)
            fixed = {"measure": each.measure, "rule": each.rule, "terms": each.id, "started_at": now}
            rows.append({"record": one.record, "owner": one.owner, **fixed, **values})
    made = session.create_many(Clock, rows)
    session.create_many(ClockInterval, ({"clock": each, "state": each.state, "since": now} for each in made))


def values_of(
    terms: Terms,
    state: State,
    target: timedelta,
    running: Sequence[Interval],
    hours: Hours,
    *,
    now: datetime,
    clock: Clock | None = None,
) -> dict[str, object]:
    """Return the values of a clock that follow from its intervals."""
    found = times(running, target, terms.warning_share, hours, now=now)
    warned, breached = (False, False) if clock is None else (clock.warned, clock.breached)
    return {
        "state": state,
        "target": target,
        "elapsed": found.elapsed,
        "warning_at": found.warning_at,
        "due_at": found.due_at,
        "next_at": next_alert(found, is_running=state == "running", warned=warned, breached=breached),
    }


def intervals_of(session: Session, clocks: Sequence[int]) -> dict[int, list[ClockInterval]]:
    """Return the intervals of clocks, the oldest first."""
    found: dict[int, list[ClockInterval]] = {}
    if clocks:
        given = {"clocks": list(clocks)}
        for each in session.find(ClockInterval, "clock in given.clocks", given=given, order="since, id"):
            found.setdefault(int(each.clock), []).append(each)
    return found


def running_of(intervals: Iterable[ClockInterval], *, ending: datetime | None = None) -> list[Interval]:
    """Return the intervals in which a clock ran; one that runs still ends at a moment, if one is given."""
    return [Interval(since=each.since, until=each.until or ending) for each in intervals if each.state == "running"]


def write(session: Session, found: Writing) -> None:
    """Write what becomes of clocks.

    Raises:
        ConflictError: if one was changed meanwhile; nothing is written then.
    """
    session.update_many(found.clocks)
    session.update_many(found.ended)
    session.create_many(ClockInterval, found.begun)
