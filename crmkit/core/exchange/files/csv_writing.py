"""Writing CSV (RFC 4180): UTF-8, CRLF, formulas made harmless."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from crmkit.core.exchange.files.delimiter import DELIMITERS
from crmkit.core.exchange.files.formulas import neutralise
from crmkit.core.exchange.files.outgoing import outgoing_rows, spreadsheet_text
from crmkit.core.exchange.files.targets import Target, open_text, target_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.exchange.files.cell_text import Cell
    from crmkit.core.exchange.files.columns import Column


def write_csv(target: Target, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> int:
    """Write CSV and return the number of rows.

    A file begins with a byte order mark: without it, spreadsheet programs take UTF-8 for something else.
    """
    names = [neutralise(column.name) for column in columns]
    # A delimiter in a name would mislead whoever has to find out the delimiter by the header, so it is quoted.
    needs_quotes = any(delimiter in name for name in names for delimiter in DELIMITERS)
    count = 0
    with open_text(target, encoding="utf-8-sig") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL if needs_quotes else csv.QUOTE_MINIMAL).writerow(names)
        writer = csv.writer(file)
        for count, cells in outgoing_rows(columns, rows, path=target_name(target)):  # noqa: B007  (returned)
            writer.writerow([spreadsheet_text(cell) for cell in cells])
    return count
