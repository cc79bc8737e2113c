from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmkit.core.reading.filters import parse
from crmkit.errors import FilterError

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model

WRONG = [
    ("", 0, "empty"),
    ("name = 'x'", 5, "=="),
    ("nam == 'x'", 0, "Did you mean 'name'"),
    ("name == 'x' and customer.nmae == 'y'", 25, "Did you mean 'name'"),
    ("name == 'x", 8, "no end"),
    ("name == x'y'", 9, "prefix"),
    ("city in ('a' 'b')", 13, "side by side"),
    ("city in 'Paris'", 8, "list"),
    ("city == None", 8, "is None"),
    ("city is 'x'", 8, "=="),
    ("name == 5", 8, "quotes"),
    ("small == 'x'", 9, "not a number"),
    ("small + 1 == 2", 0, "field"),
    ("small == 1 + 1", 9, "times and durations"),
    ("sort == 'yellow'", 8, "red, green, blue"),
    ("stage.kind == 'opne'", 14, "kind of stage"),
    ("stage == 'sede'", 9, "Did you mean 'seed'"),
    ("day > '2026-02-30'", 6, "calendar"),
    ("day > now()", 6, "today()"),
    ("day > today() + hours(3)", 6, "times and durations"),
    ("moment > now() - days('x')", 22, "number"),
    ("moment > now() - days(9e20)", 22, "out of range"),
    ("moment > now() - days(999999)", 9, "calendar"),
    ("length > 3", 9, "days(3)"),
    ("price >= '5 XXQ'", 9, "currency"),
    ("tags == 'x'", 0, "'x' in it"),
    ("data == 1", 0, "is None"),
    ("address == 'x'", 0, "parts"),
    ("address.cty == 'x'", 8, "Did you mean 'city'"),
    ("about.name == 'x'", 6, "several entities"),
    ("owner < 5", 0, "reference"),
    ("owner == 'customer:5'", 9, "belongs"),
    ("customer", 0, "no yes or no"),
    ("starts(city, 'x')", 7, "search key"),
    ("contains(name, '')", 15, "characters"),
    ("contains(phone, 'abc')", 16, "digits"),
    ("name == contains(name, 'x')", 8, "condition of its own"),
    ("nwo() > moment", 0, "Did you mean now()"),
    ("1 == 1", 0, "must be a field"),
    ("day < small", 6, "can't be compared"),
    ("small < ratio", 8, "can't be compared"),
    ("customer == owner", 12, "can't be compared"),
    ("name == given.x.y", 8, "no field 'given'"),
    ("[x for x in name]", 0, "condition is needed"),
    ("name == f'x'", 9, "prefix"),
    ("name.__class__ == 'x'", 5, "no part"),
    ("lambda: name", 6, "can't stand"),
    ("(name := 'x')", 6, "can't stand"),
    ("name == 'x' if small else 'y'", 0, "condition is needed"),
    ("name[0] == 'x'", 0, "must be a field"),
    ("name == '\\d'", 9, "escape"),
    ("name == '\x00'", 9, "U\\+0000"),
    ("name == '\\x00'", 8, "U\\+0000"),
    ("name == '\ud800'", 9, "U\\+D800"),
    ("small == 1e999999999999999999999", 9, "out of range"),
    ("small == " + "9" * 400, 9, "too long"),
    ("small == 1_000px", 9, "not a number"),
    ("parent." * 6 + "name == 'x'", 35, "at most 5"),
    ("(" * 100 + "active" + ")" * 100, 40, "nested"),
    ("not " * 2_000 + "active", 160, "nested"),
    ("day > " + "+".join(["days(1)"] * 200), 819, "deep"),
    (" or ".join(["active"] * 201), 2_000, "at most 200"),
    (f"small in ({'1,' * 1001})", 2_010, "at most 1000"),
    ("active or " * 1_100, 10_000, "10000"),
]


@pytest.mark.parametrize(("expression", "position", "words"), WRONG, ids=lambda value: str(value)[:30])
def test_an_error_points_at_its_place(model: Model, expression: str, position: int, words: str) -> None:
    """What is wrong with a filter is said at the character where it is wrong."""
    with pytest.raises(FilterError, match=words.replace("(", r"\(").replace(")", r"\)")) as caught:
        parse(model, model.entities["specimen"], expression)
    assert caught.value.position == position


def test_positions_count_characters(model: Model) -> None:
    """Positions count characters, not bytes, and lines count as one text."""
    with pytest.raises(FilterError) as caught:
        parse(model, model.entities["specimen"], "name == '中文' and\n\n  nmae == 'x'")
    assert caught.value.position == 20


FRAGMENTS = [
    *"()[],.'\"+-*=<>! \\\n",
    "name",
    "customer.",
    "not ",
    " in ",
    " is ",
    "None",
    " and ",
    " or ",
    "==",
    "'x'",
    "now()",
    "days(",
    "given.x",
    "1e9",
    "0x1",
    "__class__",
    "lambda",
    "中",
    "\x00",
    "\ud800",
    "price",
    "tags",
    ";drop table",
]


def problem_of(model: Model, expression: str) -> FilterError | None:
    """Return the error that an expression gives, if it is no filter."""
    try:
        parse(model, model.entities["specimen"], expression)
    except FilterError as error:
        return error
    return None


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)))
@example("name == '\\N{BULLET}'")
@example("-" * 9_999)
@example("a." * 4_999 + "a")
def test_nothing_but_a_filter_error_comes_out(model: Model, expression: str) -> None:
    """Whatever text is given, it is a filter or a FilterError that points into it."""
    found = problem_of(model, expression)
    assert found is None or (0 <= found.position <= len(expression) and found.message)


def test_hostile_texts_are_refused(model: Model) -> None:
    """The longest and deepest texts are refused before they are parsed."""
    for text in ("(" * 10_000, "'" + "\\" * 9_998, "1" * 10_000, "- " * 5_000, "a" * 1_000_000, "name == 'x'" * 900):
        with pytest.raises(FilterError):
            parse(model, model.entities["specimen"], text)


def test_a_hidden_field_and_an_unknown_one_are_told_apart_by_nobody(model: Model) -> None:
    """A hidden field gives the error of a field that doesn't exist, and is nobody's nearest name."""
    entity = model.entities["specimen"]
    messages = []
    for expression in ("price > 1", "prize > 1"):
        with pytest.raises(FilterError) as caught:
            parse(model, entity, expression, visible=lambda _, field: field.name != "price")
        messages.append(caught.value.problem)
    assert [path.text for path in parse(model, entity, "price > 1").paths] == ["price"]
    assert messages[0].replace("price", "prize") == messages[1]
    assert "'price'" not in messages[1]
