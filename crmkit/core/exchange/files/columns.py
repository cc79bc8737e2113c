"""Columns of a file: what a writer is told about them, and how people count them."""

from __future__ import annotations

from attrs import frozen


@frozen
class Column:
    """A column to be written: its name, and whether its cells are numbers.

    A plain number (``-12.5``, ``+3``) in a numeric column is written as such; everywhere else it is a text, and made
    safe for spreadsheets.
    """

    name: str
    numeric: bool = False


def column_letters(position: int) -> str:
    """Name a column as spreadsheets do: 1 is A, 27 is AA."""
    letters = ""
    while position > 0:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_position(letters: str) -> int:
    """Count a column that spreadsheets name by letters: A is 1, AA is 27."""
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - ord("A") + 1
    return position
