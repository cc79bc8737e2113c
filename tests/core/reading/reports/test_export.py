from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.core.reading.reports.columns import Cell, Kind

READERS: Final[dict[str, Callable[[str], Cell]]] = {
    "text": str,
    "integer": int,
    "decimal": Decimal,
    "percent": Decimal,
    "money": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "duration": lambda text: timedelta(microseconds=int(Decimal(text) * 1_000_000)),
    "boolean": lambda text: {"true": True, "false": False}[text],
}
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
CELLS: Final[dict[Kind, st.SearchStrategy[Cell]]] = {
    "text": st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    "integer": st.integers(),
    "decimal": DECIMALS,
    "percent": DECIMALS,
    "money": DECIMALS,
    "date": st.dates(),
    "datetime": st.datetimes(timezones=st.just(UTC)),
    "duration": st.timedeltas(),
    "boolean": st.booleans(),
}


def column(kind: Kind) -> Column:
    """Return a column of the kind, named for it."""
    return Column(kind, kind.title(), kind, currency="EUR" if kind == "money" else None)


ROWS = st.lists(st.tuples(*(st.none() | cells for cells in CELLS.values())), max_size=5)


@given(rows=ROWS)
def test_csv_read_back_gives_the_cells(rows: list[tuple[Cell, ...]]) -> None:
    """Every cell of every kind comes back from the CSV text as it was; nothing known comes back as nothing."""
    table = Table([column(kind) for kind in CELLS], rows)
    header, *lines = csv.reader(io.StringIO(table.to_csv(), newline=""), strict=True)
    assert header == list(CELLS)
    assert [
        tuple(READERS[kind](text) if text else None for kind, text in zip(CELLS, line, strict=True)) for line in lines
    ] == rows


@given(rows=ROWS)
def test_json_read_back_gives_the_cells(rows: list[tuple[Cell, ...]]) -> None:
    """Every cell of every kind comes back from the JSON text as it was, and numbers are JSON numbers."""
    table = Table([column(kind) for kind in CELLS], rows)
    read = json.loads(table.to_json(), parse_float=Decimal, parse_int=Decimal)
    back = []
    for record in read["rows"]:
        cells = []
        for kind, value in record.items():
            is_text = isinstance(value, str)
            assert is_text is (value is not None and kind in {"text", "date", "datetime"})
            cells.append(READERS[kind](value) if is_text else _number(kind, value))
        back.append(tuple(cells))
    assert back == rows


def _number(kind: str, value: Decimal | bool | None) -> Cell:  # noqa: FBT001  (a JSON value)
    if kind == "duration" and value is not None:
        return timedelta(microseconds=int(Decimal(value) * 1_000_000))
    return value


@pytest.mark.row("I9")
def test_csv_is_plain(every_kind: Table) -> None:
    """CSV has column names, no grouping, ISO dates in UTC, seconds, and empty cells for what isn't known."""
    assert every_kind.to_csv() == (
        "customer.name,count,score,rate,amount,day,moment,age,active\r\n"
        '"Müller, ""Söhne""\nund Töchter",-7,0.1,63.15,12345678901234567890.12,2024-02-29,2024-02-29T23:30:15Z,'
        "86401.5,true\r\n"
        ",,,,,,,,\r\n"
    )


def test_csv_leaves_the_total_out(pipeline: Table) -> None:
    """A program that sums the column must not count everything twice."""
    assert "Total" not in pipeline.to_csv()
    assert pipeline.to_csv().splitlines()[-1] == "Won,4238,10005534,63.15"


def test_only_text_is_neutralised() -> None:
    """The callable sees the text cells and no number, however it begins."""
    table = Table([Column("a", "A"), Column("b", "B", "integer")], [("=1+1", -5), (None, 3)])
    assert table.to_csv(neutralise=lambda text: "'" + text) == "a,b\r\n'=1+1,-5\r\n,3\r\n"


@pytest.mark.row("I9")
def test_json_has_its_documented_shape(pipeline: Table) -> None:
    """JSON gives title, parameters, columns, rows, total and notes, with exact numbers."""
    short = attrs.evolve(
        pipeline,
        columns=pipeline.columns[:3],
        rows=[pipeline.rows[0][:3]],
        total=pipeline.total[:3] if pipeline.total else None,
    )
    assert short.to_json() == (
        "{\n"
        '  "title": "Pipeline",\n'
        '  "parameters": {\n'
        '    "since": "2024-01-01",\n'
        '    "teams": [\n'
        '      "north",\n'
        '      "south"\n'
        "    ]\n"
        "  },\n"
        '  "columns": [\n'
        "    {\n"
        '      "name": "stage",\n'
        '      "label": "Stage",\n'
        '      "kind": "text",\n'
        '      "currency": null,\n'
        '      "unit": null\n'
        "    },\n"
        "    {\n"
        '      "name": "deals",\n'
        '      "label": "Deals",\n'
        '      "kind": "integer",\n'
        '      "currency": null,\n'
        '      "unit": null\n'
        "    },\n"
        "    {\n"
        '      "name": "value",\n'
        '      "label": "Value",\n'
        '      "kind": "money",\n'
        '      "currency": "USD",\n'
        '      "unit": null\n'
        "    }\n"
        "  ],\n"
        '  "rows": [\n'
        "    {\n"
        '      "stage": "Prospecting",\n'
        '      "deals": 500,\n'
        '      "value": 2250000.5\n'
        "    }\n"
        "  ],\n"
        '  "total": {\n'
        '    "stage": "Total",\n'
        '    "deals": 6327,\n'
        '    "value": 15815534.5\n'
        "  },\n"
        '  "notes": [\n'
        '    "Lost deals are left out."\n'
        "  ]\n"
        "}"
    )


def test_json_can_be_one_line() -> None:
    """Without indentation, the JSON text is one line; whole decimals are written as whole numbers."""
    table = Table([Column("a", "甲", "decimal")], [(Decimal("80.00"),)])
    assert table.to_json(indent=None) == (
        '{"title": "", "parameters": {}, '
        '"columns": [{"name": "a", "label": "甲", "kind": "decimal", "currency": null, "unit": null}], '
        '"rows": [{"a": 80}], "total": null, "notes": []}'
    )


def test_json_says_that_durations_are_seconds(every_kind: Table) -> None:
    """A duration column's unit is seconds."""
    columns = {each["name"]: each["unit"] for each in json.loads(every_kind.to_json())["columns"]}
    assert columns["age"] == "seconds"
