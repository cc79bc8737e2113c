"""Forms: what is left of a value when it is compared."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from crmkit import Address
from crmkit.core.lifecycle.duplicates.comparing import similarity
from crmkit.core.lifecycle.duplicates.forms import form

if TYPE_CHECKING:
    from crmkit.core.declare.duplicates import Way


@pytest.mark.parametrize(
    ("way", "value", "expected"),
    [
        ("email", "Bea.Martin+News@Example.COM", "bea.martin@example.com"),
        ("phone", "+33140205050", "140205050"),
        ("phone", "01 40 20 50 50", "140205050"),
        ("phone", "+33140205050;ext=12", "140205050"),
        ("person", "  O'Connor,  José ", "oconnor jose"),
        ("organisation", "Müller & Söhne GmbH & Co. KG", "muller sohne"),
        ("organisation", "S.A. Dupont", "dupont"),
        ("organisation", "GmbH", "gmbh"),
        ("organisation", "北京小米科技有限责任公司", "北京小米科技"),
        ("domain", "https://WWW.Acme.example/shop", "acme.example"),
        ("date", date(1980, 2, 29), "19800229"),
        ("address", Address(street="5, Rue de l'Été", postcode="75 001", city="Paris"), "5 rue de lete 75 001 paris"),
        ("postcode", Address(postcode="SW1A 1AA"), "sw1a1aa"),
        ("sound", "Ann Robert", "R163"),
        ("sound", "Rupert", "R163"),
        ("sound", "Ashcraft", "A261"),
        ("sound", "Tymczak", "T522"),
        ("sound", "Pfister", "P236"),
        ("sound", "王小明", "王小"),
        ("sound", "...", ""),
    ],
)
def test_a_value_is_brought_into_form(way: Way, value: object, expected: str) -> None:
    """Case, accents, punctuation, legal forms, country codes and tags make no difference."""
    assert form(way, value) == expected


@pytest.mark.parametrize(
    ("way", "first", "second", "low", "high"),
    [
        ("person", "bea martin", "martin bea", 1, 1),
        ("person", "bea martin", "bea martim", 0.92, 1),
        ("person", "bea martin", "cem kaya", 0, 0.75),
        ("date", "19800229", "19800292", 0.7, 0.99),
        ("date", "19800229", "20011231", 0, 0.7),
        ("address", "5 main street paris", "paris 5 main street", 1, 1),
        ("email", "a@b.example", "a@c.example", 0, 0),
    ],
)
def test_alike_values_are_close(way: Way, first: str, second: str, low: float, high: float) -> None:
    """Slips and other orders of words are near; other values are far."""
    assert low <= similarity(way, first, second) <= high
