from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import xlsxwriter

from crmkit.core.exchange.files import BadRow, FileOptions, Limits, SourceRow, open_rows
from crmkit.core.exchange.files.errors import (
    EmptyFileError,
    HeaderError,
    TooManyColumnsError,
    TooManyRowsError,
    UnknownSheetError,
    WrongFormatError,
)
from crmkit.core.exchange.files.xlsx_process import WorkbookProcess


def workbook(folder: Path, sheets: Mapping[str, Iterable[Sequence[object]]], *, hidden: str = "") -> Path:
    """Write a workbook as other programs would."""
    path = folder / "file.xlsx"
    with xlsxwriter.Workbook(path) as book:
        formats = {
            kind: book.add_format({"num_format": pattern})
            for kind, pattern in {
                date: "yyyy-mm-dd",
                datetime: "yyyy-mm-dd hh:mm:ss",
                time: "hh:mm",
                timedelta: "[h]:mm",
            }.items()
        }
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if cell is not None:
                        sheet.write(row, column, cell, *filter(None, [formats.get(type(cell))]))
            if name == hidden:
                sheet.hide()
        if hidden:
            book.worksheets()[-1].activate()
    return path


def rows_of(path: Path, options: FileOptions | None = None) -> list[SourceRow | BadRow]:
    """Read all rows of a workbook."""
    with open_rows(path, options=options) as source:
        return list(source)


def test_cells_become_canonical_text(tmp_path: Path) -> None:
    """Dates are ISO, whole numbers have no point, truth values and durations are words everybody reads."""
    cells = [
        date(2024, 2, 29),
        datetime.fromisoformat("2024-02-29T13:05"),
        time(7, 30),
        timedelta(hours=30, minutes=5),
        3,
        -2.5,
        1e20,
        0.1,
        True,
        "x",
        " ",
    ]
    header = [f"c{number}" for number in range(len(cells))]

    (row,) = rows_of(workbook(tmp_path, {"Data": [header, cells]}))

    assert isinstance(row, SourceRow)
    assert list(row.values.values()) == [
        "2024-02-29",
        "2024-02-29T13:05:00",
        "07:30:00",
        "30:05:00",
        "3",
        "-2.5",
        "100000000000000000000",
        "0.1",
        "true",
        "x",
        " ",
    ]


def test_rows_carry_their_number_in_the_sheet(tmp_path: Path) -> None:
    """Empty rows are passed by and counted; short rows have empty cells; long ones are bad."""
    path = workbook(tmp_path, {"Data": [[None], ["a", "b"], ["1"], [None], ["2", None, "too much"], ["3", "4"]]})

    first, bad, last = rows_of(path)

    assert (first, last) == (SourceRow(3, {"a": "1", "b": None}), SourceRow(6, {"a": "3", "b": "4"}))
    assert isinstance(bad, BadRow)
    assert (bad.number, bad.raw) == (5, ("2", None, "too much"))


def test_the_sheet_is_the_first_visible_or_the_named_one(tmp_path: Path) -> None:
    """Without a name the first visible sheet is read, otherwise the one named or numbered."""
    path = workbook(tmp_path, {"Old": [["o"], ["1"]], "New": [["n"], ["2"]]}, hidden="Old")

    assert rows_of(path) == [SourceRow(2, {"n": "2"})]
    assert rows_of(path, FileOptions(sheet="Old")) == [SourceRow(2, {"o": "1"})]
    assert rows_of(path, FileOptions(sheet=2)) == [SourceRow(2, {"n": "2"})]
    with pytest.raises(UnknownSheetError, match=r"'Newest'.*Old, New"):
        open_rows(path, options=FileOptions(sheet="Newest"))


def test_headers_follow_the_same_rules_as_in_text_files(tmp_path: Path) -> None:
    """Repeated names are refused, and may be passed by with numbers."""
    path = workbook(tmp_path, {"Data": [["a", "a"], ["1", "2"]]})

    with pytest.raises(HeaderError, match="columns 1 \\(A\\), 2 \\(B\\)"):
        open_rows(path)
    assert rows_of(path, FileOptions(columns_by_number=True)) == [SourceRow(2, {"1": "1", "2": "2"})]
    assert [row.number for row in rows_of(path, FileOptions(header=False))] == [1, 2]
    with pytest.raises(EmptyFileError):
        open_rows(workbook(tmp_path, {"Data": []}))


def test_control_characters_and_long_cells_make_bad_rows(tmp_path: Path) -> None:
    """A cell with a control character, or longer than allowed, is a bad row that names its column."""
    path = workbook(tmp_path, {"Data": [["a", "b"], ["1", "x\x01y"], ["2", "x" * 100], ["3", "x"]]})

    bad, long, good = rows_of(path, FileOptions(limits=Limits(max_cell_characters=50)))

    assert isinstance(bad, BadRow)
    assert isinstance(long, BadRow)
    assert (bad.column, long.column) == ("b", "b")
    assert good == SourceRow(4, {"a": "3", "b": "x"})


def test_rows_and_columns_are_limited(tmp_path: Path) -> None:
    """A sheet with more rows or columns than allowed is refused, exactly as many are read."""
    path = workbook(tmp_path, {"Data": [["a", "b"], ["1", "2"], ["3", "4"]]})

    assert len(rows_of(path, FileOptions(limits=Limits(max_rows=2, max_columns=2)))) == 2
    with pytest.raises(TooManyRowsError):
        rows_of(path, FileOptions(limits=Limits(max_rows=1)))
    with pytest.raises(TooManyColumnsError):
        rows_of(path, FileOptions(limits=Limits(max_columns=1)))


def test_a_source_may_be_closed_before_its_end(tmp_path: Path) -> None:
    """Closing early ends the process that reads; closing again does nothing."""
    path = workbook(tmp_path, {"Data": [["a"], *([str(number)] for number in range(50_000))]})

    with ExitStack() as resources:
        process = WorkbookProcess(str(path), options=FileOptions(), resources=resources)
        assert next(process.rows()) == (1, ["a"])
        assert process._process.poll() is None
    assert process._process.returncode is not None

    with open_rows(path) as source:
        assert next(iter(source)) == SourceRow(2, {"a": "0"})
        source.close()


def test_other_files_with_the_suffix_are_refused(tmp_path: Path) -> None:
    """Old Excel files, protected ones and text are told from workbooks."""
    path = tmp_path / "file.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    with pytest.raises(WrongFormatError, match="password"):
        open_rows(path)
    path.write_text("a,b\n", encoding="utf-8")
    with pytest.raises(WrongFormatError, match="ZIP"):
        open_rows(path)
