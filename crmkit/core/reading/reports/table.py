"""The result of a report: a typed table, with the chart and the notes that go with it."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from attrs import Attribute, field, frozen

from crmkit.core.declare.names import as_text
from crmkit.core.reading.reports.columns import EXPECTED, Cell, Column
from crmkit.core.reading.reports.errors import CellError, TableError, UnknownColumnError
from crmkit.translation import _, ngettext
from crmkit.translation.languages import Languages

if TYPE_CHECKING:
    from datetime import datetime
    from os import PathLike

    from crmkit.core.reading.reports.chart import Chart
    from crmkit.core.reading.reports.display import Display
    from crmkit.translation.languages import Language

__all__ = ["Cell", "Column", "Parameter", "Row", "Table"]

Row: TypeAlias = tuple[Cell, ...]
Parameter: TypeAlias = Cell | Sequence[Cell]


def _columns(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(columns)


def _notes(notes: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(as_text(each) for each in ((notes,) if isinstance(notes, str) else notes))


def _rows(rows: Iterable[Iterable[Cell]]) -> tuple[Row, ...]:
    return tuple(tuple(row) for row in rows)


def _total(total: Iterable[Cell] | None) -> Row | None:
    return None if total is None else tuple(total)


def _parameters(parameters: Mapping[str, Parameter]) -> Mapping[str, Parameter]:
    return MappingProxyType(dict(parameters))


@frozen
class Table:
    """What a report gives.

    Every row has one cell a column, of the column's kind or `None`. `total` is one more row, shown below the others
    and never part of them. `notes` are whole sentences about the figures (or one). `parameters` are those the
    report ran with. `languages` are those of the CRM that the report was run in.

    Renderers for people take a `locale` (`"en"`, `"zh_Hans_CN"`), whose language they speak, and an IANA `time_zone`;
    those for programs (`to_csv`, `to_json`) give the same text everywhere. Each imports the library it needs when it is
    called.

    Raises:
        TableError: if columns repeat, or a row or the total is too short or too long.
        CellError: if a cell doesn't hold what its column says.
        UnknownColumnError: if the chart names a column that isn't there.
    """

    columns: tuple[Column, ...] = field(converter=_columns)
    rows: tuple[Row, ...] = field(converter=_rows)
    title: str = field(default="", converter=as_text, kw_only=True)
    total: Row | None = field(default=None, converter=_total, kw_only=True)
    chart: Chart | None = field(default=None, kw_only=True)
    notes: tuple[str, ...] = field(default=(), converter=_notes, kw_only=True)
    parameters: Mapping[str, Parameter] = field(factory=dict, converter=_parameters, kw_only=True)
    languages: Languages = field(factory=Languages, kw_only=True, eq=False, repr=False)

    @columns.validator
    def _check_columns(self, _attribute: Attribute[tuple[Column, ...]], columns: tuple[Column, ...]) -> None:
        repeated = [name for name, times in Counter(column.name for column in columns).items() if times > 1]
        if repeated:
            raise TableError(
                title=self.title, problem=_("the column {repeated!r} is there twice. Rename one.", repeated=repeated[0])
            )
        if not columns:
            raise TableError(title=self.title, problem=_("it has no columns. Give it at least one."))

    @rows.validator
    def _check_rows(self, _attribute: Attribute[tuple[Row, ...]], rows: tuple[Row, ...]) -> None:
        for number, row in enumerate(rows, start=1):
            self._check_row(row, number)

    @total.validator
    def _check_total(self, _attribute: Attribute[Row | None], total: Row | None) -> None:
        if total is not None:
            self._check_row(total, None)

    @chart.validator
    def _check_chart(self, _attribute: Attribute[Chart | None], chart: Chart | None) -> None:
        for name in chart.columns if chart else ():
            self.column(name)

    def _check_row(self, row: Row, number: int | None) -> None:
        if len(row) != len(self.columns):
            place = _("the total") if number is None else _("row {number}", number=number)
            problem = ngettext(
                "{place} has {count} cell, but should have {columns}: one for each column.",
                "{place} has {count} cells, but should have {columns}: one for each column.",
                len(row),
                place=place,
                columns=len(self.columns),
            )
            raise TableError(title=self.title, problem=problem)
        for column, value in zip(self.columns, row, strict=True):
            if not column.holds(value):
                raise CellError(
                    title=self.title,
                    row=number,
                    column=column.name,
                    kind=column.kind,
                    given=type(value).__name__,
                    expected=EXPECTED[column.kind],
                )

    def speaking(self, languages: Languages) -> Table:
        """Return the table with the languages that its renderers may speak."""
        return self._changed(languages=languages)

    def translated(self, language: Language) -> Table:
        """Return the table with its title, labels, notes and those cells that are texts in a language."""
        say = language.say
        return self._changed(
            columns=tuple(each.translated(language) for each in self.columns),
            rows=tuple(tuple(say(cell) if isinstance(cell, str) else cell for cell in row) for row in self.rows),
            title=say(self.title),
            total=self.total and tuple(say(cell) if isinstance(cell, str) else cell for cell in self.total),
            chart=self.chart and self.chart.translated(language),
            notes=tuple(map(say, self.notes)),
        )

    def _changed(self, **values: object) -> Table:
        """Return a copy with other values, which are known to fit."""
        made = copy.copy(self)
        for name, value in values.items():
            object.__setattr__(made, name, value)
        return made

    def _for(self, locale: str, time_zone: str) -> tuple[Table, Display]:
        """Return the table in the language of a locale, and how its cells are shown."""
        from crmkit.core.reading.reports.display import Display

        display = Display.of(locale, time_zone, self.languages)
        return self.translated(display.language), display

    def column(self, name: str) -> Column:
        """Return the column of that name.

        Raises:
            UnknownColumnError: if there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownColumnError(title=self.title, column=name, known=tuple(each.name for each in self.columns))

    def records(self) -> list[dict[str, Cell]]:
        """Return the rows as dictionaries by column name, the total left out."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def to_text(
        self, *, width: int | None = None, color: bool = False, locale: str = "en", time_zone: str = "UTC"
    ) -> str:
        """Draw the table in characters for a terminal `width` characters wide, or as wide as it needs."""
        from crmkit.core.reading.reports.text import text

        return text(*self._for(locale, time_zone), width=width, color=color)

    def to_csv(self, *, neutralise: Callable[[str], str] | None = None) -> str:
        """Write the rows as CSV for programs: column names, plain numbers, ISO dates, durations in seconds.

        Nothing known and empty text are both an empty cell; the total is left out. `neutralise` is given every text
        cell and returns one that no spreadsheet takes for a formula.
        """
        from crmkit.core.reading.reports.export import csv_text

        return csv_text(self, neutralise)

    def to_json(self, *, indent: int | None = 2) -> str:
        """Write the whole table as JSON; `json_text` documents the shape."""
        from crmkit.core.reading.reports.export import json_text

        return json_text(self, indent)

    def to_html(
        self,
        *,
        page: bool = True,
        locale: str = "en",
        time_zone: str = "UTC",
        fonts: str | PathLike[str] | None = None,
    ) -> str:
        """Write a whole accessible page, or only the part of one that holds the report, with the chart inside."""
        from crmkit.core.reading.reports.html import html

        return html(*self._for(locale, time_zone), page=page, fonts=fonts)

    def to_xlsx(
        self,
        target: str | PathLike[str] | BinaryIO,
        *,
        locale: str = "en",
        time_zone: str = "UTC",
        created: datetime | None = None,
    ) -> None:
        """Write a workbook with one sheet: typed cells, a fixed header row, a filter; text is never a formula.

        Raises:
            SheetTooLongError: if there are more rows than a worksheet can hold.
        """
        from crmkit.core.reading.reports.xlsx import write_xlsx

        table, display = self._for(locale, time_zone)
        write_xlsx(table, target, display, created)

    def to_vega(self, *, locale: str = "en", time_zone: str = "UTC") -> dict[str, object]:
        """Return the chart as a complete Vega-Lite dictionary with titles, formats and this table's data.

        Raises:
            NoChartError: if the report has no chart.
        """
        from crmkit.core.reading.reports.vega import vega

        return vega(*self._for(locale, time_zone))

    def to_svg(self, *, locale: str = "en", time_zone: str = "UTC", fonts: str | PathLike[str] | None = None) -> str:
        """Draw the chart as SVG; `fonts` is a folder of more fonts.

        Raises:
            NoChartError: if the report has no chart.
            ChartsUnavailableError: if the extra `charts` isn't installed.
        """
        from crmkit.core.reading.reports.drawing import svg

        return svg(*self._for(locale, time_zone), fonts=fonts)

    def to_png(
        self,
        *,
        locale: str = "en",
        time_zone: str = "UTC",
        fonts: str | PathLike[str] | None = None,
        scale: float = 2.0,
    ) -> bytes:
        """Draw the chart as PNG, `scale` pixels for each of its points; `fonts` is a folder of more fonts.

        Raises:
            NoChartError: if the report has no chart.
            ChartsUnavailableError: if the extra `charts` isn't installed.
        """
        from crmkit.core.reading.reports.drawing import png

        return png(*self._for(locale, time_zone), fonts=fonts, scale=scale)
