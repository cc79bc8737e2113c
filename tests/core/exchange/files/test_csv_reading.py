import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.exchange.files import BadRow, FileError, FileOptions, Limits, SourceRow, open_rows
from crmkit.core.exchange.files.csv_records import RecordSplitter
from crmkit.core.exchange.files.errors import (
    EmptyFileError,
    FileTooLargeError,
    HeaderError,
    LineTooLongError,
    TooManyColumnsError,
    TooManyRowsError,
    UnclosedQuoteError,
    UnreadableFileError,
    WrongFormatError,
)


def written(folder: Path, content: str | bytes, name: str = "file.csv") -> Path:
    """Write a file into the folder."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_of(path: Path, options: FileOptions | None = None) -> list[SourceRow | BadRow]:
    """Read all rows of a file."""
    with open_rows(path, options=options) as source:
        return list(source)


def test_rows_carry_the_line_on_which_they_start(tmp_path: Path) -> None:
    """A row's number is the line of the file where it starts, whatever lies before it."""
    path = written(tmp_path, 'name,note\r\nA,"two\r\nlines"\r\n\r\nB,one\r\n')

    assert rows_of(path) == [
        SourceRow(2, {"name": "A", "note": "two\r\nlines"}),
        SourceRow(5, {"name": "B", "note": "one"}),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_line_ends_are_understood(tmp_path: Path, end: str) -> None:
    """LF, CRLF and CR end a line; other separators are part of a text."""
    path = written(tmp_path, f"a,b{end}1\u2028x,2\x85y{end}3,{end}")

    assert rows_of(path) == [SourceRow(2, {"a": "1\u2028x", "b": "2\x85y"}), SourceRow(3, {"a": "3", "b": None})]


@pytest.mark.parametrize(("cells", "found"), [("1", "1 cell,"), ("1,2,3", "3 cells,"), ("1,2,", "3 cells,")])
def test_a_ragged_row_is_bad_and_the_others_go_on(tmp_path: Path, cells: str, found: str) -> None:
    """A row with too few or too many cells says what was expected and found."""
    path = written(tmp_path, f"a,b\n{cells}\nx,y\n")

    bad, good = rows_of(path)

    assert isinstance(bad, BadRow)
    assert bad[:1] == (2,)
    assert found in bad.message
    assert "the header has 2" in bad.message
    assert bad.raw == tuple(cells.split(","))
    assert good == SourceRow(3, {"a": "x", "b": "y"})


def test_a_repeated_or_missing_name_is_listed_with_its_columns(tmp_path: Path) -> None:
    """A header with repeated and missing names is refused, and all of them are listed."""
    path = written(tmp_path, "name,,mail,name,,mail,name,x\n1,2,3,4,5,6,7,8\n")

    with pytest.raises(HeaderError) as caught:
        open_rows(path)

    assert caught.value.repeated == (("name", (1, 4, 7)), ("mail", (3, 6)))
    assert caught.value.missing == (2, 5)
    assert "'name' is the name of columns 1 (A), 4 (D), 7 (G)" in caught.value.message
    assert "columns_by_number" in caught.value.message


def test_columns_may_be_addressed_by_number(tmp_path: Path) -> None:
    """With columns_by_number the header is passed by; without a header the first row is a row."""
    path = written(tmp_path, "name,name\n1,2\n")

    assert rows_of(path, FileOptions(columns_by_number=True)) == [SourceRow(2, {"1": "1", "2": "2"})]
    assert rows_of(path, FileOptions(header=False)) == [
        SourceRow(1, {"1": "name", "2": "name"}),
        SourceRow(2, {"1": "1", "2": "2"}),
    ]


def test_a_delimiter_too_many_at_the_end_of_the_header_names_no_column(tmp_path: Path) -> None:
    """Nameless columns at the right end are dropped, but nothing that stands in them is lost silently."""
    path = written(tmp_path, "a,b,\n1,2,\n1,2,3\n")

    good, bad = rows_of(path)

    assert good == SourceRow(2, {"a": "1", "b": "2"})
    assert isinstance(bad, BadRow)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('a,b\n1,2\n3,"4\n' + "5,6\n" * 60_000, 3),
        ('a,b\n1,2\n3,"4\n5,6\n', 3),
        ('a,b\n1,"2\n3,"4"\n5,6\n', 2),
        ('a,b\n1,"x\ny","2\n3,4\n', 3),
        ('a,"b\n1,2\n', 1),
    ],
)
def test_an_unclosed_quote_names_the_line_where_it_opens(tmp_path: Path, content: str, line: int) -> None:
    """An unclosed quote swallows nothing: it is an error of the file that names the line of the quote."""
    path = written(tmp_path, content)

    with pytest.raises(UnclosedQuoteError) as caught:
        rows_of(path, FileOptions(delimiter=",", limits=Limits(max_record_characters=200_000)))

    assert caught.value.line == line
    assert f"line {line} " in caught.value.message


def test_rows_before_an_unclosed_quote_come_first(tmp_path: Path) -> None:
    """What stands before an error of the file is read before the error is raised."""
    path = written(tmp_path, 'a,b\n1,2\n3,"4\n5,6\n')

    with open_rows(path) as source:
        rows = iter(source)
        assert next(rows) == SourceRow(2, {"a": "1", "b": "2"})
        with pytest.raises(UnclosedQuoteError):
            next(rows)


def test_quotes_that_are_not_doubled_make_one_bad_row(tmp_path: Path) -> None:
    """Text behind a closing quote is one bad row if the record stands in one line."""
    path = written(tmp_path, 'a,b\n1,"He said "hi" to me"\n2,x\n')

    bad, good = rows_of(path)

    assert isinstance(bad, BadRow)
    assert bad.number == 2
    assert "twice" in bad.message
    assert good == SourceRow(3, {"a": "2", "b": "x"})


@pytest.mark.parametrize("cell", ["x" * 1_000_000, '"' + "x," * 500_000 + '"', '"' + "line\n" * 200_000 + '"'])
def test_a_cell_of_a_megabyte_makes_one_bad_row(tmp_path: Path, cell: str) -> None:
    """A cell beyond the limit is one bad row that names its column; the next row is found."""
    path = written(tmp_path, f"a,b\n1,{cell}\n2,x\n")

    bad, good = rows_of(path)

    assert isinstance(bad, BadRow)
    assert (bad.number, bad.column) == (2, "b")
    assert "1,000,000 characters" in bad.message
    assert good == SourceRow(3 + cell.count("\n"), {"a": "2", "b": "x"})


@pytest.mark.parametrize("limit", [10, 500_000])
def test_the_longest_cell_is_up_to_the_caller(tmp_path: Path, limit: int) -> None:
    """A cell of exactly the limit is read, below and above the limit of the standard library."""
    path = written(tmp_path, f"a,b\n1,{'x' * limit}\n2,{'x' * (limit + 1)}\n3,{'x' * limit}\n")

    rows = rows_of(path, FileOptions(limits=Limits(max_cell_characters=limit)))

    assert [type(row) for row in rows] == [SourceRow, BadRow, SourceRow]


def test_ten_thousand_columns_are_too_many(tmp_path: Path) -> None:
    """A header beyond the limit of columns is refused with both numbers."""
    path = written(tmp_path, ",".join(f"c{number}" for number in range(10_000)) + "\n")

    with pytest.raises(TooManyColumnsError) as caught:
        open_rows(path)

    assert (caught.value.found, caught.value.limit) == (10_000, 2_000)


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x0b", "\x1f"])
def test_a_control_character_makes_one_bad_row(tmp_path: Path, character: str) -> None:
    """A NUL byte or control character is one bad row that names its column."""
    path = written(tmp_path, f"a,b\n1,2\n3,x{character}y\n5,6\n")

    rows = rows_of(path)

    assert [type(row) for row in rows] == [SourceRow, BadRow, SourceRow]
    assert isinstance(rows[1], BadRow)
    assert rows[1].column == "b"
    assert f"U+{ord(character):04X}" in rows[1].message


def test_a_line_without_end_is_not_read_to_memory(tmp_path: Path) -> None:
    """A line longer than any record may be is refused without reading on."""
    path = written(tmp_path, "a,b\n" + "x" * 300_000)

    with pytest.raises(LineTooLongError) as caught:
        rows_of(path, FileOptions(limits=Limits(max_record_characters=100_000)))

    assert caught.value.line == 2


def test_rows_and_bytes_are_limited(tmp_path: Path) -> None:
    """More rows or bytes than allowed are an error, exactly as many are none."""
    path = written(tmp_path, "a,b\n1,2\n3,4\n")

    assert len(rows_of(path, FileOptions(limits=Limits(max_rows=2, max_bytes=12)))) == 2
    with pytest.raises(TooManyRowsError):
        rows_of(path, FileOptions(limits=Limits(max_rows=1)))
    with pytest.raises(FileTooLargeError):
        rows_of(path, FileOptions(limits=Limits(max_bytes=11)))


@pytest.mark.parametrize("content", ["", "\n\n", ",,\n", "\ufeff"])
def test_a_file_without_a_name_in_it_is_empty(tmp_path: Path, content: str) -> None:
    """A file without any header is an error that says so."""
    with pytest.raises(EmptyFileError):
        open_rows(written(tmp_path, content))


def test_what_is_no_readable_text_file_is_refused(tmp_path: Path) -> None:
    """Missing files, folders and files of other formats are errors that name the file."""
    with pytest.raises(UnreadableFileError, match="nowhere"):
        open_rows(tmp_path / "nowhere.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UnreadableFileError, match="not a regular file"):
        open_rows(tmp_path / "folder.csv")
    with pytest.raises(WrongFormatError, match="workbook"):
        open_rows(written(tmp_path, b"PK\x03\x04..."))
    with pytest.raises(FileError, match="format"):
        open_rows(written(tmp_path, "a", name="file.doc"))


def parsed(text: str, delimiter: str) -> list[list[str]]:
    """Take records apart by hand, blank ones left out."""
    splitter, records = RecordSplitter(delimiter), []
    for line in io.StringIO(text, newline="").readlines():
        splitter.feed(line)
        if splitter.opened_at is None:
            records.append(splitter.cells())
            splitter = RecordSplitter(delimiter)
    return [record for record in records if record != [""]]


@given(text=st.text(alphabet='ab,;"\n', max_size=40), delimiter=st.sampled_from(",;"))
def test_the_slow_splitter_agrees_with_the_standard_library(text: str, delimiter: str) -> None:
    """Records taken apart by hand are those that the forgiving reader of the standard library finds."""
    text += "\n"
    expected = [record for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if record]
    found = parsed(text, delimiter)

    # The standard library also hands out a record that the end of the text cuts off.
    assert [record for record in expected if record != [""]][: len(found)] == found
    assert len(expected) - len(found) <= expected.count([""]) + 1
