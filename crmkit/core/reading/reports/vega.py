"""From a chart and its table to a complete Vega-Lite dictionary: titles, scale types, number formats, order, data."""

from __future__ import annotations

import copy
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from attrs import evolve

from crmkit.core.reading.reports.chart import END, PLACE, SERIES, SHOWN, TEXT, UNIQUE, VALUE, column_of
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.datums import Datums
from crmkit.core.reading.reports.display import NO_ROWS, one_line
from crmkit.core.reading.reports.errors import NoChartError
from crmkit.core.reading.reports.scales import axis_labels, time_axis
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.reading.reports.display import Display
    from crmkit.core.reading.reports.table import Table

SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
MOST_ROWS: Final = 100
WIDTH: Final = 560
_POSITIONS = frozenset({"x", "y"})
_PARTS = ("layer", "hconcat", "vconcat", "concat")
# The second line of a name hangs below the first, so the first goes up by half a line.
_TWO_LINES: Final[Mapping[str, object]] = MappingProxyType(
    {
        "labelExpr": "split(datum.label, '\\n')",
        "labelOffset": {"condition": {"test": "indexof(datum.value, '\\n') >= 0", "value": -7}, "value": 0},
    }
)

Spec = dict[str, object]


def vega(table: Table, display: Display) -> Spec:
    """Return the table's chart with everything that drawing it needs. A chart shows the first hundred rows.

    Raises:
        NoChartError: if the report has no chart.
    """
    if table.chart is None:
        raise NoChartError(title=table.title)
    spec: Spec = {"$schema": SCHEMA, "width": WIDTH, "title": _title(table, display)}
    if not table.rows:
        return {**spec, "height": 60, "data": {"values": [{}]}, **_message(display.language.say(NO_ROWS))}
    datums = Datums(table=evolve(table, rows=table.rows[:MOST_ROWS]), chart=table.chart, display=display)
    spec |= copy.deepcopy(dict(table.chart.spec))
    spec["data"] = {"values": datums.values()}
    _complete(spec, datums)
    return spec


def _title(table: Table, display: Display) -> Spec:
    title: Spec = {"text": one_line(table.title)}
    if len(table.rows) > MOST_ROWS:
        title["subtitle"] = display.language.say(
            _("The first {shown} of {all} rows", shown=MOST_ROWS, all=display.number(Decimal(len(table.rows)), 0, 0))
        )
    return title


def _message(text: str) -> Spec:
    return {"mark": {"type": "text", "fontSize": 14, "color": "#52606d"}, "encoding": {"text": {"value": text}}}


def _complete(spec: Spec, datums: Datums) -> None:
    """Fill in what the columns say, here and in every part of the dictionary; what it says itself stays."""
    encoding = spec.get("encoding")
    for channel, definition in encoding.items() if isinstance(encoding, dict) else ():
        for each in definition if isinstance(definition, list) else [definition]:
            if isinstance(each, dict) and isinstance(each.get("field"), str):
                _complete_channel(str(channel), each, datums)
    for key in _PARTS:
        parts = spec.get(key)
        for part in parts if isinstance(parts, list) else ():
            _complete(part, datums)


def _complete_channel(channel: str, definition: Spec, datums: Datums) -> None:
    drawn = str(definition["field"])
    column = _column(drawn, datums)
    kind = definition.setdefault("type", _scale(drawn, column))
    if column is None or drawn.startswith(TEXT):
        return
    definition.setdefault("title", _title_of(column, datums) or None)
    if kind == "nominal":
        definition.setdefault("sort", None)
    axis = definition.setdefault("axis", {}) if channel in _POSITIONS else None
    if isinstance(axis, dict) and not axis.keys() & {"format", "labelExpr"}:
        axis.update({**_axis(drawn, str(kind), column, datums), **axis})


def _column(drawn: str, datums: Datums) -> Column | None:
    """Return the column that a field shows: for `_value` the first measure, whose label says too little."""
    if drawn == VALUE:
        return evolve(datums.table.column(datums.chart.measures[0]), label="")
    if drawn == SERIES:
        return Column("series", "")
    return next((column for column in datums.table.columns if column.name == column_of(drawn)), None)


def _scale(drawn: str, column: Column | None) -> str:
    if drawn in {PLACE, END}:
        return "quantitative"
    if column is None or drawn == SHOWN or drawn.startswith((TEXT, UNIQUE)):
        return "nominal"
    if column.kind in {"date", "datetime"}:
        return "temporal"
    return "quantitative" if column.is_number else "nominal"


def _axis(drawn: str, kind: str, column: Column, datums: Datums) -> Mapping[str, object]:
    if kind == "nominal":
        return _TWO_LINES if drawn.startswith(UNIQUE) else {}
    if kind == "temporal":
        return time_axis(column, *datums.reach(column), datums.display)
    least_step = {"tickMinStep": 1} if column.kind == "integer" else {}
    return {"labelExpr": axis_labels(column, datums.display), "tickCount": 5, **least_step}


def _title_of(column: Column, datums: Datums) -> str:
    measure = datums.unit(column)[0] if column.kind == "duration" else column.currency or column.unit
    title = f"{column.label} ({measure})" if column.label and measure else column.label or measure or ""
    # Vega-Lite writes titles into expressions and doesn't escape this sign there.
    return one_line(title).replace("\\", "＼")
