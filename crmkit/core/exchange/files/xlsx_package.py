"""What is looked at in a workbook before a parser sees it: sizes, ratios, declarations, places of cells."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from crmkit.core.exchange.files.blocks import check_growth
from crmkit.core.exchange.files.columns import column_position
from crmkit.core.exchange.files.errors import (
    DamagedFileError,
    TooManyColumnsError,
    TooManyRowsError,
    UnsafeWorkbookError,
    WrongFormatError,
)
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.exchange.files.options import Limits

MAX_SHEET_ROWS = 1_048_576
"""Rows that a sheet can have in Excel (ECMA-376)."""

_MAX_PARTS = 5_000
_BLOCK_BYTES = 1 << 18
_OVERLAP_BYTES = 64
_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
# Only rows beyond a million and columns beyond ZZ are worth a look: it keeps the search fast.
_FAR_PLACE = re.compile(rb"""r\s*=\s*["'](?:([A-Z]{3,})|[A-Z]*(?=[0-9]{7}))([0-9]*)""")
_DECLARED_ENCODING = re.compile(rb"""<\?xml[^>]*\bencoding\s*=\s*["']([^"']*)""")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def check_package(path: str, *, limits: Limits) -> None:
    """Look at every part of a workbook, unpacking it block by block without keeping it.

    Raises:
        FileError: It is no workbook, is damaged, unpacks to too much or holds what no spreadsheet program writes.
    """
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
            _check_directory(parts, path=path, limits=limits)
            for part in parts:
                _check_part(package, part, path=path, limits=limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise DamagedFileError(path=path, problem=_("it is no sound ZIP archive ({error})", error=error)) from error


def _check_directory(parts: list[zipfile.ZipInfo], *, path: str, limits: Limits) -> None:
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise WrongFormatError(path=path, expected=_("an XLSX workbook"), found=_("another kind of ZIP archive"))
    if len(parts) > _MAX_PARTS or len(names) < len(parts):
        raise UnsafeWorkbookError(path=path, problem=_("it has too many parts, or two of the same name"))
    if sum(part.compress_size for part in parts) > Path(path).stat().st_size:
        raise UnsafeWorkbookError(path=path, problem=_("its parts overlap"))
    for part in parts:
        if part.flag_bits & _ENCRYPTED or part.compress_type not in _COMPRESSIONS:
            raise UnsafeWorkbookError(
                path=path, problem=_("its part {filename!r} is encrypted or packed unusually", filename=part.filename)
            )
        check_growth(part.file_size, packed=part.compress_size, path=path, limits=limits)
    check_growth(sum(part.file_size for part in parts), packed=Path(path).stat().st_size, path=path, limits=limits)


def _check_part(package: zipfile.ZipFile, part: zipfile.ZipInfo, *, path: str, limits: Limits) -> None:
    is_markup = part.filename.lower().endswith((".xml", ".rels", ".vml"))
    is_sheet = part.filename.lower().startswith("xl/worksheets/")
    for number, block in enumerate(_blocks(package, part)):
        if is_markup and number == 0:
            _check_encoding(block, part=part.filename, path=path)
        if is_markup and _DECLARATION.search(block):
            raise UnsafeWorkbookError(
                path=path, problem=_("its part {filename!r} declares entities", filename=part.filename)
            )
        if is_sheet:
            _check_places(block, path=path, limits=limits)


def _blocks(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack a part; every block begins with the end of the one before, so that nothing hides on the border."""
    with package.open(part) as file:
        end = b""
        while block := file.read(_BLOCK_BYTES):
            yield end + block
            end = block[-_OVERLAP_BYTES:]


def _check_encoding(start: bytes, *, part: str, path: str) -> None:
    """Let only UTF-8 pass: what stands in another encoding can't be searched (and Excel writes none)."""
    declared = _DECLARED_ENCODING.match(start.removeprefix(b"\xef\xbb\xbf").lstrip())
    name = declared[1].decode("ascii", "replace").lower() if declared else "utf-8"
    if b"\x00" in start[:8] or start[:2] in {b"\xff\xfe", b"\xfe\xff"} or name not in {"utf-8", "utf8", "us-ascii"}:
        raise UnsafeWorkbookError(path=path, problem=_("its part {part!r} is not UTF-8", part=part))


def _check_places(block: bytes, *, path: str, limits: Limits) -> None:
    for letters, digits in _FAR_PLACE.findall(block):
        if digits and int(digits[:12]) > min(MAX_SHEET_ROWS, limits.max_rows + 1):
            raise TooManyRowsError(path=path, limit=min(MAX_SHEET_ROWS, limits.max_rows))
        position = column_position(letters[:6].decode())
        if position > limits.max_columns:
            raise TooManyColumnsError(path=path, found=position, limit=limits.max_columns)
