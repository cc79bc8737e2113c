"""What can be wrong with the table, the chart or the rendering of a report."""

from __future__ import annotations

from attrs import define

from crmkit.errors import CRMKitError, listed
from crmkit.translation import _


class ReportError(CRMKitError):
    """A report's result can't be built or shown."""


@define(kw_only=True, eq=False)
class ColumnError(ReportError):
    """A column of a report's table is wrong in itself."""

    column: str
    problem: str

    @property
    def message(self) -> str:
        """Name the column and the problem."""
        return _("The report column {column!r}: {problem}", column=self.column, problem=self.problem)


@define(kw_only=True, eq=False)
class TableError(ReportError):
    """Columns, rows, total and chart of a report's table don't fit together."""

    title: str
    problem: str

    @property
    def message(self) -> str:
        """Name the table and the problem."""
        return _("The report table {title!r}: {problem}", title=self.title, problem=self.problem)


@define(kw_only=True, eq=False)
class CellError(ReportError):
    """A cell of a report's table has a type that its column doesn't hold; `row` counts from 1, `None` is the total."""

    title: str
    row: int | None
    column: str
    kind: str
    given: str
    expected: str

    @property
    def message(self) -> str:
        """Name the cell, what it holds and what it should hold."""
        place = _("in the total") if self.row is None else _("in row {row}", row=self.row)
        return _(
            "The report table {title!r}, {place}: the column {column!r} is of kind {kind} and holds {expected}, "
            "not {given}.",
            title=self.title,
            place=place,
            column=self.column,
            kind=self.kind,
            expected=self.expected,
            given=self.given,
        )


@define(kw_only=True, eq=False)
class ChartError(ReportError):
    """A chart's Vega-Lite dictionary can't be used."""

    problem: str

    @property
    def message(self) -> str:
        """Say what is wrong with the chart."""
        return _("The report's chart: {problem}", problem=self.problem)


@define(kw_only=True, eq=False)
class NoChartError(ReportError):
    """A picture is asked for, but the report has no chart."""

    title: str

    @property
    def message(self) -> str:
        """Name the report and the forms it has."""
        return _("The report {title!r} has no chart. Ask for text, CSV, JSON, HTML or XLSX.", title=self.title)


class ChartsUnavailableError(ReportError):
    """A picture is asked for, but the library that draws charts isn't installed."""

    @property
    def message(self) -> str:
        """Name the extra to install."""
        return _("Charts need the library vl-convert, which is not installed. Run: pip install crmkit[charts]")


@define(kw_only=True, eq=False)
class FontFolderError(ReportError):
    """The configured folder of fonts isn't there."""

    folder: str

    @property
    def message(self) -> str:
        """Name the folder."""
        return _(
            "The folder of fonts {folder!r} is not a folder. Correct the setting, or leave it out.", folder=self.folder
        )


@define(kw_only=True, eq=False)
class UnknownLocaleError(ReportError):
    """A report is asked for in a locale that nobody knows."""

    locale: str

    @property
    def message(self) -> str:
        """Name the locale and two that exist."""
        return _("There is no locale {locale!r}. Locales are named like 'en' or 'zh_Hans_CN'.", locale=self.locale)


@define(kw_only=True, eq=False)
class UnknownTimeZoneError(ReportError):
    """A report is asked for in a time zone that nobody knows."""

    time_zone: str

    @property
    def message(self) -> str:
        """Name the time zone and one that exists."""
        return _(
            "There is no time zone {time_zone!r}. Time zones have IANA names, like 'Asia/Shanghai' or 'UTC'.",
            time_zone=self.time_zone,
        )


@define(kw_only=True, eq=False)
class SheetTooLongError(ReportError):
    """A table has more rows than a worksheet can hold."""

    title: str
    rows: int
    limit: int

    @property
    def message(self) -> str:
        """Give the numbers and the way out."""
        return _(
            "The report {title!r} has {rows} rows; a worksheet holds {limit}. Narrow the report, or export it as CSV.",
            title=self.title,
            rows=f"{self.rows:,}",
            limit=f"{self.limit:,}",
        )


@define(kw_only=True, eq=False)
class UnknownColumnError(ReportError):
    """A column is asked for by a name that the table doesn't have."""

    title: str
    column: str
    known: tuple[str, ...]

    @property
    def message(self) -> str:
        """Name the column and those that exist."""
        return _(
            "The report table {title!r} has no column {column!r}. Its columns: {names}.",
            title=self.title,
            column=self.column,
            names=listed(self.known),
        )
