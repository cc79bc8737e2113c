from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit.errors import FilterError
from tests.core.reading.expressions import fill

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tests.core.reading.conftest import Library

LARGE = "900000000000000"


def test_measures_are_those_that_python_computes(library: Library, connection: sa.Connection) -> None:
    """Counts, sums, averages, extremes and weighted sums of every group are exact."""
    rows = fill(library, connection)["specimen"].values()
    measures = {
        "n": "count()",
        "active": "count(active)",
        "priced": "count(price)",
        "worth": "sum(price)",
        "weighted": "weighted(price)",
        "also": "sum(price * probability, active)",
        "won": "sum(price, active and small > 0)",
        "least": "min(small)",
        "first": "min(day)",
        "last": "max(moment, active)",
        "long": "sum(length)",
    }
    found = library.reader(connection).aggregate(library.entity("specimen"), by=["sort", "owner"], measures=measures)
    groups = defaultdict(list)
    for row in rows:
        if row["deleted_at"] is None:
            groups[row["sort"], row["owner"]].append(row)
    assert {(row[0], row[1]): row[2:] for row in found} == {key: measured(group) for key, group in groups.items()}
    assert found == sorted(found, key=lambda row: [(value is not None, value) for value in row[:2]])


def measured(group: list[dict]) -> tuple[object, ...]:  # type: ignore[type-arg]
    """Return the measures of a group as Python computes them."""
    priced = [row for row in group if row["price"] is not None]
    likely = [row for row in priced if row["probability"] is not None]
    active = [row for row in group if row["active"]]
    return (
        len(group),
        len(active),
        len(priced),
        sum((row["price"].base for row in priced), Decimal()),
        sum((row["price"].base * row["probability"] / 100 for row in likely), Decimal()),
        sum((row["price"].base * row["probability"] / 100 for row in likely if row["active"]), Decimal()),
        sum((row["price"].base for row in priced if row["active"] and (row["small"] or 0) > 0), Decimal()),
        min((row["small"] for row in group if row["small"] is not None), default=None),
        min((row["day"] for row in group if row["day"] is not None), default=None),
        max((row["moment"] for row in active if row["moment"] is not None), default=None),
        sum((row["length"] for row in group if row["length"] is not None), timedelta()),
    )


def test_groups_come_from_paths_and_the_calendar(library: Library, connection: sa.Connection) -> None:
    """Return the measures of a group as Python computes them."""
    """Records are grouped by fields of other records and by parts of dates, moments in the home time zone."""
    library.add(connection, "customer", id=1, name="Acme")
    library.add(connection, "specimen", id=1, customer=1, moment="2025-12-31T23:30Z", day="2025-12-31")
    library.add(connection, "specimen", id=2, customer=1, moment="2026-02-01T00:00Z")
    library.add(connection, "specimen", id=3)
    reader, entity = library.reader(connection), library.entity("specimen")
    by = ["customer.name", "moment.year", "moment.quarter"]
    assert reader.aggregate(entity, by=by, measures={"n": "count()"}) == [(None, None, None, 1), ("Acme", 2026, 1, 2)]
    assert reader.aggregate(entity, by=["moment.date"], measures={"n": "count(day)"}) == [
        (None, 0),
        (date(2026, 1, 1), 1),
        (date(2026, 2, 1), 0),
    ]
    assert reader.aggregate(entity, by=["day.month"], measures={}, where="day is not None") == [(12,)]


def test_sums_know_no_largest_number(library: Library, connection: sa.Connection) -> None:
    """Sums and products beyond 64 bits stay exact on every database."""
    for number in range(1, 4):
        values = {"price": f"{LARGE} EUR", "ratio": f"-{LARGE}", "probability": "33.3333"}
        library.add(connection, "specimen", id=number, **values)
    measures = {"sum": "sum(price)", "down": "sum(ratio)", "weighted": "weighted(price)", "mean": "avg(price)"}
    (row,) = library.reader(connection).aggregate(library.entity("specimen"), measures=measures)
    assert row == (3 * Decimal(LARGE), -3 * Decimal(LARGE), 3 * Decimal(LARGE) * Decimal("0.333333"), Decimal(LARGE))


def test_averages_are_rounded_half_to_even(library: Library, connection: sa.Connection) -> None:
    """An average has the field's decimals, four for whole numbers, and is None of nothing; a sum is 0."""
    for number, small in enumerate((1, 1, 0), start=1):
        library.add(connection, "specimen", id=number, small=small, length=timedelta(seconds=small))
    measures = {"a": "avg(small)", "l": "avg(length)", "none": "avg(price)", "zero": "sum(price)", "max": "max(name)"}
    (row,) = library.reader(connection).aggregate(library.entity("specimen"), measures=measures)
    assert row == (Decimal("0.6667"), timedelta(microseconds=666_667), None, Decimal(0), None)


def test_nothing_measures_nothing(library: Library, connection: sa.Connection) -> None:
    """Without groups there is one row even of no records, with groups there is none."""
    reader, entity = library.reader(connection), library.entity("specimen")
    measures = {"n": "count()", "w": "weighted(price)", "a": "avg(small)"}
    assert reader.aggregate(entity, measures=measures) == [(0, Decimal(0), None)]
    assert reader.aggregate(entity, by=["sort"], measures=measures) == []


def test_rows_are_ordered_by_groups_and_measures(library: Library, connection: sa.Connection) -> None:
    """The order names groups and measures, with a minus from the largest down; None is the smallest."""
    for number, sort in enumerate(("red", "red", "blue", None), start=1):
        library.add(connection, "specimen", id=number, sort=sort, small=number)
    reader, entity = library.reader(connection), library.entity("specimen")

    def ordered(order: str) -> list[object]:
        return [row[0] for row in reader.aggregate(entity, by=["sort"], measures={"n": "count()"}, order=order)]

    assert ordered("-n, sort") == ["red", None, "blue"]
    assert ordered("-sort") == ["red", "blue", None]
    with pytest.raises(FilterError, match="Did you mean 'sort'"):
        ordered("-srt")


def test_conditions_of_measures_use_given_values(library: Library, connection: sa.Connection) -> None:
    """A measure's condition is a filter, with the same given values as the filter of the whole."""
    for number in (1, 2, 3):
        library.add(connection, "specimen", id=number, small=number)
    reader, entity = library.reader(connection), library.entity("specimen")
    measures = {"some": "count(small >= given.low)", "sum": "sum(small, small < given.low)"}
    assert reader.aggregate(entity, measures=measures, where="small > 1", given={"low": 3}) == [(1, 2)]


@pytest.mark.parametrize(
    ("measure", "position", "words"),
    [
        ("count", 0, "A measure is one of"),
        ("median(small)", 0, "A measure is one of"),
        ("sum(nmae)", 4, "Did you mean 'name'"),
        ("sum(name)", 4, "can't be measured"),
        ("max(tags)", 4, "can't be measured"),
        ("sum()", 0, "sum(field)"),
        ("sum(price, name)", 11, "no yes or no"),
        ("sum(price * name)", 12, "can't be measured"),
        ("avg(price * probability)", 4, "A field is needed"),
        ("count(active, name)", 0, "count(field)"),
        ("sum(price) + 1", 0, "A measure is one of"),
        ("weighted(customer.name)", 9, "can't be measured"),
        ("weighted(customer.annual_revenue)", 9, "no field 'probability'"),
        ("sum(price); drop", 10, "';'"),
    ],
)
def test_a_wrong_measure_points_at_its_place(
    library: Library, connection: sa.Connection, measure: str, position: int, words: str
) -> None:
    """A measure that can't be is refused where it is wrong."""
    with pytest.raises(FilterError) as caught:
        library.reader(connection).aggregate(library.entity("specimen"), measures={"m": measure})
    assert words in caught.value.problem
    assert caught.value.position == position


def test_nothing_groups_by_what_does_not_sort(library: Library, connection: sa.Connection) -> None:
    """Groups are made by sortable values only, and by known ones."""
    reader, entity = library.reader(connection), library.entity("specimen")
    for wrong in ("tags", "address", "data", "nmae", "about"):
        with pytest.raises(FilterError):
            reader.aggregate(entity, by=[wrong], measures={"n": "count()"})
