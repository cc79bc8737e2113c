"""A report's table for programs: CSV and JSON, exact and the same in every locale."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.core.reading.reports.columns import Cell, Column
    from crmkit.core.reading.reports.table import Row, Table

# Beyond this many digits or zeros a number is written with an exponent.
_WRITTEN_OUT = 60


def plain(value: Cell) -> str:
    """Return a cell as programs read it: plain digits, `true`/`false`, ISO 8601 dates, UTC times, spans in seconds."""
    text = ""
    match value:
        case bool():
            text = "true" if value else "false"
        case int():
            text = str(int(value))  # a reference is an int that names its entity when shown
        case Decimal():
            text = _digits(value)
        case datetime():
            text = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            text = value.isoformat()
        case timedelta():
            text = _digits(_seconds(value))
        case str():
            text = value
    return text


def csv_text(table: Table, neutralise: Callable[[str], str] | None) -> str:
    """Write the header of column names and the rows; lines end with CR LF, as RFC 4180 says."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([column.name for column in table.columns])
    for row in table.rows:
        writer.writerow([neutralise(value) if neutralise and isinstance(value, str) else plain(value) for value in row])
    return out.getvalue()


def json_text(table: Table, indent: int | None) -> str:
    """Write the table as one JSON object.

    `title`; `parameters` by name; `columns`, each with `name`, `label`, `kind`, `currency` and `unit` (a duration's is
    `seconds`); `rows` as objects by column name; `total` as such an object or null; `notes`. Numbers are written with
    every digit they have, whole ones without a fraction; read them with `parse_float=Decimal` to keep that. A percent
    of 63.15 is 63.15. Dates and times are ISO 8601 texts, times in UTC; unknown is null.
    """
    shape: dict[str, object] = {
        "title": table.title,
        "parameters": table.parameters,
        "columns": [_described(column) for column in table.columns],
        "rows": table.records(),
        "total": None if table.total is None else _by_name(table.columns, table.total),
        "notes": table.notes,
    }
    return "".join(_written(shape, indent, 0))


def _described(column: Column) -> dict[str, object]:
    unit = "seconds" if column.kind == "duration" else column.unit
    return {
        "name": column.name,
        "label": column.label,
        "kind": column.kind,
        "currency": column.currency,
        "unit": unit,
    }


def _by_name(columns: Sequence[Column], row: Row) -> dict[str, Cell]:
    return {column.name: value for column, value in zip(columns, row, strict=True)}


def _written(value: object, indent: int | None, depth: int) -> Iterator[str]:
    """Yield the pieces of a JSON text; the standard encoder can't write decimals without making floats of them."""
    match value:
        case Mapping():
            pairs = ((json.dumps(str(key), ensure_ascii=False) + ": ", each) for key, each in value.items())
            yield from _enclosed("{", pairs, "}", indent, depth)
        case list() | tuple():
            yield from _enclosed("[", (("", each) for each in value), "]", indent, depth)
        case _:
            yield _scalar(value)


def _enclosed(
    opening: str, members: Iterator[tuple[str, object]], closing: str, indent: int | None, depth: int
) -> Iterator[str]:
    yield opening
    empty = True
    for lead, member in members:
        if not empty:
            yield "," if indent is not None else ", "
        yield _margin(indent, depth + 1) + lead
        yield from _written(member, indent, depth + 1)
        empty = False
    if not empty:
        yield _margin(indent, depth)
    yield closing


def _margin(indent: int | None, depth: int) -> str:
    return "" if indent is None else "\n" + " " * (indent * depth)


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case Decimal() if value == value.to_integral_value() and value.adjusted() < _WRITTEN_OUT:
            return str(int(value))
        case bool() | int() | Decimal() | timedelta():
            return plain(value)
        case date():
            return f'"{plain(value)}"'
        case _:
            return json.dumps(str(value), ensure_ascii=False)


def _seconds(span: timedelta) -> Decimal:
    seconds = Decimal(span // timedelta(microseconds=1)).scaleb(-6)
    return seconds.normalize() if seconds % 1 else Decimal(int(seconds))


def _digits(number: Decimal) -> str:
    exponent = number.as_tuple().exponent
    written_out = isinstance(exponent, int) and abs(exponent) < _WRITTEN_OUT
    return format(number, "f") if written_out else str(number)
