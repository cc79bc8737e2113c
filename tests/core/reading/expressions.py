"""Expressions and specimens for property tests: values that meet, or just miss, each other."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tests.core.reading.conftest import Library

TEXTS = [
    "a",
    "A",
    "b",
    "aa",
    "ä",
    "Ä",
    "ß",
    "ss",
    "Straße",
    "ｆｕｌｌ",
    "full",
    "i",
    "İ",
    "中文",
    "50%",
    "a_b",
    "/x",
    "z",
    "😀",
]
NUMBERS = [-3, 0, 1, 2, 7, 9_223_372_036_854_775_807]
DECIMALS = ["-1.5", "0", "0.0001", "1.2345", "1.2346", "900000000000000"]
FINE = ["0.00005", "1.23455", "1e17", "-1e30", "1e30", "12"]
PERCENTS = ["0", "12.5", "50", "100"]
PRICES = ["100 EUR", "100 USD @ 0.5", "50 EUR", "0.01 EUR", "100 USD @ 2", "7 JPY @ 0.0061"]
DAYS = ["2025-12-31", "2026-01-01", "2026-03-01", "2026-03-02", "1900-01-01"]
MOMENTS = [
    "2025-12-31T22:59:59.999999Z",
    "2025-12-31T23:00Z",
    "2026-03-02T09:00Z",
    "2026-03-29T01:30Z",
    "1999-06-30T22:30Z",
]
LENGTHS = ["PT0S", "P1D", "-PT1H", "PT0.000001S"]
CHOICES = ["red", "green", "blue"]
TAGS = [("VIP",), ("vip", "50%"), ("ä", "b"), ("Straße", "x y")]
ADDRESSES = [{"city": "Paris"}, {"street": "Rue 1", "city": "Lyon"}, {"country": "FR"}]
PLACES = ["48.8566,2.3522", "0,0"]
PHONES = ["+33140205050", "+33612345678", "+49301234567"]
EMAILS = ["ann@example.com", "Bob@Example.org"]
ABOUT = ["customer:1", "customer:2", "user:1", "user:2"]
SPECIMENS = 60
UNREACHABLE = {"customer": 2, "specimen": 5}
"""Records that exist but are out of the reader's reach."""

VALUES: dict[str, list[object]] = {
    "name": [*TEXTS],
    "city": [*TEXTS],
    "note": ["line\nline", "a"],
    "email": [*EMAILS],
    "phone": [*PHONES],
    "small": [*NUMBERS],
    "ratio": [*DECIMALS],
    "probability": [*PERCENTS],
    "price": [*PRICES],
    "active": [True, False],
    "day": [*DAYS],
    "moment": [*MOMENTS],
    "length": [*LENGTHS],
    "sort": [*CHOICES],
    "tags": [*TAGS],
    "labels": [*TAGS],
    "address": [*ADDRESSES],
    "location": [*PLACES],
    "owner": [1, 2],
    "customer": [1, 2, 3],
    "about": [*ABOUT],
    "data": [{"a": 1}, []],
    "stage": ["seed", "plant", "fruit"],
}


def fill(library: Library, connection: sa.Connection, seed: int = 1) -> dict[str, dict[int, dict[str, object]]]:
    """Insert customers, users and specimens with values of every sort, and return what was inserted."""
    chance = random.Random(seed)  # noqa: S311  (data, not secrets)
    found: dict[str, dict[int, dict[str, object]]] = {"team": {}, "user": {}, "customer": {}, "specimen": {}}

    def add(entity: str, number: int, **values: object) -> None:
        found[entity][number] = library.add(connection, entity, id=number, **values)

    add("team", 1, name="North")
    for number in (1, 2):
        add("user", number, name=TEXTS[number], external_id=f"u{number}", team=1 if number == 1 else None)
    gone = "2026-01-01T00:00Z"
    for number in (1, 2, 3):
        deleted = gone if number == 3 else None
        add("customer", number, name=TEXTS[number], city="a" if number < 3 else None, owner=1, deleted_at=deleted)
    for number in range(1, SPECIMENS + 1):
        values = {name: chance.choice(pool) for name, pool in VALUES.items() if chance.random() < 0.7}
        parent = chance.choice([None, *range(1, number)]) if number > 1 else None
        deleted = gone if number % 11 == 0 else None
        add("specimen", number, **values, parent=parent, stage_kind="won", pipeline="life", deleted_at=deleted)
    return found


def quoted(text: object) -> str:
    """Return a value as it is written in a filter."""
    return text if isinstance(text, str) and text.startswith("given.") else repr(str(text))


def comparisons(paths: list[str], values: list[str], signs: str = "== != < <= > >=") -> st.SearchStrategy[str]:
    """Return comparisons of a path with a value, either way round."""
    sides = st.tuples(st.sampled_from(paths), st.sampled_from(signs.split()), st.sampled_from(values))
    return st.one_of(
        sides.map(lambda each: f"{each[0]} {each[1]} {each[2]}"),
        sides.map(lambda each: f"{each[2]} {each[1]} {each[0]}"),
    )


def lists(paths: list[str], values: list[str]) -> st.SearchStrategy[str]:
    """Return tests for being one of a list."""
    chosen = st.lists(st.sampled_from(values), max_size=4).map(lambda each: f"[{', '.join(each)}]")
    sides = st.tuples(st.sampled_from(paths), st.sampled_from(["in", "not in"]), chosen)
    return sides.map(" ".join)


def family(paths: list[str], values: list[str], *, signs: str = "== != < <= > >=") -> list[st.SearchStrategy[str]]:
    """Return all tests that a family of fields has in common."""
    none = st.sampled_from(paths).flatmap(lambda path: st.sampled_from([f"{path} is None", f"{path} is not None"]))
    own = comparisons(paths, paths, signs)
    return [
        comparisons(paths, values, signs),
        lists(paths, [each for each in values if "given.nil" not in each]),
        none,
        own,
    ]


texts = [quoted(text) for text in TEXTS]
days = [f"'{day}'" for day in DAYS] + ["today()", "today() - days(1)", "date('2026-01-01')", "given.nil"]
moments = [f"'{each}'" for each in MOMENTS] + ["now()", "now() - hours(1.5)", "'2026-01-01'", "today()", "given.nil"]
numbers = [str(each) for each in NUMBERS] + ["1.5", "-1e30", "99999999999999999999", "'7'", "given.nil", "given.seven"]
decimals = [*DECIMALS, *FINE, "given.seven"]
prices = ["100", "50.00001", "0.01", "-1", "'100 USD'", "'50 EUR'", "'7 JPY'", "given.nil"]

tests = st.one_of(
    *family(["name", "city", "parent.name", "customer.name", "customer.city", "owner.name"], [*texts, "given.nil"]),
    *family(["address.city", "price.currency"], ["'Paris'", "'EUR'", "'seed'"]),
    *family(["stage", "parent.stage.name"], ["'dead'", "'seed'", "'plant'"], signs="== !="),
    *family(["small", "parent.small", "day.year", "moment.quarter", "day.day"], [*numbers, "2026", "3"]),
    *family(["ratio", "parent.ratio", "price.base", "price.amount", "parent.parent.probability"], decimals),
    *family(["location.latitude"], ["48.8566", "0", "1.00000005"]),
    comparisons(["price", "parent.price"], prices),
    comparisons(["price"], ["parent.price"]),
    lists(["price", "parent.price"], prices[:-1]),
    *family(["day", "parent.day", "moment.date"], days),
    *family(["moment", "parent.moment", "created_at"], moments),
    *family(["length", "parent.length"], ["hours(1)", "-hours(1)", "'P1D'", "days(0)", "given.nil", "weeks(99999999)"]),
    *family(["sort", "parent.sort"], [quoted(each) for each in CHOICES]),
    *family(["email"], [quoted(each) for each in [*EMAILS, "x"]]),
    *family(["phone"], ["'+33140205050'", "'01 40 20 50 50'", "'x'"], signs="== !="),
    *family(["owner", "parent.owner", "customer.owner"], ["me()", "1", "'user:2'", "given.nil"], signs="== !="),
    *family(["customer", "parent.customer"], ["1", "3", "given.acme"], signs="== !="),
    *family(["about", "parent.about"], [quoted(each) for each in ABOUT], signs="== !="),
    *family(["active", "parent.active"], ["True", "False", "given.nil"], signs="== !="),
    comparisons(["owner.team"], ["my_team()"], "== !="),
    st.sampled_from(["tags", "labels", "parent.tags"]).flatmap(
        lambda path: st.sampled_from(["VIP", "vip", "50%", "ä", "STRASSE", "x", "x y", "b"]).flatmap(
            lambda tag: st.sampled_from([f"{tag!r} in {path}", f"{tag!r} not in {path}"])
        )
    ),
    st.sampled_from(["contains", "starts"]).flatmap(
        lambda name: st.sampled_from([*texts, "'S'"]).map(lambda text: f"{name}(name, {text})")
    ),
    st.sampled_from(["contains(phone, '2050')", "starts(parent.phone, '3314')", "contains(email, 'EXAMPLE.')"]),
    st.sampled_from(["active", "parent.active", "address is None", "data is None", "location is None"]),
    st.sampled_from(
        ["0 < small <= 7", "'2026-01-01' <= day <= today()", "True", "False", "tags is None", "price is None"]
    ),
)
expressions = st.recursive(
    tests,
    lambda inner: st.one_of(
        inner.map(lambda each: f"not ({each})"),
        st.tuples(inner, inner).map(lambda each: f"({each[0]}) and ({each[1]})"),
        st.tuples(inner, inner).map(lambda each: f"({each[0]}) or ({each[1]})"),
    ),
    max_leaves=6,
)
GIVEN = {"nil": None, "seven": 7, "acme": 1}
