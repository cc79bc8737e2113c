import gzip
import io
import os
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crmkit.core.exchange.files import Column, SourceRow, open_rows, write_rows
from crmkit.core.exchange.files.cell_text import Cell
from crmkit.core.exchange.files.errors import (
    RowLengthError,
    TooManyColumnsError,
    UnknownFormatError,
    UnreadableFileError,
    UnwritableCellError,
    WrongFormatError,
)

FORMATS = ["file.csv", "file.csv.gz", "file.xlsx", "file.jsonl"]


def values_of(path: Path) -> list[dict[str, str | None]]:
    """Read the values of all rows."""
    with open_rows(path) as source:
        return [row.values for row in source if isinstance(row, SourceRow)]


@pytest.mark.parametrize("name", FORMATS)
def test_typed_values_are_written_as_canonical_text(tmp_path: Path, name: str) -> None:
    """Dates, numbers and truth values read back as their canonical text, in every format."""
    path = tmp_path / name
    cells: list[Cell] = [
        date(2024, 2, 29),
        datetime.fromisoformat("2024-02-29T01:02:03"),
        3,
        -2.5,
        Decimal("-0.10"),
        True,
        None,
        "",
        date(1800, 1, 1),
    ]
    columns = [f"c{number}" for number in range(len(cells))]

    assert write_rows(path, columns, [cells]) == 1
    (values,) = values_of(path)

    found = list(values.values())
    assert Decimal(found[4] or "") == Decimal("-0.1")
    assert [*found[:4], *found[5:]] == [
        "2024-02-29",
        "2024-02-29T01:02:03",
        "3",
        "-2.5",
        "true",
        None,
        "",
        "1800-01-01",
    ]


def test_only_numeric_columns_keep_plain_numbers(tmp_path: Path) -> None:
    """A number in a numeric column is written plainly; a formula is not, there either."""
    path = tmp_path / "file.csv"

    write_rows(path, [Column("n", numeric=True), "t"], [["-12.5", "-12.5"], ["+3", "+3"], ["-1+cmd", "=1"], [-4, -4]])

    lines = path.read_bytes().decode("utf-8-sig").splitlines()
    assert lines == ["n,t", "-12.5,'-12.5", "+3,'+3", "'-1+cmd,'=1", "-4,-4"]


def test_names_of_columns_are_made_harmless_too(tmp_path: Path) -> None:
    """A name that looks like a formula is neutralised and restored; a delimiter in it misleads nobody."""
    for name in FORMATS:
        path = tmp_path / name
        write_rows(path, ["=cmd", "a;b;c"], [["1", "2"]])
        assert values_of(path) == [{"=cmd": "1", "a;b;c": "2"}]
    write_rows(tmp_path / "one.csv", ["a;b"], [["1;2"], [None], ["3"]])
    assert values_of(tmp_path / "one.csv") == [{"a;b": "1;2"}, {"a;b": None}, {"a;b": "3"}]


def test_numbers_too_long_for_a_spreadsheet_keep_their_digits(tmp_path: Path) -> None:
    """A number of more than 15 digits is written as text into a workbook."""
    path = tmp_path / "file.xlsx"

    write_rows(path, [Column("n", numeric=True)], [["12345678901234567890"], ["-0.1"], [10**17 + 1]])

    assert values_of(path) == [{"n": "12345678901234567890"}, {"n": "-0.1"}, {"n": "100000000000000001"}]


@pytest.mark.parametrize("name", [*FORMATS, "file.vcf"])
def test_a_file_is_replaced_only_when_it_is_complete(tmp_path: Path, name: str) -> None:
    """An error in the middle leaves the old file, and nothing else in the folder."""

    def broken() -> Iterator[list[str]]:
        yield ["x"]
        message = "the database went away"
        raise OSError(message)

    path = tmp_path / name
    path.write_text("old", encoding="utf-8")

    with pytest.raises(OSError, match="went away"):
        write_rows(path, ["name"], broken())

    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert path.read_text(encoding="utf-8") == "old"


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Writing to a symbolic link replaces the file that it points to."""
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "there" / "file.csv")

    write_rows(link, ["a"], [["1"]])

    assert link.is_symlink()
    assert (tmp_path / "there" / "file.csv").read_text(encoding="utf-8-sig") == "a\n1\n"


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_rows_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    """Writing twice gives identical files, as no time is written into them."""
    contents = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_rows(tmp_path / folder / name, ["a"], [["1"], ["2"]])
        contents.append((tmp_path / folder / name).read_bytes())

    assert contents[0] == contents[1]


def test_streams_are_written_and_left_open() -> None:
    """Streams of bytes and of text are written; text has no byte order mark."""
    data, text = io.BytesIO(), io.StringIO()

    write_rows(data, ["a"], [["ä"]], format="csv")
    write_rows(text, ["a"], [["ä"]], format="csv")

    assert data.getvalue() == b"\xef\xbb\xbfa\r\n\xc3\xa4\r\n"
    assert text.getvalue() == "a\r\nä\r\n"
    with pytest.raises(WrongFormatError, match="stream of text"):
        write_rows(io.StringIO(), ["a"], [], format="xlsx")
    with pytest.raises(UnknownFormatError):
        write_rows(io.StringIO(), ["a"], [])


def test_packed_files_are_written(tmp_path: Path) -> None:
    """A name that ends in .gz is written packed."""
    write_rows(tmp_path / "file.jsonl.gz", ["a"], [["1"]])

    assert gzip.decompress((tmp_path / "file.jsonl.gz").read_bytes()) == b'{"a":"1"}\n'


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("cell", ["\x00", "x\x1f", "\ud800", float("nan"), Decimal("Infinity")])
def test_what_no_reader_accepts_is_not_written(tmp_path: Path, name: str, cell: Cell) -> None:
    """A value that could not be read again is refused with its row and column."""
    with pytest.raises(UnwritableCellError) as caught:
        write_rows(tmp_path / name, ["a", "b"], [["1", "2"], ["3", cell]])

    assert (caught.value.row, caught.value.column) == (2, "b")


def test_a_workbook_has_limits_of_its_own(tmp_path: Path) -> None:
    """Cells and columns that a sheet can't hold are refused instead of being cut off."""
    path = tmp_path / "file.xlsx"
    for cell in ("x" * 32_768, "😀" * 16_384, "\ufffe"):
        with pytest.raises(UnwritableCellError):
            write_rows(path, ["a"], [[cell]])
    with pytest.raises(TooManyColumnsError):
        write_rows(path, [str(number) for number in range(16_385)], [])
    write_rows(path, ["a"], [["x" * 32_767]])
    assert values_of(path) == [{"a": "x" * 32_767}]


def test_a_row_must_fit_its_columns(tmp_path: Path) -> None:
    """A row with a cell too many is refused with both numbers."""
    with pytest.raises(RowLengthError, match=r"Row 2 .*cells: 3, columns: 2"):
        write_rows(tmp_path / "file.csv", ["a", "b"], [["1", "2"], ["1", "2", "3"]])


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    """Writing where nothing can be written names the file."""
    with pytest.raises(UnreadableFileError, match="nowhere"):
        write_rows(os.fspath(tmp_path / "nowhere" / "file.csv"), ["a"], [])
