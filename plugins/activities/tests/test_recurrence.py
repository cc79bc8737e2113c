from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import InvalidValue
from crmkit_activities.events.recurrence import Extra, Recurrence
from crmkit_activities.events.rules import parse_rule
from crmkit_activities.events.spans import Span, first_free, united, without

pytestmark = pytest.mark.row("C1")
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, 9)
BEGIN, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


def at(hours: int) -> datetime:
    """Return a moment so many hours after the beginning."""
    return BEGIN + timedelta(hours=hours)


def weekly(text: str = "FREQ=WEEKLY", **given: object) -> Recurrence:
    """Return a meeting of an hour that recurs from the first Monday on."""
    return Recurrence(start=MONDAY, length=HOUR, zone=PARIS, rules=(parse_rule(text),), **given)  # type: ignore[arg-type]


def days(found: Recurrence) -> list[int]:
    """Return the days of March on which it takes place."""
    return [each.wall.day for each in found.between(BEGIN, END)]


def test_dates_come_along_and_exceptions_are_left_out() -> None:
    """RDATE adds times, once if the rule has them, too; EXDATE takes times away."""
    extras = (Extra(wall=datetime(2026, 3, 3, 9)), Extra(wall=datetime(2026, 3, 9, 9)))
    found = weekly(extras=extras, exceptions=frozenset({datetime(2026, 3, 16, 9)}))
    assert days(found) == [2, 3, 9, 23, 30]


def test_an_added_time_may_last_otherwise() -> None:
    """A period among the added dates has a length of its own."""
    found = weekly(extras=(Extra(wall=datetime(2026, 3, 3, 9), length=3 * HOUR),))
    assert [(each.span.end - each.span.start) // HOUR for each in found.between(BEGIN, END)] == [1, 3, 1, 1, 1, 1]


def test_what_began_before_and_lasts_is_there() -> None:
    """An occurrence is in a window if it overlaps it; one that only touches it isn't."""
    found = weekly()
    first = found.between(BEGIN, END)[0].span
    assert len(found.between(first.start + HOUR / 2, first.start + HOUR)) == 1
    assert found.between(first.end, first.end + HOUR) == []
    assert found.between(first.start - HOUR, first.start) == []


def test_what_takes_no_time_is_at_its_moment() -> None:
    """An event without length is in the window that begins with it, and not in the one that ends with it."""
    found = Recurrence(start=MONDAY, length=timedelta(0), zone=PARIS)
    moment = found.span(MONDAY).start
    assert len(found.between(moment, moment + HOUR)) == 1
    assert found.between(moment - HOUR, moment) == []


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("FREQ=WEEKLY", None),
        ("FREQ=WEEKLY;COUNT=3", datetime(2026, 3, 16, 9, tzinfo=UTC)),
        ("FREQ=WEEKLY;UNTIL=20260316T080000Z", datetime(2026, 3, 16, 9, tzinfo=UTC)),
        ("FREQ=WEEKLY;COUNT=1", datetime(2026, 3, 2, 9, tzinfo=UTC)),
    ],
)
def test_bounds_hold_all_that_takes_place(text: str, end: datetime | None) -> None:
    """The bounds of an event are its first moment and one behind its last, None if there is no last."""
    assert weekly(text).bounds() == (datetime(2026, 3, 2, 8, tzinfo=UTC), end)


def test_a_time_of_it_is_known() -> None:
    """What takes place is known by its time on the clock, exceptions included, as changed occurrences are named so."""
    found = weekly(exceptions=frozenset({datetime(2026, 3, 9, 9)}))
    assert found.takes_place(datetime(2026, 3, 9, 9))
    assert not found.takes_place(datetime(2026, 3, 10, 9))
    assert not found.takes_place(datetime(2026, 2, 23, 9))


def test_too_much_is_refused() -> None:
    """More occurrences than were asked for are an error, not a list without end."""
    with pytest.raises(InvalidValue, match="more than 100 times"):
        weekly("FREQ=HOURLY").between(BEGIN, END, most=100)


hours = st.integers(0, 60)
spans = st.lists(st.tuples(hours, hours).map(lambda pair: Span(at(min(pair)), at(max(pair)))), max_size=8)


def covered(found: list[Span]) -> set[int]:
    """Return the hours that are within spans."""
    return {each for each in range(61) if any(span.start <= at(each) < span.end for span in found)}


@given(spans=spans, taken=spans)
def test_spans_are_sets_of_moments(spans: list[Span], taken: list[Span]) -> None:
    """Uniting spans and taking others away does to them what it does to the sets of their moments."""
    left = [*without(spans, taken)]
    assert covered(united(spans)) == covered(spans)
    assert covered(left) == covered(spans) - covered(taken)
    assert left == united(left)


@given(spans=spans, taken=spans, length=st.integers(1, 5))
def test_the_first_free_span_is_the_first(spans: list[Span], taken: list[Span], length: int) -> None:
    """It is open and free from its beginning to its end, and none begins before it."""
    found = first_free(spans, taken, length * HOUR)
    free = covered(spans) - covered(taken)
    starts = [each for each in range(61) if set(range(each, each + length)) <= free]
    assert (None if found is None else (found.start - BEGIN) // HOUR) == (starts[0] if starts else None)
