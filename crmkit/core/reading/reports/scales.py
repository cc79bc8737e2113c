"""Numbers on the scales of charts, short and as the locale writes them: `10M`, `1000万`, `3 Mio.`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from babel.units import get_unit_name

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from crmkit.core.reading.reports.columns import Column
    from crmkit.core.reading.reports.display import Display

_DAYS_BY_DAY, _DAYS_FOR_MONTHS, _DAYS_FOR_QUARTERS, _DAYS_FOR_YEARS = 14, 62, 430, 1_200
_SHORTENED_FROM = 10_000  # 1,200 is shorter to read than 1.2K
_SPANS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def axis_labels(column: Column, display: Display) -> str:
    """Return the expression by which Vega writes a number on an axis."""
    if column.kind == "percent":
        return "format(datum.value, ',.12~g') + ' %'"
    plain = "format(datum.value, ',.12~g')"
    expression = plain
    for threshold, divisor, suffix in _steps(display):
        short = f"format(datum.value / {divisor}, ',.12~g') + {json.dumps(suffix)}"
        expression = f"abs(datum.value) >= {threshold} ? {short} : {expression}"
    return expression


def time_axis(column: Column, first: datetime, last: datetime, display: Display) -> dict[str, object]:
    """Return ticks and labels for an axis of time that spans these moments: hours, days, weeks, months or years."""
    days = (last - first).days
    if days > _DAYS_FOR_YEARS:
        return {"labelExpr": "timeFormat(datum.value, '%Y')"}
    if days > _DAYS_FOR_MONTHS:
        step = 1 if days < _DAYS_FOR_QUARTERS else 3
        year = "datum.index == 0 || month(datum.value) == 0 ? timeFormat(datum.value, '%Y') : ''"
        return {
            "labelExpr": f"[timeFormat(datum.value, '%b'), {year}]",
            "tickCount": {"interval": "month", "step": step},
        }
    if days > 1:
        day = json.dumps(_d3_format(display.locale.datetime_skeletons["MMMd"].pattern))
        interval = "day" if days <= _DAYS_BY_DAY else "week"
        return {"labelExpr": f"timeFormat(datum.value, {day})", "tickCount": {"interval": interval, "step": 1}}
    if column.kind == "date":
        return {"labelExpr": "timeFormat(datum.value, '%Y-%m-%d')", "tickCount": {"interval": "day", "step": 1}}
    return {"labelExpr": "timeFormat(datum.value, '%Y-%m-%d %H:%M')", "tickCount": 4}


def _d3_format(pattern: str) -> str:
    """Return the locale's pattern of day and month, such as `d. MMM`, in the letters of d3-time-format."""
    return pattern.replace("MMM", "%b").replace("M", "%-m").replace("d", "%-d").replace("'", "")


def number_locale(display: Display) -> dict[str, object]:
    """Return the locale's signs as d3-format wants them."""
    signs = display.locale.number_symbols["latn"]
    return {"decimal": signs["decimal"], "thousands": signs["group"], "grouping": [3], "currency": ["", ""]}


def time_locale(display: Display) -> dict[str, object]:
    """Return the locale's names of months and days as d3-time-format wants them."""
    months, days = display.locale.months["format"], display.locale.days["format"]
    halves = display.locale.day_periods["format"]["wide"]
    sunday_first = (6, 0, 1, 2, 3, 4, 5)
    return {
        "dateTime": "%Y-%m-%d %H:%M",
        "date": "%Y-%m-%d",
        "time": "%H:%M",
        "periods": [halves.get("am", "AM"), halves.get("pm", "PM")],
        "days": [days["wide"][day] for day in sunday_first],
        "shortDays": [days["abbreviated"][day] for day in sunday_first],
        "months": [months["wide"][month] for month in range(1, 13)],
        "shortMonths": [months["abbreviated"][month] for month in range(1, 13)],
    }


def span_unit(longest: timedelta, display: Display) -> tuple[str, int]:
    """Return name and seconds of the greatest unit that the longest span fills."""
    name, seconds = next((unit for unit in _SPANS if longest.total_seconds() >= unit[1]), _SPANS[-1])
    shown = get_unit_name(f"duration-{name}", "short", locale=display.locale)
    return str(shown or name), seconds


def _steps(display: Display) -> list[tuple[int, int, str]]:
    """Return from which number on the locale shortens, by which divisor and with which suffix, the smallest first."""
    patterns = display.locale.compact_decimal_formats["short"]["other"]
    steps = []
    for threshold, pattern in sorted((int(power), each.pattern) for power, each in patterns.items()):
        zeros = pattern.count("0")
        suffix = re.sub(r"0+|'", "", pattern).replace("\u00a0", " ")
        if suffix.strip() and zeros == 1 and threshold >= _SHORTENED_FROM:
            steps.append((threshold, threshold, suffix))
    return steps
