"""Deciding: what becomes of a clock, from its terms and from which conditions a record meets. Pure functions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, cast

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crmkit_workflow.clocks.entities import ClockRule, ClockTarget

State = Literal["running", "paused", "stopped"]
MICROSECOND = timedelta(microseconds=1)


@frozen(kw_only=True)
class Target:
    """How long it may take for the records that meet a condition."""

    applies_if: str
    target: timedelta


@frozen(kw_only=True)
class Terms:
    """What a rule said when a clock started; conditions are filters, None where there is none.

    Attributes:
        id: of the record that holds them.
        rule: the id of the rule.
        calendar: the id of the calendar; None for the default.
    """

    id: int
    rule: int
    entity: str
    measure: str
    name: str
    current: bool
    position: int
    applies_if: str | None
    starts_if: str | None
    pauses_if: str | None
    stops_if: str
    resumes: bool
    target: timedelta
    warning_share: Decimal | None
    calendar: int | None
    tell_superior: bool
    targets: tuple[Target, ...]

    @property
    def conditions(self) -> tuple[str, ...]:
        """All conditions that are asked while a clock lives, and before."""
        own = (self.applies_if, self.starts_if, self.pauses_if, self.stops_if)
        return tuple(each for each in (*own, *(target.applies_if for target in self.targets)) if each)


def said_by(rule: ClockRule, targets: Iterable[ClockTarget]) -> dict[str, object]:
    """Return what a rule and its targets say, as JSON; two that say the same are equal."""
    ordered = sorted(targets, key=lambda each: (each.position, each.id))
    return {
        "name": rule.name,
        "position": rule.position,
        "applies_if": rule.applies_if,
        "starts_if": rule.starts_if,
        "pauses_if": rule.pauses_if,
        "stops_if": rule.stops_if,
        "resumes": rule.resumes,
        "target": rule.target // MICROSECOND,
        "warning_share": None if rule.warning_share is None else str(rule.warning_share),
        "calendar": None if rule.calendar is None else int(rule.calendar),
        "tell_superior": rule.tell_superior,
        "targets": [[each.applies_if, each.target // MICROSECOND] for each in ordered],
    }


def read_terms(id: int, rule: int, entity: str, measure: str, said: Mapping[str, object], *, current: bool) -> Terms:
    """Return the terms that JSON holds."""
    share, targets = said["warning_share"], cast("list[tuple[str, int]]", said["targets"])
    plain = {name: said[name] for name in ("name", "position", "applies_if", "starts_if", "pauses_if", "stops_if")}
    return Terms(
        id=id,
        rule=rule,
        entity=entity,
        measure=measure,
        current=current,
        **cast("dict[str, str]", plain),  # type: ignore[arg-type]
        resumes=bool(said["resumes"]),
        target=cast("int", said["target"]) * MICROSECOND,
        warning_share=None if share is None else Decimal(str(share)),
        calendar=cast("int | None", said["calendar"]),
        tell_superior=bool(said["tell_superior"]),
        targets=tuple(Target(applies_if=each, target=length * MICROSECOND) for each, length in targets),
    )


def target_for(terms: Terms, meets: Callable[[str], bool]) -> timedelta:
    """Return how long it may take: the first target that applies, else the rule's own."""
    return next((each.target for each in terms.targets if meets(each.applies_if)), terms.target)


def starting(terms: Iterable[Terms], measures: Iterable[str], meets: Callable[[str], bool]) -> list[Terms]:
    """Return the terms by which a record's clocks start, of those measures that it has no clock for.

    The first rule that applies counts, also if what starts it has not come yet; what is done already needs no clock.
    """
    found: dict[str, Terms] = {}
    known = set(measures)
    for each in sorted((each for each in terms if each.current), key=lambda each: (each.position, each.rule)):
        applies = each.measure not in known and (each.applies_if is None or meets(each.applies_if))
        if applies:
            found.setdefault(each.measure, each)
    return [
        each
        for each in found.values()
        if (each.starts_if is None or meets(each.starts_if)) and not meets(each.stops_if)
    ]


def next_state(state: State, terms: Terms, meets: Callable[[str], bool]) -> State:
    """Return the state that a clock is in from now on.

    Stopped as long as what stops it holds, and for good if the terms let nothing resume; else paused as long as what
    pauses it holds.
    """
    if meets(terms.stops_if) or (state == "stopped" and not terms.resumes):
        return "stopped"
    return "paused" if terms.pauses_if is not None and meets(terms.pauses_if) else "running"
