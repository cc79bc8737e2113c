from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from python_calamine import CalamineWorkbook

from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.table import Table

if TYPE_CHECKING:
    from pathlib import Path


def sheet(table: Table, *, time_zone: str = "UTC") -> list[list[object]]:
    """Return the cells of the workbook's only sheet."""
    target = io.BytesIO()
    table.to_xlsx(target, time_zone=time_zone)
    book = CalamineWorkbook.from_filelike(io.BytesIO(target.getvalue()))
    return [list(row) for row in book.get_sheet_by_index(0).to_python()]


@pytest.mark.row("I9")
def test_cells_have_their_types(pipeline: Table, tmp_path: Path) -> None:
    """Numbers are numbers, a percent is a fraction, the total follows the rows, the sheet has the report's name."""
    pipeline.to_xlsx(tmp_path / "pipeline.xlsx")
    book = CalamineWorkbook.from_path(tmp_path / "pipeline.xlsx")
    assert book.sheet_names == ["Pipeline"]
    assert book.get_sheet_by_index(0).to_python() == [
        ["Stage", "Deals", "Value (USD)", "Win rate"],
        ["Prospecting", 500.0, 2250000.5, ""],
        ["Engaging", 1589.0, 3560000.0, 0.5],
        ["Won", 4238.0, 10005534.0, 0.6315],
        ["Total", 6327.0, 15815534.5, ""],
    ]


def test_times_are_the_readers(every_kind: Table) -> None:
    """Times are written in the reader's zone, dates as dates, spans as spans, truth as truth."""
    cells = sheet(every_kind, time_zone="Asia/Shanghai")[1][5:]
    expected = [date(2024, 2, 29), datetime(2024, 3, 1, 7, 30, 15, tzinfo=UTC), timedelta(seconds=86401.5), True]
    assert cells == [each.replace(tzinfo=None) if isinstance(each, datetime) else each for each in expected]


def test_what_a_worksheet_can_not_hold_is_text() -> None:
    """Long numbers keep every digit, old dates and negative spans stay readable."""
    columns = [
        Column("a", "A", "money", currency="EUR"),
        Column("b", "B", "date"),
        Column("c", "C", "duration"),
        Column("d", "D", "datetime"),
    ]
    moment = datetime(1, 1, 1, 12, tzinfo=UTC)
    row = (Decimal("12345678901234567890.12"), date(1850, 1, 2), -timedelta(hours=2), moment)
    assert sheet(Table(columns, [row]))[1] == ["12345678901234567890.12", "1850-01-02", "-2 hr", "Jan 1, 1 12:00"]


def test_text_is_never_a_formula_or_a_link() -> None:
    """Cells and headings that look like formulas are written as text."""
    texts = ["=1+1", "+cmd|x", "http://example.org", "{=A1}", "x" * 40_000]
    rows = sheet(Table([Column("a", "=SUM(A1)")], [(text,) for text in texts]))
    assert [row[0] for row in rows] == ["=SUM(A1)", *texts[:4], "x" * 32_766 + "…"]


@pytest.mark.parametrize(
    ("title", "name"),
    [("", "Report"), ("history", "Report"), ("a/b:c[d]*?", "a b c d"), ("长" * 40, "长" * 31), ("'", "Report")],
)
def test_a_sheet_has_a_name_that_is_allowed(title: str, name: str) -> None:
    """Signs that names of sheets may not hold are left out, and long titles are cut."""
    target = io.BytesIO()
    Table([Column("a", "A")], [], title=title).to_xlsx(target)
    assert CalamineWorkbook.from_filelike(io.BytesIO(target.getvalue())).sheet_names == [name]


def test_one_table_makes_one_file(pipeline: Table) -> None:
    """With the time of creation handed in, two workbooks of one table are the same bytes."""
    made = []
    for _ in range(2):
        target = io.BytesIO()
        pipeline.to_xlsx(target, created=datetime(2024, 1, 1, tzinfo=UTC))
        made.append(target.getvalue())
    assert made[0] == made[1]
