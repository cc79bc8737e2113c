import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.exchange.files import Column, FileOptions, SourceRow, open_rows, write_rows

# All of Unicode but what is refused at the edge: control characters other than tab and line ends, lone surrogates.
CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\t\n\r\x7f\x85")
PITFALLS = st.sampled_from(
    [
        "",
        "'",
        '"',
        ";\t|,",
        "\r\n",
        "\r",
        "'=x",
        "''",
        "=1",
        "\ufeff",
        "\ufeff=1",
        "<r><t>x</t></r>",
        "_x000D_",
        "_x005F_x000D_x005F_",
        "_x000d_",
        "1.0",
        "true",
        "2024-01-01",
        " ",
        "\x85",
        "\u2028",
        "𠮷",
        "]]>",
        "&amp;",
        "#N/A",
        "NULL",
    ]
)
TEXTS = PITFALLS | st.text(CHARACTERS) | st.text(alphabet="'=+-@\"\r\n\t ,;_x005FD<>r/")
ROWS = st.lists(st.tuples(TEXTS | st.none(), TEXTS | st.none(), TEXTS | st.none()), max_size=5)
NAMES = ("first", "second", "third")


def round_trip(
    name: str, rows: list[tuple[str | None, ...]], columns: tuple[str | Column, ...]
) -> list[tuple[str | None, ...]]:
    """Write rows and read their cells."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_rows(path, columns, rows)
        with open_rows(path) as source:
            return [tuple(row.values.values()) if isinstance(row, SourceRow) else () for row in source]


@pytest.mark.parametrize("name", ["file.csv", "file.jsonl.gz"])
@given(rows=ROWS)
def test_every_text_comes_back_from_text_files(name: str, rows: list[tuple[str | None, ...]]) -> None:
    """Writing then reading gives the identical cells, and tells the empty text from the empty cell."""
    assert round_trip(name, rows, NAMES) == rows


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.tuples(TEXTS, TEXTS | st.none(), TEXTS | st.none()), max_size=20))
def test_every_text_comes_back_from_workbooks(rows: list[tuple[str | None, ...]]) -> None:
    """The same holds for workbooks, apart from two code points that XML can't hold and rows without any cell."""
    kept = [row for row in rows if not any(cell and set(cell) & {"\ufffe", "\uffff"} for cell in row)]

    assert round_trip("file.xlsx", kept, NAMES) == kept


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(["file.csv", "file.xlsx", "file.jsonl"]),
    numbers=st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=4), min_size=1),
)
def test_numeric_columns_keep_the_number(name: str, numbers: list[Decimal]) -> None:
    """A number comes back as the same number, however many digits it has."""
    found = round_trip(name, [(format(number, "f"),) for number in numbers], (Column("n", numeric=True),))

    assert [Decimal(cell or "") for (cell,) in found] == numbers


def test_foreign_apostrophes_may_be_kept(tmp_path: Path) -> None:
    """Without restoring, a leading apostrophe is data."""
    path = tmp_path / "file.csv"
    path.write_text("a\n'=x\n'\n''\n", encoding="utf-8")

    with open_rows(path, options=FileOptions(restore_formulas=False)) as source:
        assert [row.values["a"] for row in source if isinstance(row, SourceRow)] == ["'=x", "'", "''"]
    with open_rows(path) as source:
        assert [row.values["a"] for row in source if isinstance(row, SourceRow)] == ["=x", "", "'"]
