import codecs
import gzip
from pathlib import Path

import pytest

from crmkit.core.exchange.files import FileOptions, Limits, SourceRow, open_rows
from crmkit.core.exchange.files.errors import (
    DamagedFileError,
    HeaderError,
    UndecodableFileError,
    UnknownEncodingError,
    UnpacksTooLargeError,
)

TEXT = "name,city\n张三 𠮷,Zürich\n"
ROWS = [SourceRow(2, {"name": "张三 𠮷", "city": "Zürich"})]


def read(path: Path, options: FileOptions | None = None) -> tuple[tuple[str, ...], list[object], str | None]:
    """Read the header, the rows and the encoding of a file."""
    with open_rows(path, options=options) as source:
        return source.header, list(source), source.encoding


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"\x84\x31\x95\x33", "gb18030"),
    ],
)
def test_a_byte_order_mark_wins_and_is_no_text(tmp_path: Path, mark: bytes, encoding: str) -> None:
    """A byte order mark wins over what is declared, and is never part of the first name."""
    path = tmp_path / "file.csv"
    path.write_bytes(mark + TEXT.encode(encoding))

    assert read(path, FileOptions(encoding="cp1252")) == (("name", "city"), ROWS, encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le", "utf-32-be"])
def test_a_declared_encoding_is_used(tmp_path: Path, encoding: str) -> None:
    """Without a mark the declared encoding is used, four-byte characters of GB18030 included."""
    path = tmp_path / "file.csv"
    path.write_bytes(TEXT.encode(encoding))

    assert read(path, FileOptions(encoding=encoding))[1] == ROWS


@pytest.mark.parametrize("encoding", ["gb18030", "cp1252", "cp1251"])
def test_nothing_is_guessed(tmp_path: Path, encoding: str) -> None:
    """What is not UTF-8 and not declared is refused, with the place of the byte and what to do."""
    text = {"gb18030": "张", "cp1252": "ü", "cp1251": "Я"}[encoding]
    path = tmp_path / "file.csv"
    path.write_bytes(b"name\nabc\nab" + text.encode(encoding) + b"\n")

    with pytest.raises(UndecodableFileError) as caught:
        read(path)

    assert (caught.value.encoding, caught.value.offset, caught.value.line) == ("utf-8", 11, 3)
    assert "gb18030" in caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("lines", [10, 30_000])
def test_a_bad_byte_late_in_the_file_is_found(tmp_path: Path, encoding: str, lines: int) -> None:
    """The place of a bad byte counts all blocks before it, and characters on their borders."""
    good = "name\n".encode(encoding) + "a张三\n".encode(encoding) * lines
    path = tmp_path / "file.csv"
    path.write_bytes(good + b"x\xff\xff\n")

    with pytest.raises(UndecodableFileError) as caught:
        read(path, FileOptions(encoding=encoding))

    assert (caught.value.offset, caught.value.line) == (len(good) + 1, lines + 2)


def test_a_character_cut_off_at_the_end_is_no_text(tmp_path: Path) -> None:
    """A file that ends inside a character is refused."""
    path = tmp_path / "file.csv"
    path.write_bytes("name\n张".encode()[:-1])

    with pytest.raises(UndecodableFileError):
        read(path)


def test_utf_16_without_mark_is_refused_by_its_header(tmp_path: Path) -> None:
    """The NUL bytes of undeclared UTF-16 don't become names."""
    path = tmp_path / "file.csv"
    path.write_bytes("name,city\n".encode("utf-16-le"))

    with pytest.raises(HeaderError, match="wrong encoding"):
        read(path)


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "hex", "zlib", "idna", "unicode_escape", "utf-7"])
def test_only_encodings_of_text_files_can_be_declared(tmp_path: Path, encoding: str) -> None:
    """Notations and unknown names are refused as encodings."""
    path = tmp_path / "file.csv"
    path.write_text(TEXT, encoding="utf-8")

    with pytest.raises(UnknownEncodingError):
        read(path, FileOptions(encoding=encoding))


def test_packed_files_are_read(tmp_path: Path) -> None:
    """A file packed with gzip is read like the file in it."""
    path = tmp_path / "file.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))

    assert read(path)[1] == ROWS


def test_damaged_packed_files_are_refused(tmp_path: Path) -> None:
    """A packed file that is cut off or isn't one is refused."""
    path = tmp_path / "file.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode() * 1000)[:-10])
    with pytest.raises(DamagedFileError):
        read(path)
    path.write_text(TEXT, encoding="utf-8")
    with pytest.raises(DamagedFileError):
        read(path)


def test_a_packed_bomb_is_refused(tmp_path: Path) -> None:
    """A packed file that grows beyond the ratio or the size of the limits is refused while it is read."""
    path = tmp_path / "file.csv.gz"
    path.write_bytes(gzip.compress(b"name\n" + (b"a" * 7_999 + b"\n") * 4_000))
    with pytest.raises(UnpacksTooLargeError, match="200 times"):
        read(path)
    with pytest.raises(UnpacksTooLargeError, match="1,000,000 bytes"):
        read(path, FileOptions(limits=Limits(max_unpacked_bytes=1_000_000)))
