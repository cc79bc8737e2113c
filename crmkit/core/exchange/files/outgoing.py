"""Cells on their way out: as text, refused where the text could never be read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.exchange.files.cell_text import cell_text
from crmkit.core.exchange.files.characters import FORBIDDEN, forbidden_character
from crmkit.core.exchange.files.errors import RowLengthError, UnwritableCellError
from crmkit.core.exchange.files.formulas import PLAIN_NUMBER, neutralise
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crmkit.core.exchange.files.cell_text import Cell
    from crmkit.core.exchange.files.columns import Column

Outgoing = tuple[str | None, bool]
"""The text of a cell, and whether it is a plain number."""


def outgoing_rows(
    columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, path: str
) -> Iterator[tuple[int, list[Outgoing]]]:
    """Number the rows from 1 and turn their cells into text.

    Raises:
        RowLengthError: A row has more or fewer cells than there are columns.
        UnwritableCellError: A text holds a character that no reader accepts.
    """
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            raise RowLengthError(path=path, row=number, expected=len(columns), found=len(row))
        yield number, [_outgoing(cell, column, number, path) for cell, column in zip(row, columns, strict=True)]


def _outgoing(cell: Cell, column: Column, number: int, path: str) -> Outgoing:
    try:
        text = cell if isinstance(cell, str) else cell_text(cell)
    except (ValueError, OverflowError) as error:
        raise UnwritableCellError(path=path, row=number, column=column.name, problem=str(error)) from error
    if text is None:
        return None, False
    # A printable text holds nothing forbidden, which is faster to find out.
    if not text.isprintable() and FORBIDDEN.search(text):
        problem = _("there is {forbidden_character} in it", forbidden_character=forbidden_character(text))
        raise UnwritableCellError(path=path, row=number, column=column.name, problem=problem)
    is_typed = column.numeric or text is not cell
    return text, is_typed and PLAIN_NUMBER.fullmatch(text) is not None


def spreadsheet_text(cell: Outgoing) -> str | None:
    """Make a cell harmless for spreadsheet programs."""
    text, is_number = cell
    # No formula begins with a letter or digit.
    return text if text is None or is_number or text[:1].isalnum() else neutralise(text)
