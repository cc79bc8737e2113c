"""The kinds of field: what they read, refuse, store and show."""

from __future__ import annotations

import string
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.core.declare import kinds
from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.values import Address, File, Location, Money, ref_class
from crmkit.errors import InvalidValue

CONVENTIONS = Conventions(currency="EUR", time_zone="Europe/Paris", phone_region="FR")
LINE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60)
AMOUNT = st.decimals(-(10**12), 10**12, places=2, allow_nan=False)
SMALL = st.decimals(Decimal(-90), Decimal(90), places=7, allow_nan=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | LINE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LINE, inner, max_size=3),
    max_leaves=8,
)
NAME = st.text(string.ascii_letters + "äß中 ", min_size=1, max_size=8).map("a".__add__)
CONTENT = st.text(string.printable.strip(), min_size=1).map(str.encode)
VALUES = {
    kinds.TextKind(): LINE,
    kinds.LongTextKind(): st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t")),
    kinds.IntegerKind(): st.integers(-(2**63) + 1, 2**63 - 1),
    kinds.DecimalKind(scale=4): st.decimals(-(10**14), 10**14, places=4, allow_nan=False),
    kinds.PercentKind(): st.decimals(0, 100, places=4, allow_nan=False),
    kinds.MoneyKind(): st.builds(Money, AMOUNT, st.sampled_from(["EUR"]))
    | st.builds(Money, AMOUNT, st.sampled_from(["USD", "GBP"]), rate=st.sampled_from([Decimal("0.92"), Decimal(2)])),
    kinds.BooleanKind(): st.booleans(),
    kinds.DateKind(): st.dates(),
    kinds.DateTimeKind(): st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    kinds.DurationKind(): st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
    kinds.ChoiceKind(choices=("gold", "silver")): st.sampled_from(["gold", "silver"]),
    kinds.TagsKind(): st.lists(st.text(string.ascii_letters + "äß中", min_size=1, max_size=8), max_size=5),
    kinds.AddressKind(): st.builds(Address, street=LINE | st.none(), city=LINE | st.none(), country=LINE | st.none()),
    kinds.LocationKind(): st.builds(Location, SMALL, SMALL),
    kinds.RefKind(target="customer"): st.integers(1, 2**62).map(ref_class("customer")),
    kinds.AnyRefKind(): st.integers(1, 2**57).map(ref_class("order")),
    kinds.FileKind(): st.builds(lambda name, content: File(f"{name}.txt", content=content), NAME, CONTENT),
    kinds.JsonKind(): JSON.filter(lambda value: value is not None and not isinstance(value, str)),
}


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.name)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_goes_out_comes_in_again(kind: kinds.Kind, data: st.DataObject) -> None:
    """A value read back from its text, its JSON or its columns is the value itself."""
    value = kind.parse(data.draw(VALUES[kind]), CONVENTIONS)
    if value is None:
        return
    assert kind.parse(kind.to_text(value), CONVENTIONS) == value
    assert kind.parse(kind.to_json(value), CONVENTIONS) == value
    assert kind.load(*kind.dump(value)) == value
    assert len(kind.dump(value)) == len(kind.parts)


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.name)
@settings(max_examples=40, deadline=None)
@given(value=st.text(max_size=40) | st.integers() | st.floats() | st.lists(st.integers(), max_size=3) | st.binary())
def test_what_does_not_fit_is_an_invalid_value(kind: kinds.Kind, value: object) -> None:
    """Whatever is given, a kind returns a value or says InvalidValue; nothing else is ever raised."""
    with suppress(InvalidValue):
        parsed = kind.parse(value, CONVENTIONS)
        assert parsed is None or len(kind.dump(parsed)) == len(kind.parts)


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.name)
def test_no_text_is_no_value(kind: kinds.Kind) -> None:
    """An empty text means that there is no value."""
    assert kind.parse("", CONVENTIONS) is None


@pytest.mark.parametrize(
    ("kind", "given_value", "expected"),
    [
        (kinds.TextKind(), "  Ärzte  ", "Ärzte"),
        (kinds.TextKind(), "e\u0301", "é"),
        (kinds.LongTextKind(), "a\r\nb\rc", "a\nb\nc"),
        (kinds.IntegerKind(), "12", 12),
        (kinds.IntegerKind(), 12.0, 12),
        (kinds.DecimalKind(), "1e3", Decimal(1000)),
        (kinds.DecimalKind(), 0.1, Decimal("0.1")),
        (kinds.PercentKind(), "6.25 %", Decimal("6.25")),
        (kinds.MoneyKind(), "48000 EUR", Money(48000, "EUR")),
        (kinds.MoneyKind(), "USD 12.5", Money("12.50", "USD")),
        (kinds.MoneyKind(), 7, Money(7, "EUR")),
        (kinds.MoneyKind(), {"amount": "1.5", "currency": "USD"}, Money("1.50", "USD")),
        (kinds.BooleanKind(), "Yes", True),
        (kinds.BooleanKind(), "否", False),
        (kinds.DateTimeKind(), "2026-07-01T12:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        (kinds.DurationKind(), "4:30", timedelta(hours=4, minutes=30)),
        (kinds.DurationKind(), "p3dt4h", timedelta(days=3, hours=4)),
        (kinds.TagsKind(), "b, a, B", ("a", "b")),
        (kinds.EmailKind(), "Ann@EXAMPLE.org", "Ann@example.org"),
        (kinds.PhoneKind(), "01 40 20 50 50", "+33140205050"),
        (kinds.PhoneKind(), "+1 202 555 0143 ext. 7", "+12025550143;ext=7"),
        (kinds.UrlKind(), "acme.example", "https://acme.example"),
        (kinds.LocationKind(), (48.5, 2), Location("48.5", 2)),
    ],
)
def test_usual_writings_are_read(kind: kinds.Kind, given_value: object, expected: object) -> None:
    """A kind reads what people and programs usually write."""
    assert kind.parse(given_value, CONVENTIONS) == expected


@pytest.mark.parametrize(
    ("kind", "given_value", "words"),
    [
        (kinds.TextKind(), "a\x00b", "U+0000"),
        (kinds.TextKind(), "a\ud800", "U+D800"),
        (kinds.TextKind(max=5), "x" * 6, "at most 5"),
        (kinds.TextKind(pattern="[A-Z]{3}"), "abcd", "form"),
        (kinds.TextKind(), 5, "not a text"),
        (kinds.LongTextKind(), "x" * 100_001, "at most 100000"),
        (kinds.IntegerKind(), "1.5", "whole"),
        (kinds.IntegerKind(), True, "not a number"),
        (kinds.IntegerKind(), 2**63, "too large"),
        (kinds.IntegerKind(min=3), 2, "at least 3"),
        (kinds.IntegerKind(), "1e999", "whole"),
        (kinds.DecimalKind(), "9" * 300, "too long"),
        (kinds.DecimalKind(), "NaN", "not a number"),
        (kinds.DecimalKind(), float("inf"), "finite"),
        (kinds.DecimalKind(), "1,234", "separators"),
        (kinds.DecimalKind(scale=2), "0.001", "2 decimals"),
        (kinds.PercentKind(), 101, "at most 100"),
        (kinds.MoneyKind(), "12.345 EUR", "2 decimals of EUR"),
        (kinds.MoneyKind(), "1.5 JPY", "0 decimals of JPY"),
        (kinds.MoneyKind(), "12 XXY", "currency"),
        (kinds.MoneyKind(), "EUR 12 USD", "amount of money"),
        (kinds.MoneyKind(), {"amount": 1, "unit": "EUR"}, "unit"),
        (kinds.MoneyKind(), "9e15 EUR", "amount of money"),
        (kinds.BooleanKind(), "perhaps", "yes nor no"),
        (kinds.DateKind(), "2023-02-29", "calendar"),
        (kinds.DateKind(), "29/02/2024", "2026-03-31"),
        (kinds.DateTimeKind(), "yesterday", "date and time"),
        (kinds.DurationKind(), "P", "duration"),
        (kinds.ChoiceKind(choices=("gold", "silver")), "golb", "Did you mean 'gold'"),
        (kinds.TagsKind(), ["a,b"], "comma"),
        (kinds.TagsKind(), [str(n) for n in range(101)], "at most 100"),
        (kinds.EmailKind(), "not an address", "e-mail"),
        (kinds.PhoneKind(), "call me", "telephone"),
        (kinds.PhoneKind(), "+33 1", "telephone"),
        (kinds.UrlKind(), "javascript://alert(1)", "web address"),
        (kinds.UrlKind(), "http://[", "web address"),
        (kinds.LocationKind(), "91,0", "too large"),
        (kinds.LocationKind(), "48.8", "position"),
        (kinds.RefKind(target="customer"), ref_class("order")(1), "order"),
        (kinds.RefKind(target="customer"), 0, "neither"),
        (kinds.RefKind(target="customer"), True, "neither"),
        (kinds.AnyRefKind(targets=("order",)), "customer:1", "may be: order"),
        (kinds.AnyRefKind(), "5", "which entity"),
        (kinds.JsonKind(), "{", "not JSON"),
        (kinds.JsonKind(), float("nan"), "JSON"),
        (kinds.JsonKind(), "[" * 60 + "]" * 60, "levels"),
        (kinds.AddressKind(), {"planet": "Mars"}, "parts are"),
    ],
)
def test_a_refusal_says_why(kind: kinds.Kind, given_value: object, words: str) -> None:
    """A value that doesn't fit is refused with words that help."""
    with pytest.raises(InvalidValue) as refused:
        kind.parse(given_value, CONVENTIONS)
    assert words in str(refused.value)


@pytest.mark.row("B1")
@pytest.mark.parametrize(
    ("one", "other"),
    [("ÄRZTE", "ärzte"), ("Straße", "STRASSE"), ("ＡＣＭＥ", "acme"), ("İstanbul", "i̇stanbul"), ("a  b", "A B")],
)
def test_keys_ignore_case_and_width(one: str, other: str) -> None:
    """Texts that differ in case, width or white space alone have one search key."""
    assert kinds.search_key(one) == kinds.search_key(other)


@given(LINE)
def test_a_key_is_its_own_key(text: str) -> None:
    """Making a key of a key changes nothing, so what is stored and what is asked for meet."""
    key = kinds.search_key(text)
    assert kinds.search_key(key) == key


@pytest.mark.parametrize(
    ("kind", "value", "english", "chinese"),
    [
        (kinds.MoneyKind(), Money("1234.50", "EUR"), "€1,234.50", "€1,234.50"),
        (kinds.PercentKind(), Decimal("12.5"), "12.5%", "12.5%"),
        (kinds.DateKind(), date(2026, 3, 31), "Mar 31, 2026", "2026年3月31日"),
        (kinds.IntegerKind(), 12345, "12,345", "12,345"),
        (kinds.PhoneKind(), "+33140205050", "+33 1 40 20 50 50", "+33 1 40 20 50 50"),
        (kinds.ChoiceKind(choices=("cold_call",)), "cold_call", "Cold call", "Cold call"),
    ],
)
def test_people_read_values_in_their_locale(kind: kinds.Kind, value: object, english: str, chinese: str) -> None:
    """A value is shown as the locale writes it."""
    assert kind.format(value, Conventions(locale="en")) == english
    assert kind.format(value, Conventions(locale="zh_Hans_CN")) == chinese


def test_foreign_money_keeps_the_rate_it_was_written_with() -> None:
    """The worth in the base currency follows from the rate that came with the amount, to four decimals."""
    kind = kinds.MoneyKind()
    money = kind.parse("100 USD @ 0.9215", CONVENTIONS)
    assert kind.dump(money) == (1_000_000, "USD", 921_500, "0.9215")


def test_amounts_of_different_currencies_do_not_add() -> None:
    """Adding or comparing amounts in two currencies is an error, not a guess."""
    with pytest.raises(InvalidValue):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(InvalidValue):
        assert Money(1, "EUR") < Money(2, "USD")


@settings(max_examples=200, deadline=None)
@given(
    st.from_regex(r"[a-z0-9._+-]{1,70}", fullmatch=True),
    st.sampled_from(
        ["example.org", "a.de", "Example.org", "b\u00fccher.example", "localhost", "x..y", "-a.org", "a.test"]
    ),
)
def test_the_quick_way_of_reading_addresses_agrees_with_the_library(local: str, domain: str) -> None:
    """An address is read or refused as email-validator does it, however plain it is."""
    address = f"{local}@{domain}"
    try:
        expected = validate_email(address, check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        expected = None
    try:
        found = kinds.EmailKind().parse(address, CONVENTIONS)
    except InvalidValue:
        found = None
    assert found == expected
