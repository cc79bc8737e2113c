"""Spans of time: what overlaps, what is left, and the first that is free for long enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta


@frozen(order=True)
class Span:
    """A time from `start` to just before `end`, both in UTC: spans that only touch don't overlap."""

    start: datetime
    end: datetime

    def overlaps(self, other: Span) -> bool:
        """Return whether there is a moment in both; what takes no time overlaps what it lies within."""
        return self.start < other.end and other.start < self.end


def united(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, those that overlap or touch made one; what takes no time is left out."""
    found: list[Span] = []
    for each in sorted(each for each in spans if each.start < each.end):
        if found and each.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, each.end))
        else:
            found.append(each)
    return found


def without(spans: Iterable[Span], taken: Iterable[Span]) -> Iterator[Span]:
    """Yield what is left of spans when others are taken out of them, in order."""
    cuts = united(taken)
    at = 0
    for each in united(spans):
        start = each.start
        while at < len(cuts) and cuts[at].end <= start:
            at += 1
        following = at
        while following < len(cuts) and cuts[following].start < each.end:
            if start < cuts[following].start:
                yield Span(start, cuts[following].start)
            start = cuts[following].end
            following += 1
        if start < each.end:
            yield Span(start, each.end)


def first_free(open_spans: Iterable[Span], taken: Iterable[Span], length: timedelta) -> Span | None:
    """Return the first span of a length that is open and not taken; None if there is none."""
    for each in without(open_spans, taken):
        if each.end - each.start >= length:
            return Span(each.start, each.start + length)
    return None
