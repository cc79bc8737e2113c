from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.errors import (
    CellError,
    ColumnError,
    TableError,
    UnknownColumnError,
)
from crmkit.core.reading.reports.table import Table

if TYPE_CHECKING:
    from crmkit.core.reading.reports.columns import Cell, Kind

NAME, COUNT = Column("name", "Name"), Column("count", "Count", "integer")


def test_a_row_has_one_cell_a_column() -> None:
    """A row that is too short is refused by its number."""
    with pytest.raises(TableError, match="'Deals': row 2 has 1 cell, but should have 2"):
        Table([NAME, COUNT], [("a", 1), ("b",)], title="Deals")


def test_a_total_has_one_cell_a_column() -> None:
    """A total that is too long is refused like a row."""
    with pytest.raises(TableError, match="the total has 3 cells"):
        Table([NAME, COUNT], [], total=("a", 1, 2))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 1),
        ("integer", True),
        ("integer", Decimal(1)),
        ("decimal", Decimal("NaN")),
        ("percent", Decimal("Infinity")),
        ("date", datetime(2024, 1, 1, tzinfo=UTC)),
        ("datetime", datetime(2024, 1, 1)),  # noqa: DTZ001  (a time without a zone is what is refused)
        ("datetime", date(2024, 1, 1)),
        ("duration", 5),
        ("boolean", 1),
    ],
)
def test_a_cell_holds_what_its_column_says(kind: Kind, value: Cell) -> None:
    """A value of another type, an endless number and a time without a zone are refused."""
    with pytest.raises(CellError, match=f"in row 1: the column 'x' is of kind {kind}"):
        Table([Column("x", "X", kind)], [(value,)])


def test_a_float_is_no_amount() -> None:
    """The error names row, column and what the column holds instead, and quotes no value."""
    with pytest.raises(CellError) as caught:
        Table([Column("paid", "Paid", "money", currency="EUR")], [(12.5,)], title="Paid")  # type: ignore[list-item]
    assert caught.value.message == (
        "The report table 'Paid', in row 1: the column 'paid' is of kind money and holds "
        "a finite decimal.Decimal or an int, in the column's currency, not float."
    )


def test_column_names_differ() -> None:
    """Two columns of one name are refused."""
    with pytest.raises(TableError, match="'name' is there twice"):
        Table([NAME, NAME], [])


def test_a_table_has_columns() -> None:
    """A table without columns is refused."""
    with pytest.raises(TableError, match="no columns"):
        Table([], [])


@pytest.mark.parametrize("name", ["", "Stage", "1st", "a b", "a..b", "a']", "x" * 42])
def test_a_column_name_is_one_that_programs_can_use(name: str) -> None:
    """Names are lower-case words, joined by dots for paths."""
    with pytest.raises(ColumnError):
        Column(name, "Label")


@pytest.mark.parametrize(
    ("kind", "currency", "places"),
    [("money", None, None), ("money", "euro", None), ("text", "EUR", None), ("decimal", None, -1), ("ref", None, None)],
)
def test_kind_currency_and_places_fit_together(kind: Kind, currency: str | None, places: int | None) -> None:
    """Money has a currency of three letters, nothing else has one, and places are few."""
    with pytest.raises(ColumnError):
        Column("x", "X", kind, currency=currency, places=places)


def test_a_chart_names_columns_of_the_table() -> None:
    """A chart of a column that isn't there is refused, and the columns that are there are named."""
    with pytest.raises(UnknownColumnError, match=r"no column 'amount'\. Its columns: count, name"):
        Table([NAME, COUNT], [], chart=chart.bar("name", "amount"))


def test_a_table_is_a_value() -> None:
    """Tables of equal parts are equal, whatever iterables they were made of."""
    first = Table([NAME, COUNT], iter([("a", 1)]), notes="One note.")
    assert first == Table((NAME, COUNT), [("a", 1)], notes=["One note."])
    assert first.records() == [{"name": "a", "count": 1}]


def test_a_span_of_time_is_a_cell() -> None:
    """A duration column holds spans of time."""
    assert Column("age", "Age", "duration").holds(timedelta(days=1))
