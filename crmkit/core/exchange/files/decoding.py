"""From bytes to text: a byte order mark wins, then what is declared, then UTF-8; always strict, never replaced."""

from __future__ import annotations

import codecs
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from crmkit.core.exchange.files.errors import UndecodableFileError, UnknownEncodingError

if TYPE_CHECKING:
    from collections.abc import Iterator

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
# Text encodings by name that are notations for something else.
_NOTATIONS = frozenset({"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "utf-7"})


def open_text(blocks: Iterator[bytes], *, declared: str | None, path: str) -> tuple[str, Iterator[str]]:
    """Decide the encoding and decode block by block; the byte order mark is never part of the text.

    Returns:
        The encoding, and the decoded blocks.

    Raises:
        UnknownEncodingError: The declared encoding isn't one.
        UndecodableFileError: While iterating: a byte does not belong to the encoding.
    """
    named = _checked(declared, path=path) if declared else "utf-8"
    first = next(blocks, b"")
    for mark, encoding in _MARKS:
        if first.startswith(mark):
            return encoding, _decoded(chain([first], blocks), encoding=encoding, skipped=len(mark), path=path)
    return named, _decoded(chain([first], blocks), encoding=named, skipped=0, path=path)


def _checked(declared: str, *, path: str) -> str:
    try:
        name = codecs.lookup(declared).name
        codecs.getincrementaldecoder(declared)
        # Tells encodings of text from notations like hex; whether it succeeds doesn't matter.
        with suppress(UnicodeError):
            b"a".decode(declared)
    except (LookupError, ValueError) as error:
        raise UnknownEncodingError(path=path, encoding=declared) from error
    if name.replace("-", "_") in _NOTATIONS or name in _NOTATIONS:
        raise UnknownEncodingError(path=path, encoding=declared)
    return name


def _decoded(blocks: Iterator[bytes], *, encoding: str, skipped: int, path: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    taken, lines, skip = 0, 1, skipped
    for block in chain(blocks, [b""]):
        data = block[skip:]
        taken += min(skip, len(block))
        skip = 0
        try:
            text = decoder.decode(data, final=not block)
        except UnicodeDecodeError as error:
            kept = max(0, len(error.object) - len(data))
            raise _undecodable(error, offset=taken - kept, lines=lines, path=path, encoding=encoding) from error
        taken += len(data)
        if text:
            lines += text.count("\n")
            yield text


def _undecodable(
    error: UnicodeDecodeError, *, offset: int, lines: int, path: str, encoding: str
) -> UndecodableFileError:
    """Point at the byte; `offset` is that of the first byte the decoder looked at, maybe kept from the block before."""
    good = error.object[: error.start].decode(encoding, "ignore")
    return UndecodableFileError(
        path=path, encoding=encoding, offset=offset + error.start, line=lines + good.count("\n")
    )
