from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.assemble.assemble import assemble
from crmkit.core.assemble.plugins import as_plugin
from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.kinds import DateKind
from crmkit.core.exchange.errors import MappingError
from crmkit.core.exchange.mapping_files import mapping_of
from crmkit.core.exchange.readings import Reading, date_format
from crmkit.core.exchange.templates import template_of
from crmkit.core.nouns import plugin as core
from crmkit.errors import InvalidValue

MODEL = assemble([as_plugin(core, "core", "core")], conventions=Conventions())
WRONG: tuple[tuple[dict[str, object], str], ...] = (
    ({"files": []}, "at least one [[files]]"),
    ({"file": []}, "no section 'file'. Did you mean 'files'?"),
    ({"files": [{"entity": "customer"}]}, "'file' is missing"),
    ({"files": [{"file": "a.csv", "entity": "custmer", "columns": {"a": "name"}}]}, "Did you mean 'customer'?"),
    ({"files": [{"file": "a.csv", "entity": "customer", "colums": {}}]}, "no key 'colums'"),
    ({"files": [{"file": "../a.csv", "entity": "customer", "columns": {"a": "name"}}]}, "inside the folder"),
    ({"files": [{"file": "a.csv", "entity": "customer", "columns": {"a": "nam"}}]}, "Did you mean 'name'?"),
    ({"files": [{"file": "a.csv", "entity": "customer", "columns": {"a": "address.town"}}]}, "part of address 'town'"),
    ({"files": [{"file": "a.csv", "entity": "customer", "columns": {"a": "owner.nam"}}]}, "field of user 'nam'"),
    ({"files": [{"file": "a.csv", "entity": "customer", "columns": {"a": {"feld": "name"}}}]}, "no key 'feld'"),
    ({"files": [{"file": "a.csv", "entity": "customer", "columns": {"a": "id"}}]}, ""),
    (
        {"files": [{"file": "a.csv", "entity": "customer", "mode": "upsert", "columns": {"a": "name"}}]},
        "is found again",
    ),
    ({"files": [{"file": "a.csv", "entity": "customer", "key": "city", "columns": {"a": "name"}}]}, "mapped to 'city'"),
    ({"files": [{"file": "a.csv", "entity": "customer", "mode": "merge", "columns": {"a": "name"}}]}, "choice of mode"),
    ({"files": [{"file": "a.csv", "entity": "customer", "templates": {"name": "{a"}}]}, "no partner"),
    ({"files": [{"file": "a.csv", "entity": "customer", "columns": {"a": {"field": "name", "dates": "q"}}}]}, "dates"),
    (
        {"files": [{"file": "a.csv", "entity": "customer", "delimiter": ";;", "columns": {"a": "name"}}]},
        "one character",
    ),
)


@pytest.mark.parametrize(("table", "expected"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_with_a_mapping_is_said_with_its_place(table: dict[str, object], expected: str) -> None:
    """Unknown names come with the nearest known one; nothing is read before the mapping is right."""
    if not expected:
        assert mapping_of(table, MODEL, path="m.toml").files[0].remembers
        return
    with pytest.raises(MappingError) as failure:
        mapping_of(table, MODEL, path="m.toml")
    assert expected in str(failure.value)


def test_all_problems_of_a_mapping_come_at_once() -> None:
    """Nobody has to correct one after the other."""
    files = [{"file": "a.csv", "entity": "customer", "columns": {"a": "nam", "b": "cty"}}, {"file": "b.csv"}]
    with pytest.raises(MappingError) as failure:
        mapping_of({"files": files}, MODEL, path="m.toml")
    assert len(failure.value.problems) == 3


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("dd.mm.yyyy", "31.03.2026"),
        ("m/d/yyyy", "3/31/2026"),
        ("dd-mm-yy", "31-03-26"),
        ("%d %b %Y", "31 Mar 2026"),
        ("dd.mm.yyyy", "2026-03-31"),
    ],
)
def test_dates_are_read_in_the_ways_that_are_named(written: str, text: str) -> None:
    """Names such as dd.mm.yyyy stand for formats; an ISO date is understood beside them, as workbooks give it."""
    reading = Reading(dates=(date_format(written),))
    assert reading.value(text, DateKind()) == date(2026, 3, 31)


@pytest.mark.parametrize("text", ["31.02.2026", "03/31/2026", "", "soon"])
def test_other_dates_are_refused(text: str) -> None:
    """No other way is tried than the mapping says."""
    with pytest.raises(InvalidValue, match="write it like"):
        Reading(dates=(date_format("dd.mm.yyyy"),)).value(text, DateKind())


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_numbers_with_signs_between_groups_are_what_they_were(number: object) -> None:
    """Grouping and reading are inverse."""
    grouped = f"{number:,.2f}".replace(",", " ").replace(".", ",")
    assert Reading(thousands=" ", decimal=",").number(grouped) == format(number, ".2f")


@pytest.mark.parametrize("text", ["1,23", "1.2.3", "12,3456", ",5", "1,,000", "1 000"])
def test_groups_in_the_wrong_places_are_refused(text: str) -> None:
    """A decimal comma is never taken for a sign between thousands."""
    with pytest.raises(InvalidValue, match="write it like"):
        Reading(thousands=",", decimal=".").number(text)


def test_templates_leave_out_what_has_no_text() -> None:
    """A section in brackets goes if its column is empty; without brackets the whole text does."""
    template = template_of("{product}[ for {account|buyer}]")
    assert template.columns == ("product", "account", "buyer")
    assert template.fill({"product": "P", "account": "A"}) == "P for A"
    assert template.fill({"product": "P", "buyer": "B"}) == "P for B"
    assert template.fill({"product": "P"}) == "P"
    assert template.fill({"account": "A"}) == ""
