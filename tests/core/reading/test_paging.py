from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import FilterError, InvalidValue
from tests.core.reading.expressions import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.reading.reader import Reader
    from tests.core.reading.conftest import Library

KEYS = ["name", "small", "ratio", "price", "active", "day", "moment", "length", "sort", "owner", "parent.name"]
KEYS += ["customer.city", "parent.day", "moment.quarter", "stage", "created_at", "parent.parent.small"]
orders = st.lists(
    st.tuples(st.sampled_from(["", "-"]), st.sampled_from(KEYS)).map("".join),
    max_size=3,
    unique_by=lambda key: key.strip("-"),
)


def pages(reader: Reader, entity: object, order: object, limit: int) -> Iterator[list[int]]:
    """Yield the ids of each page."""
    after = None
    while True:
        page = reader.rows(entity, ["id"], order=order, limit=limit, after=after)  # type: ignore[arg-type]
        yield [int(str(row[0])) for row in page]
        after = page.next
        if after is None:
            return


def smallest_first(value: object) -> tuple[bool, object]:
    """Return a sort key that puts None first and amounts by their worth."""
    return value is not None, getattr(value, "base", value)


def test_the_pages_together_are_the_whole_list(library: Library, connection: sa.Connection) -> None:
    """Walking the pages gives what one big find gives, in any order, up and down, with and without values."""
    fill(library, connection)
    reader, entity = library.reader(connection), library.entity("specimen")

    @settings(max_examples=40, deadline=None, database=None)
    @given(orders, st.integers(2, 25))
    def walk(order: list[str], limit: int) -> None:
        whole = [row[0] for row in reader.rows(entity, ["id"], order=order)]
        walked = list(pages(reader, entity, order, limit))
        assert [number for page in walked for number in page] == whole
        assert all(len(page) == limit for page in walked[:-1])

    walk()


def test_nothing_sorts_first(library: Library, connection: sa.Connection) -> None:
    """Records are sorted as Python sorts their values, None before everything, and at last by id."""
    fill(library, connection)
    reader, entity = library.reader(connection), library.entity("specimen")
    for name in KEYS:
        rows = list(reader.rows(entity, [name, "id"]))
        expected = sorted(rows, key=lambda row: (smallest_first(row[0]), row[1]))
        assert list(reader.rows(entity, [name, "id"], order=name)) == expected
        assert list(reader.rows(entity, [name, "id"], order=f"-{name}")) == expected[::-1]


def test_inserts_do_not_disturb_a_walk(library: Library, connection: sa.Connection) -> None:
    """A record that is inserted meanwhile neither repeats nor hides another one."""
    reader, entity = library.reader(connection), library.entity("specimen")
    for number in range(10, 20):
        library.add(connection, "specimen", id=number, small=number)
    first = reader.find(entity, order="small", limit=4)
    library.add(connection, "specimen", id=1, small=11)
    library.add(connection, "specimen", id=99, small=17)
    rest = reader.find(entity, order="small", limit=20, after=first.next)
    assert [record.id for record in (*first, *rest)] == [10, 11, 12, 13, 14, 15, 16, 17, 99, 18, 19]


def test_a_page_says_whether_there_is_more(library: Library, connection: sa.Connection) -> None:
    """`next` is None on the last page, also if it is full, and on a list without limit."""
    reader, entity = library.reader(connection), library.entity("specimen")
    for number in (1, 2):
        library.add(connection, "specimen", id=number, small=number)
    assert reader.find(entity, limit=2).next is None
    assert reader.find(entity).next is None
    assert reader.find(entity, limit=1).next is not None
    assert reader.find(entity, "small > 5", limit=1) == ()


def test_a_cursor_belongs_to_its_list(library: Library, connection: sa.Connection) -> None:
    """A cursor that is damaged, foreign, or for another order is refused."""
    reader, entity = library.reader(connection), library.entity("specimen")
    for number in (1, 2, 3):
        library.add(connection, "specimen", id=number, name="x", small=number)
    cursor = reader.find(entity, order="small", limit=1).next
    assert cursor is not None
    assert cursor.isascii()
    assert not set(cursor) & set("+/= &")
    for wrong in (cursor[:-3], cursor[::-1], "x", "", "é", "AAAA" * 9_000, "' or 1=1 --"):
        with pytest.raises(InvalidValue, match="cursor"):
            reader.find(entity, order="small", limit=1, after=wrong)
    with pytest.raises(InvalidValue, match="another list or order"):
        reader.find(entity, order="-small", limit=1, after=cursor)
    with pytest.raises(InvalidValue, match="another list or order"):
        reader.find(library.entity("leaf"), limit=1, after=cursor)


@pytest.mark.parametrize("limit", [0, -1, 10**9, "5", float("nan"), True])
def test_a_limit_is_a_positive_number(library: Library, connection: sa.Connection, limit: object) -> None:
    """A limit that is no sensible number is refused."""
    with pytest.raises(InvalidValue, match="A page has"):
        library.reader(connection).find(library.entity("specimen"), limit=limit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("order", "position", "words"),
    [
        ("nmae", 0, "Did you mean 'name'"),
        ("name, -customer.nmae", 16, "Did you mean 'name'"),
        ("address", 0, "can't be sorted by"),
        ("name,,day", 5, "no field ''"),
        ("name, city, day, moment, small, ratio", 0, "at most 5"),
        ("name; drop table", 0, "no field"),
        ("price.rate", 0, "can't be sorted by"),
    ],
)
def test_a_wrong_order_points_at_its_place(
    library: Library, connection: sa.Connection, order: str, position: int, words: str
) -> None:
    """An order that can't be is refused where it is wrong."""
    with pytest.raises(FilterError, match=words) as caught:
        library.reader(connection).find(library.entity("specimen"), order=order)
    assert caught.value.position == position


@pytest.mark.parametrize("order", ["price", "-price", "small", "-moment"])
def test_a_page_is_read_off_an_index(library: Library, connection: sa.Connection, order: str) -> None:
    """The next page of an indexed field begins in its index, without sorting."""
    statements: list[tuple[str, object]] = []
    sa.event.listen(connection, "before_cursor_execute", lambda *event: statements.append((event[2], event[3])))
    reader, entity = library.reader(connection), library.entity("specimen")
    for number in (1, 2, 3):
        values = {"small": number, "price": f"{number} EUR", "moment": f"2026-01-0{number}T00:00Z"}
        library.add(connection, "specimen", id=number, **values)
    after = reader.find(entity, order=order, limit=1).next
    reader.find(entity, order=order, limit=1, after=after)
    text, parameters = statements[-1]
    if library.engine.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_sort = off")
        connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    explain = "EXPLAIN QUERY PLAN " if library.engine.dialect.name == "sqlite" else "EXPLAIN "
    plan = "\n".join(str(row) for row in connection.exec_driver_sql(explain + text, parameters))  # type: ignore[arg-type]
    name = order.strip("-")
    assert f"ix_crm_specimens_specimen_{name}" in plan
    assert ("Index Cond" in plan) or (f"({name}" in plan)
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_a_list_is_one_statement(library: Library, connection: sa.Connection) -> None:
    """A page with filter, search, order and related values is one statement; so is a record with what it refers to."""
    fill(library, connection)
    reader, entity = library.reader(connection), library.entity("specimen")
    statements: list[str] = []
    sa.event.listen(connection, "before_cursor_execute", lambda *event: statements.append(event[2]))
    reader.find(entity, "customer.city == 'a'", search="a", order="parent.name, -price", limit=5)
    reader.rows(entity, ["name", "customer.name", "parent.owner.name"], "parent.name != 'x'", order="parent.name")
    reader.get(entity, 7, include=["parent", "parent.owner", "customer"])
    reader.count(entity, "customer.city == 'a'")
    assert len(statements) == 4
