"""The bytes of a file, block by block, unpacked if need be, and never more than the limits allow."""

from __future__ import annotations

import gzip
import stat
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

from crmkit.core.exchange.files.errors import (
    DamagedFileError,
    FileTooLargeError,
    UnpacksTooLargeError,
    UnreadableFileError,
    WrongFormatError,
)
from crmkit.core.exchange.files.options import is_gzip
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from contextlib import ExitStack

    from crmkit.core.exchange.files.options import Limits

BLOCK_BYTES = 1 << 16
SMALL_BYTES = 16 << 20
"""What unpacks to no more than this is harmless, however well it was packed."""

_OTHER_FORMATS = {
    b"PK\x03\x04": _("a workbook or ZIP archive"),
    b"\xd0\xcf\x11\xe0": _("an old Excel or Word file"),
    b"\x1f\x8b": _("packed with gzip"),
    b"%PDF": _("a PDF document"),
    b"SQLite f": _("an SQLite database"),
}


def checked_size(path: str, *, limits: Limits) -> int:
    """Return the size of a regular file in bytes.

    Raises:
        UnreadableFileError: It is missing, or no regular file.
        FileTooLargeError: It is larger than the limit.
    """
    try:
        found = Path(path).stat()
    except (OSError, ValueError) as error:
        raise UnreadableFileError(path=path, problem=_reason(error)) from error
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableFileError(path=path, problem=_("it is not a regular file"))
    if found.st_size > limits.max_bytes:
        raise FileTooLargeError(path=path, limit=limits.max_bytes)
    return found.st_size


def open_blocks(path: str, *, limits: Limits, resources: ExitStack) -> Iterator[bytes]:
    """Open a text file, packed or not, and read it block by block.

    Raises:
        FileError: It can't be opened, is too large, or is of a format that isn't text.
    """
    size = checked_size(path, limits=limits)
    blocks = _unpacked(path, size=size, limits=limits) if is_gzip(path) else _plain(path, limits=limits)
    resources.callback(blocks.close)
    return blocks


def _refuse_other_formats(start: bytes, *, path: str) -> None:
    for mark, found in _OTHER_FORMATS.items():
        if start.startswith(mark):
            raise WrongFormatError(path=path, expected=_("a text file"), found=found)


def _plain(path: str, *, limits: Limits) -> Generator[bytes, None, None]:
    total = 0
    with _open(path) as file:
        while block := file.read(BLOCK_BYTES):
            if not total:
                _refuse_other_formats(block, path=path)
            total += len(block)
            if total > limits.max_bytes:  # it grows while it is read
                raise FileTooLargeError(path=path, limit=limits.max_bytes)
            yield block


def _unpacked(path: str, *, size: int, limits: Limits) -> Generator[bytes, None, None]:
    total = 0
    with _open(path) as packed, gzip.GzipFile(fileobj=packed, mode="rb") as file:
        while block := _unpacked_block(file, path=path):
            total += len(block)
            check_growth(total, packed=size, path=path, limits=limits)
            yield block


def _open(path: str) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise UnreadableFileError(path=path, problem=_reason(error)) from error


def _unpacked_block(file: gzip.GzipFile, *, path: str) -> bytes:
    try:
        return file.read(BLOCK_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedFileError(path=path, problem=_("it can't be unpacked ({error})", error=error)) from error


def check_growth(unpacked: int, *, packed: int, path: str, limits: Limits) -> None:
    """Refuse what has grown too much; both sizes in bytes.

    Raises:
        UnpacksTooLargeError: It is beyond the size or the ratio of the limits.
    """
    if unpacked > limits.max_unpacked_bytes:
        raise UnpacksTooLargeError(
            path=path,
            problem=_("more than {max_unpacked_bytes} bytes", max_unpacked_bytes=f"{limits.max_unpacked_bytes:,}"),
        )
    if unpacked > SMALL_BYTES and unpacked > limits.max_ratio * packed:
        raise UnpacksTooLargeError(
            path=path, problem=_("more than {max_ratio} times its size", max_ratio=limits.max_ratio)
        )


def _reason(error: OSError | ValueError) -> str:
    text = error.strerror if isinstance(error, OSError) else str(error)
    return (text or type(error).__name__).lower()
