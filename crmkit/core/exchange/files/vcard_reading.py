"""vCards (2.1, 3.0, 4.0): one card is one row; vobject takes it apart, we bound what it gets to see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import vobject
from vobject.base import VObjectError

from crmkit.core.exchange.files.blocks import open_blocks
from crmkit.core.exchange.files.cells import cell_problem
from crmkit.core.exchange.files.decoding import open_text
from crmkit.core.exchange.files.errors import TooManyRowsError
from crmkit.core.exchange.files.lines import Lines
from crmkit.core.exchange.files.rows import BadRow, RowSource, SourceRow
from crmkit.core.exchange.files.vcard_columns import VCARD_COLUMNS
from crmkit.core.exchange.files.vcard_values import card_values
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from crmkit.core.exchange.files.options import FileOptions, Limits

# vobject's patterns take quadratic time and worse on long parameters, so no line with more of them reaches it.
_HEAD_CHARACTERS = 400
_CARD_LINES = 2_000
# Pictures, sounds and keys are no columns, and most of the bytes.
_LEFT_OUT = re.compile(r"(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY)[;:]", re.IGNORECASE)


def open_vcards(path: str, *, options: FileOptions, resources: ExitStack) -> RowSource:
    """Open a file of vCards; the columns are `VCARD_COLUMNS`, and an empty file has no rows.

    Raises:
        FileError: The file can't be read.
    """
    blocks = open_blocks(path, limits=options.limits, resources=resources)
    encoding, text = open_text(blocks, declared=options.encoding, path=path)
    lines = Lines(text, limit=options.limits.max_record_characters, path=path)
    rows = _rows(lines, path=path, limits=options.limits)
    return RowSource(rows=rows, header=VCARD_COLUMNS, format="vcard", resources=resources, encoding=encoding)


def _rows(lines: Lines, *, path: str, limits: Limits) -> Iterator[SourceRow | BadRow]:
    for count, (number, card) in enumerate(_cards(lines, limits=limits), start=1):
        if count > limits.max_rows:
            raise TooManyRowsError(path=path, limit=limits.max_rows)
        yield card if isinstance(card, BadRow) else _row(number, card, limits=limits)


def _cards(lines: Lines, *, limits: Limits) -> Iterator[tuple[int, list[str] | BadRow]]:
    card: list[str] = []
    start = length = 0
    for number, line in enumerate(lines, start=1):
        lines.done = number - 1
        mark = line.strip().upper() if len(line) < len("BEGIN:VCARD") * 2 else ""
        if mark == "BEGIN:VCARD":
            if card:
                yield start, _incomplete(start, card)
            card, start, length = [], number, 0
        elif not start:
            if line.strip():
                yield (
                    number,
                    BadRow(number, _("This line stands outside of any card. Start with BEGIN:VCARD."), (line,)),
                )
            continue
        length += len(line)
        if length <= limits.max_record_characters:
            card.append(line)
        if mark == "END:VCARD":
            yield start, card if length <= limits.max_record_characters else _too_long(start, limits=limits)
            card, start = [], 0
    if card:
        yield start, _incomplete(start, card)


def _incomplete(number: int, card: list[str]) -> BadRow:
    return BadRow(number, _("The card does not end. Add END:VCARD."), ("".join(card),))


def _too_long(number: int, *, limits: Limits) -> BadRow:
    message = _(
        "The card is longer than {max_record_characters} characters. Remove its pictures.",
        max_record_characters=f"{limits.max_record_characters:,}",
    )
    return BadRow(number, message, ())


def _row(number: int, card: list[str], *, limits: Limits) -> SourceRow | BadRow:
    raw = "".join(card)
    lines = [line for line in _unfolded(card) if not _LEFT_OUT.match(line)]
    if len(lines) > _CARD_LINES or any(len(line.partition(":")[0]) > _HEAD_CHARACTERS for line in lines):
        return BadRow(number, _("The card has too many lines, or a line without the form NAME:value."), (raw,))
    try:
        values = card_values(vobject.readOne("\r\n".join(lines), allowQP=True))
    except (VObjectError, ValueError, LookupError, AttributeError, TypeError) as error:
        return BadRow(number, _("The card can't be understood: {error}.", error=error), (raw,))
    for name, value in values.items():
        problem = value and cell_problem(value, limit=limits.max_cell_characters)
        if problem:
            return BadRow(number, _("Column {name!r}: {problem}", name=name, problem=problem), (raw,), name)
    return SourceRow(number, values)


def _unfolded(card: list[str]) -> list[str]:
    """Join the lines that were folded, so that every property stands in one line."""
    properties: list[list[str]] = []
    for line in card:
        text = line.rstrip("\r\n")
        if text[:1] in {" ", "\t"} and properties:
            properties[-1].append(text[1:])
        elif text:
            properties.append([text])
    return ["".join(parts) for parts in properties]
