"""The rows of a table as the data of its chart."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.reading.reports.chart import PLACE, SERIES, SHOWN, TEXT, UNIQUE, VALUE
from crmkit.core.reading.reports.display import one_line
from crmkit.core.reading.reports.scales import span_unit
from crmkit.core.reading.reports.wording import texts, unique_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.reading.reports.chart import Chart
    from crmkit.core.reading.reports.columns import Cell, Column
    from crmkit.core.reading.reports.display import Display
    from crmkit.core.reading.reports.table import Table

Datum = dict[str, object]

_FLOAT_DIGITS = 300
_NO_MOMENT = datetime.combine(date(2000, 1, 1), time.min)


@frozen(kw_only=True)
class Datums:
    """The data of one drawing: numbers as floats, which is exact enough for a picture, and texts by locale."""

    table: Table
    chart: Chart
    display: Display

    def values(self) -> list[Datum]:
        """Return one datum a row, or one for each row and measure."""
        rows: list[Datum] = [{} for _ in self.table.rows]
        for column in self.table.columns:
            cells = self._cells(column)
            shown = texts(column, cells, self.display)
            for row, value, text, unique in zip(rows, cells, shown, unique_names(shown), strict=True):
                row[column.name] = self._drawable(column, value)
                row[TEXT + column.name] = text
                row[UNIQUE + column.name] = unique
        return [series for row in rows for series in self._series(row)] if self.chart.measures else rows

    def unit(self, column: Column) -> tuple[str, int]:
        """Return name and seconds of the unit in which spans of time are drawn, the same for all measures."""
        names = self.chart.measures if column.name in self.chart.measures else (column.name,)
        spans = [value for name in names for value in self._cells(self.table.column(name))]
        return span_unit(
            max((abs(each) for each in spans if isinstance(each, timedelta)), default=timedelta(0)), self.display
        )

    def reach(self, column: Column) -> tuple[datetime, datetime]:
        """Return the first and the last moment in a column of dates or times, in the display's time zone."""
        moments = [self._moment(value) for value in self._cells(column) if isinstance(value, date)]
        return min(moments, default=_NO_MOMENT), max(moments, default=_NO_MOMENT)

    def _cells(self, column: Column) -> list[Cell]:
        place = self.table.columns.index(column)
        return [row[place] for row in self.table.rows]

    def _series(self, row: Datum) -> Iterator[Datum]:
        for place, name in enumerate(self.chart.measures):
            label = one_line(self.table.column(name).label)
            yield {**row, SERIES: label, VALUE: row[name], SHOWN: row[TEXT + name], PLACE: place}

    def _drawable(self, column: Column, value: Cell) -> object:
        match value:
            case timedelta():
                return value.total_seconds() / self.unit(column)[1]
            case bool():
                return value
            case int() | Decimal():
                # Beyond, no float can hold it: the bar is missing, its text is there.
                return float(value) if Decimal(value).adjusted() < _FLOAT_DIGITS else None
            case date():
                return self._moment(value).isoformat()
            case str():
                return one_line(value)
            case _:
                return value

    def _moment(self, value: date) -> datetime:
        """Return the local moment without its zone: with one, the library would turn it to the machine's."""
        if isinstance(value, datetime):
            return value.astimezone(self.display.zone).replace(tzinfo=None)
        return datetime.combine(value, time.min)
