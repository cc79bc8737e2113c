"""Due: when a record returns to a pool, as a pure function of what is known about it and of the pools' terms.

The countdown that people see and the sweep both ask here, so they can't disagree.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit_workflow.pools.entities import ANY_KIND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
PROTECTION = "protection"


@frozen(kw_only=True)
class Calendar:
    """Where days begin, and which of them are working days.

    Attributes:
        zone: the home time zone: a day begins at its midnight.
        is_working: whether people work on a day.
    """

    zone: ZoneInfo
    is_working: Callable[[date], bool] = field(default=lambda day: day.weekday() < 5)  # noqa: PLR2004  (Monday to Friday)

    def day_of(self, moment: datetime) -> date:
        """Return the day of a moment."""
        return day_in(moment, self.zone)

    def begin(self, day: date) -> datetime:
        """Return the moment, UTC, at which a day begins."""
        return midnight(day, self.zone)

    def later(self, moment: datetime, duration: timedelta) -> datetime:
        """Return the moment, UTC, so long after another one; whole days keep the time of day when clocks change."""
        days, rest = divmod(duration, DAY)
        return (moment.astimezone(self.zone) + days * DAY).astimezone(UTC) + rest

    def day_after(self, start: date, days: int, *, working: bool) -> date:
        """Return the day after so many days have passed since another one; it is a working day if those are."""
        if not working:
            return start + timedelta(days=days + 1)
        day, left = start, days + 1
        while left:
            day += DAY
            left -= self.is_working(day)
        return day


@lru_cache(maxsize=4096)
def day_in(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day of a moment in a time zone; asked for once by every rule."""
    return moment.astimezone(zone).date()


@lru_cache(maxsize=4096)
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment, UTC, at which a day begins in a time zone."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


@frozen(kw_only=True)
class ReturnRule:
    """A rule of a pool; see `PoolRule`."""

    id: int
    kind: str
    days: int
    level: str | None = None
    product: int | None = None
    spares_won: bool = True
    spares_opportunities: bool = False
    activity_kinds: frozenset[str] = frozenset()


@frozen(kw_only=True)
class Terms:
    """The terms of an active pool.

    Attributes:
        members: the users who take part; only what they own returns.
        target: the pool to which records return.
        since: since when the rules count, UTC: nobody loses a record for time before that; None if they never began.
        initial, longest: the protection, and how long it may last with all extensions.
        spares_won, spares_opportunities: whether such records stay when it ends.
        extensions: by how much an activity extends it, by kind; `*` for all others.
    """

    pool: int
    target: int
    priority: int = 100
    members: frozenset[int] = frozenset()
    since: datetime | None = None
    working_days: bool = False
    initial: timedelta | None = None
    longest: timedelta | None = None
    spares_won: bool = False
    spares_opportunities: bool = False
    extensions: Mapping[str, timedelta] = field(factory=dict)
    rules: tuple[ReturnRule, ...] = ()
    remind_before: tuple[int, ...] = ()


@frozen(kw_only=True)
class Held:
    """What is known about a record that somebody owns.

    Attributes:
        since: since when the owner has it, UTC; since it was made, if nobody knows.
        follow_ups: when it was last followed up, UTC, by kind of activity.
        opportunities: when the newest living opportunity was opened, by product, None for any.
        wins: when something was last won, by product, None for any.
        has_open: the products of open opportunities, None for any.
        products: the product that the record names.
        dates: the date of each rule that counts from one, by rule.
        exempt: the rules whose exemption it meets.
        kept_by: the pools whose exemption it meets.
        is_locked: whether no rule takes it.
    """

    owner: int
    since: datetime
    follow_ups: Mapping[str, datetime] = field(factory=dict)
    opportunities: Mapping[int | None, datetime] = field(factory=dict)
    wins: Mapping[int | None, datetime] = field(factory=dict)
    has_open: frozenset[int | None] = frozenset()
    level: str | None = None
    products: frozenset[int] = frozenset()
    dates: Mapping[int, date] = field(factory=dict)
    exempt: frozenset[int] = frozenset()
    kept_by: frozenset[int] = frozenset()
    is_locked: bool = False


@frozen(kw_only=True)
class Return:
    """A return to a pool: by which pool's terms, to which pool, by which kind of rule, and at which moment (UTC)."""

    at: datetime
    pool: int
    target: int
    kind: str
    rule: int | None = None
    days: int = 0


End = tuple[datetime, Terms, ReturnRule | None]
"""When a record is no longer kept with its owner, by whose terms, and by which of their rules; None: the protection."""


def due(held: Held, terms: Iterable[Terms], now: datetime, calendar: Calendar) -> list[Return]:
    """Return the returns whose moment has come, the one that counts first."""
    return [each for each in returns(held, terms, calendar) if each.at <= now]


def returns(held: Held, terms: Iterable[Terms], calendar: Calendar) -> list[Return]:
    """Return when a record returns by the terms of each pool, the earliest first; of equal ones, by priority."""
    found = ends_of(held, terms, calendar)
    found.sort(key=place_of)
    return [made(each) for each in found]


def first_return(held: Held, terms: Iterable[Terms], calendar: Calendar) -> Return | None:
    """Return the return that counts, the first of `returns`; None if there is none."""
    found = ends_of(held, terms, calendar)
    return made(min(found, key=place_of)) if found else None


def ends_of(held: Held, terms: Iterable[Terms], calendar: Calendar) -> list[End]:
    """Return all ends of what keeps a record with its owner, in any order."""
    if held.is_locked:
        return []
    return [
        one
        for each in terms
        if each.since is not None and held.owner in each.members and each.pool not in held.kept_by
        for one in ends_by(held, each, calendar)
    ]


def place_of(end: End) -> tuple[datetime, int, int]:
    """Return by what ends are put in order."""
    at, terms, _rule = end
    return at, terms.priority, terms.pool


def made(end: End) -> Return:
    """Return the return that an end leads to."""
    at, terms, rule = end
    if rule is None:
        return Return(at=at, pool=terms.pool, target=terms.target, kind=PROTECTION)
    return Return(at=at, pool=terms.pool, target=terms.target, kind=rule.kind, rule=rule.id, days=rule.days)


def ends_by(held: Held, terms: Terms, calendar: Calendar) -> Iterator[End]:
    """Yield the ends by the terms of one pool, of the protection and of each rule that is for the record."""
    assert terms.since is not None
    start = max(held.since, terms.since)
    if terms.initial is not None and not is_spared(terms, held):
        yield protected_until(held, terms, start, calendar), terms, None
    for rule in terms.rules:
        begin = start_of(rule, held, start, calendar) if applies(rule, held) else None
        if begin is not None:
            day = calendar.day_after(begin, rule.days, working=terms.working_days)
            yield max(calendar.begin(day), terms.since), terms, rule


def protected_until(held: Held, terms: Terms, start: datetime, calendar: Calendar) -> datetime:
    """Return when the protection ends: later with every activity, but never later than the longest one.

    Source: the protection period of hecom (红圈): `return_at = max(return_at, activity + extension)`.
    """
    assert terms.initial is not None
    found = calendar.later(start, terms.initial)
    for kind, at in held.follow_ups.items():
        extension = terms.extensions.get(kind, terms.extensions.get(ANY_KIND))
        if extension is not None and at >= start:
            found = max(found, calendar.later(at, extension))
    return found if terms.longest is None else min(found, calendar.later(start, terms.longest))


def applies(rule: ReturnRule, held: Held) -> bool:
    """Return whether a rule is about a record at all."""
    if rule.id in held.exempt or (rule.level is not None and rule.level != held.level):
        return False
    if rule.product is not None and rule.kind in {"follow_up", "date"} and rule.product not in held.products:
        return False
    return not is_spared(rule, held)


def is_spared(by: Terms | ReturnRule, held: Held) -> bool:
    """Return whether a record stays as something was won with it, or may be."""
    return (by.spares_won and None in held.wins) or (by.spares_opportunities and None in held.has_open)


def start_of(rule: ReturnRule, held: Held, start: datetime, calendar: Calendar) -> date | None:
    """Return the day from which a rule counts; None if what it asks for was done."""
    if rule.kind == "date":
        return held.dates.get(rule.id)
    if rule.kind == "follow_up":
        kinds = rule.activity_kinds
        moments = [at for kind, at in held.follow_ups.items() if not kinds or kind in kinds]
        return calendar.day_of(max([start, *moments]))
    done = (held.opportunities if rule.kind == "opportunity" else held.wins).get(rule.product)
    return None if done is not None and done >= start else calendar.day_of(start)
