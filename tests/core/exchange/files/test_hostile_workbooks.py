import struct
import zipfile
from pathlib import Path

import pytest

from crmkit.core.exchange.files import FileError, FileOptions, Limits, open_rows
from crmkit.core.exchange.files.errors import (
    DamagedFileError,
    TooManyColumnsError,
    TooManyRowsError,
    UnpacksTooLargeError,
    UnsafeWorkbookError,
    WorkbookReaderError,
    WrongFormatError,
)

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PARTS: dict[str, bytes | str] = {
    "[Content_Types].xml": (
        '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'


def packed(folder: Path, rows: str = "", *, others: dict[str, bytes | str] | None = None) -> Path:
    """Pack a workbook by hand, with further or other parts."""
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{HEADER}{rows}</sheetData></worksheet>'
    path = folder / "file.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in ({**PARTS, "xl/worksheets/sheet1.xml": sheet} | (others or {})).items():
            package.writestr(name, content)
    return path


def cell(place: str) -> str:
    """Write a row with one cell that claims to stand in a place."""
    return f'<row><c r="{place}"><v>1</v></c></row>'


def read(path: Path, limits: Limits | None = None) -> list[object]:
    """Read all rows of a workbook."""
    with open_rows(path, options=FileOptions(limits=limits or Limits())) as source:
        return list(source)


def test_the_harmless_pattern_is_read(tmp_path: Path) -> None:
    """The workbook that the hostile ones are made from is read."""
    assert read(packed(tmp_path, cell("A2"))) == [(2, {"a": "1"})]


@pytest.mark.parametrize("place", ["A30000000", "A1048577", "A99999999999999999999"])
def test_rows_beyond_the_last_are_refused(tmp_path: Path, place: str) -> None:
    """A cell in a row that no sheet has does not make millions of rows."""
    with pytest.raises(TooManyRowsError):
        read(packed(tmp_path, cell(place)))


@pytest.mark.parametrize("place", ["XFD2", "BXY2", "ZZZZZZZZ2"])
def test_columns_beyond_the_limit_are_refused(tmp_path: Path, place: str) -> None:
    """A cell in a far column does not make thousands of columns."""
    with pytest.raises(TooManyColumnsError):
        read(packed(tmp_path, cell(place)))


def test_a_place_hidden_in_a_character_reference_meets_the_limits_of_the_process(tmp_path: Path) -> None:
    """What the look beforehand can't see ends in an error, not in millions of rows."""
    with pytest.raises(FileError):
        read(packed(tmp_path, cell("A3000000&#48;")), Limits(max_rows=1_000_000))


def test_a_sheet_that_lies_about_its_dimension_is_read(tmp_path: Path) -> None:
    """The declared dimension of a sheet is not believed."""
    data = f"<sheetData>{HEADER}{cell('A2')}</sheetData>"
    sheet = f'<worksheet xmlns="{MAIN}"><dimension ref="A1:ZZ999999"/>{data}</worksheet>'

    assert read(packed(tmp_path, others={"xl/worksheets/sheet1.xml": sheet})) == [(2, {"a": "1"})]


def test_a_wide_and_high_sheet_meets_the_memory_limit(tmp_path: Path) -> None:
    """Two cells far apart need memory for all between them; the limit ends that, and only the process dies."""
    with pytest.raises(WorkbookReaderError, match="memory"):
        read(packed(tmp_path, cell("ZZ999999")))


def test_millions_of_empty_rows_are_refused_by_their_ratio(tmp_path: Path) -> None:
    """A small file that unpacks to a large part is refused."""
    path = packed(tmp_path, "<row/>" * 5_000_000)

    assert path.stat().st_size < 100_000
    with pytest.raises(UnpacksTooLargeError, match="200 times"):
        read(path)


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/sharedStrings.xml", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><sst>&b;</sst>'),
        ("xl/workbook.xml", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><workbook/>'),
        ("xl/styles.xml", '<?xml version="1.0"?>' + " " * 300_000 + "<!DOCTYPE x><styleSheet/>"),
        ("xl/theme/theme1.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16")),
        ("xl/theme/theme1.xml", '<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-'),
    ],
)
def test_declarations_and_other_encodings_are_refused(tmp_path: Path, part: str, content: str | bytes) -> None:
    """Document types and entities are refused in every part, also far inside and in other encodings."""
    with pytest.raises(UnsafeWorkbookError):
        read(packed(tmp_path, others={part: content}))


def test_a_part_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """A part that unpacks to more than it declares is refused."""
    path = packed(tmp_path, "<row/>" * 1_000)
    with zipfile.ZipFile(path) as package:
        size = package.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", size), struct.pack("<I", 100)))

    with pytest.raises(DamagedFileError):
        read(path)


def test_two_parts_of_one_name_are_refused(tmp_path: Path) -> None:
    """Parts that one reader sees and the other doesn't are refused."""
    path = packed(tmp_path)
    with zipfile.ZipFile(path, "a") as package, pytest.warns(UserWarning, match="Duplicate"):
        package.writestr("xl/workbook.xml", "<workbook/>")

    with pytest.raises(UnsafeWorkbookError, match="same name"):
        read(path)


def test_other_archives_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    """An archive without a workbook, or cut off, is refused."""
    path = tmp_path / "file.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("content.xml", "<x/>")
    with pytest.raises(WrongFormatError):
        read(path)
    path = packed(tmp_path, cell("A2"))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DamagedFileError):
        read(path)
    with pytest.raises(DamagedFileError):
        read(packed(tmp_path, others={"xl/workbook.xml": "<workbook"}))


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """The deadline counts the time that is waited for the process, and ends it."""
    with pytest.raises(WorkbookReaderError, match=r"longer than 0\.001 seconds"):
        read(packed(tmp_path, cell("A2")), Limits(max_seconds=0.001))


def test_a_process_without_memory_is_an_error_of_the_file(tmp_path: Path) -> None:
    """A process that can't even start within its memory stops with a clear error."""
    path = packed(tmp_path, "".join(cell(f"{letter}{row}") for row in range(2, 20_000) for letter in "ABCDEFGHIJ"))

    with pytest.raises(WorkbookReaderError):
        read(path, Limits(max_memory_bytes=40 << 20))
