from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit.core.declare.values import Money, ref_class
from crmkit.errors import FilterError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tests.core.reading.conftest import Library


def names(library: Library, connection: sa.Connection, where: str | dict[str, object], **given: object) -> list[str]:
    """Return the names of the specimens that a filter finds."""
    reader = library.reader(connection)
    return [str(row[0]) for row in reader.rows(library.entity("specimen"), ["name"], where, given=given, order="name")]


def test_a_comparison_with_nothing_is_false_and_its_negation_true(library: Library, connection: sa.Connection) -> None:
    """A comparison with NULL is false, `!=` too; `not` of a false comparison is true."""
    library.add(connection, "specimen", id=1, name="one", small=1)
    library.add(connection, "specimen", id=2, name="none")
    assert names(library, connection, "small == 1") == ["one"]
    assert names(library, connection, "small != 1") == []
    assert names(library, connection, "not (small == 1)") == ["none"]
    assert names(library, connection, "not (small != 1)") == ["none", "one"]
    assert names(library, connection, "small is None") == ["none"]
    assert names(library, connection, "small not in (2,)") == ["one"]


def test_a_bare_amount_is_in_the_base_currency(library: Library, connection: sa.Connection) -> None:
    """A number compares with the worth in the base currency, an amount with a currency only with its own kind."""
    library.add(connection, "specimen", id=1, name="euro", price="100 EUR")
    library.add(connection, "specimen", id=2, name="dollar", price="100 USD @ 0.5")
    assert names(library, connection, "price >= 100") == ["euro"]
    assert names(library, connection, "price >= '10.5'") == ["dollar", "euro"]
    assert names(library, connection, "price >= '100 USD'") == ["dollar"]
    assert names(library, connection, "price != '5 USD'") == ["dollar"]
    assert names(library, connection, "not price == '100 USD'") == ["euro"]
    assert names(library, connection, "price == given.limit", limit=Money(Decimal(100), "EUR")) == ["euro"]
    assert names(library, connection, "price in (100, '100 USD')") == ["dollar", "euro"]


def test_more_decimals_than_are_stored_compare_exactly(library: Library, connection: sa.Connection) -> None:
    """A literal finer than the field's scale equals nothing, and lies between two stored values."""
    library.add(connection, "specimen", id=1, name="low", ratio="1.2345")
    library.add(connection, "specimen", id=2, name="high", ratio="1.2346")
    assert names(library, connection, "ratio == 1.23455") == []
    assert names(library, connection, "ratio != 1.23455") == ["high", "low"]
    assert names(library, connection, "ratio < 1.23455") == ["low"]
    assert names(library, connection, "ratio >= 1.23455") == ["high"]
    assert names(library, connection, "-1e30 < ratio < 99999999999999999999999999") == ["high", "low"]


def test_tags_are_found_whatever_their_case(library: Library, connection: sa.Connection) -> None:
    """A tag of a searchable field ignores case and width; no tags are an empty set, not an unknown one."""
    library.add(connection, "specimen", id=1, name="vip", tags=["VIP", "50%"], labels=["Exact"])
    library.add(connection, "specimen", id=2, name="plain")
    assert names(library, connection, "'ｖｉｐ' in tags") == ["vip"]
    assert names(library, connection, "'50%' in tags and not 'v' in tags") == ["vip"]
    assert names(library, connection, "'vip' not in tags") == ["plain"]
    assert names(library, connection, "'Exact' in labels") == ["vip"]
    assert names(library, connection, "'exact' in labels") == []


def test_text_is_found_by_its_key(library: Library, connection: sa.Connection) -> None:
    """`contains` and `starts` ignore case and width, and take % and _ as they are."""
    library.add(connection, "specimen", id=1, name="Straße 50%")
    library.add(connection, "specimen", id=2, name="Strand_1")
    assert names(library, connection, "starts(name, 'STRASSE')") == ["Straße 50%"]
    assert names(library, connection, "starts(name, 'stra')") == ["Strand_1", "Straße 50%"]
    assert names(library, connection, "contains(name, '0%')") == ["Straße 50%"]
    assert names(library, connection, "contains(name, '_')") == ["Strand_1"]
    assert names(library, connection, "not contains(name, '_')") == ["Straße 50%"]


def test_who_and_when_come_from_the_context(library: Library, connection: sa.Connection) -> None:
    """`me()`, `my_team()`, `now()` and `today()` are those of the context, and nobody is nobody's owner."""
    library.add(connection, "team", id=1, name="North")
    library.add(connection, "user", id=1, name="Ann", external_id="ann", team=1)
    library.add(connection, "specimen", id=1, name="mine", owner=1, moment="2026-03-01T10:00Z", day="2026-03-01")
    library.add(connection, "specimen", id=2, name="free")
    assert names(library, connection, "owner == me() and owner.team == my_team()") == ["mine"]
    assert names(library, connection, "moment > now() - hours(24)") == ["mine"]
    assert names(library, connection, "moment <= now() - days(1)") == []
    assert names(library, connection, "day == today() - days(1)") == ["mine"]
    system = library.reader(connection, actor=None)
    assert system.count(library.entity("specimen"), "owner == me()") == 0
    assert system.count(library.entity("specimen"), "not owner == me()") == 2


def test_a_day_is_its_first_moment_at_home(library: Library, connection: sa.Connection) -> None:
    """A moment compares with a day by the midnight of the home time zone, and its year is counted there, too."""
    library.add(connection, "specimen", id=1, name="new year", moment="2025-12-31T23:30Z")
    assert names(library, connection, "moment >= '2026-01-01'") == ["new year"]
    assert names(library, connection, "moment >= date('2026-01-01')") == ["new year"]
    assert names(library, connection, "moment.year == 2026 and moment.date == '2026-01-01'") == ["new year"]


def test_a_mapping_means_equality(library: Library, connection: sa.Connection) -> None:
    """A mapping finds the records with all its values; references are given as records or ids, None is no value."""
    library.add(connection, "customer", id=7, name="Acme")
    library.add(connection, "specimen", id=1, name="one", customer=7, small=1, about="customer:7")
    library.add(connection, "specimen", id=2, name="two", small=1)
    acme = library.reader(connection).by_id(library.entity("customer"), [7])[7]
    assert names(library, connection, {"small": 1, "customer": acme}) == ["one"]
    assert names(library, connection, {"customer": None, "small": "1"}) == ["two"]
    assert names(library, connection, {"about": ref_class("customer")(7), "customer.name": "Acme"}) == ["one"]
    assert names(library, connection, {}) == ["one", "two"]
    with pytest.raises(FilterError, match="not the name of a field"):
        names(library, connection, {"small == 1 or name": "x"})


def test_given_lists_may_be_long(library: Library, connection: sa.Connection) -> None:
    """A list that is given may have ten thousand values, and be empty."""
    library.add(connection, "specimen", id=1, name="one", small=9_999)
    assert names(library, connection, "small in given.numbers", numbers=range(10_000)) == ["one"]
    assert names(library, connection, "small in given.numbers", numbers=[]) == []
    assert names(library, connection, "small not in given.numbers", numbers=[]) == ["one"]
    with pytest.raises(FilterError, match="at most 10000"):
        names(library, connection, "small in given.numbers", numbers=range(10_001))


def test_a_unique_field_is_found_by_its_index(library: Library, connection: sa.Connection) -> None:
    """Equality of a unique text asks the unique index, which is on the key, and still tells A from a."""
    library.add(connection, "specimen", id=1, name="one", code="Ab")
    assert names(library, connection, "code == 'Ab'") == ["one"]
    assert names(library, connection, "code == 'ab'") == []
    assert names(library, connection, "not code == 'ab'") == ["one"]


def test_a_path_through_nothing_is_nothing(library: Library, connection: sa.Connection) -> None:
    """What a path finds behind an empty reference, or behind a deleted record, is None."""
    library.add(connection, "customer", id=1, name="Acme", city="Paris")
    library.add(connection, "customer", id=2, name="Gone", city="Paris", deleted_at="2026-01-01T00:00Z")
    for number, customer in enumerate((1, 2, None), start=1):
        library.add(connection, "specimen", id=number, name=str(number), customer=customer)
    assert names(library, connection, "customer.city == 'Paris'") == ["1"]
    assert names(library, connection, "customer.city is None") == ["2", "3"]
    assert names(library, connection, "customer is not None") == ["1", "2"]
