"""What can be wrong with the cells of a row, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.exchange.files.characters import forbidden_character
from crmkit.core.exchange.files.rows import BadRow
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence


def cell_problem(cell: str, *, limit: int) -> str | None:
    """Say what is wrong with a cell, as a whole sentence; `limit` counts characters."""
    if len(cell) > limit:
        return _(
            "The cell is too long: {count} characters, and at most {limit} can be handled. Shorten it.",
            count=f"{len(cell):,}",
            limit=f"{limit:,}",
        )
    character = forbidden_character(cell)
    if character:
        return _("There is {character} in the cell. Remove it.", character=character)
    return None


def ragged(number: int, cells: Sequence[str | None], *, expected: int) -> BadRow:
    """Report a row that does not have one cell per column."""
    return BadRow(
        number,
        ngettext(
            "The row has {count} cell, but the header has {expected}. "
            "Is a delimiter or a quote missing, or one too many?",
            "The row has {count} cells, but the header has {expected}. "
            "Is a delimiter or a quote missing, or one too many?",
            len(cells),
            expected=f"{expected:,}",
        ),
        tuple(cells),
    )
