"""Definitions for the tests of custom fields: one of every kind, each with values that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit import CustomField

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit import CRM

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "text": {"searched": True},
    "long_text": {},
    "integer": {},
    "decimal": {"decimals": 2},
    "percent": {},
    "money": {},
    "boolean": {},
    "date": {},
    "datetime": {},
    "duration": {},
    "choice": {"choices": {"red": "Red", "green": "Gr\"ün' --"}},
    "tags": {"searched": True},
    "email": {"searched": True},
    "phone": {"searched": True},
    "url": {},
    "address": {},
    "location": {},
}
VALUES: Mapping[str, tuple[object, object]] = {
    "text": ('x\'); DROP TABLE crm_customer; -- "%s" {0} \\ 中文 😀', "zz"),
    "long_text": ("one\ntwo '\"", "zz"),
    "integer": (-(2**63) + 1, 2**63 - 1),
    "decimal": ("-0.01", "90000000000000000.07"),
    "percent": ("0.0001", "100"),
    "money": ("-1.50 EUR", "12345678901.23 EUR"),
    "boolean": (False, True),
    "date": ("0001-01-01", "9999-12-31"),
    "datetime": ("0999-03-29T01:30:00.000001Z", "2026-03-29T01:30:00.999999Z"),
    "duration": ("-PT0.000001S", "P9000D"),
    "choice": ("green", "red"),
    "tags": (["a", "ß 50%"], ["b"]),
    "email": ("ann@example.com", "bob@example.org"),
    "phone": ("+33140205050", "+493012345678"),
    "url": ("https://a.example/'?x=\"", "https://b.example"),
    "address": ({"street": "Rue 1", "city": "Lyon"}, {"city": "Paris"}),
    "location": ("-48.8566,2.3522", "0,0"),
}
"""Two values for each kind, the smaller one first where there is an order."""


def define(crm: CRM, kind: str, name: str = "extra_one", *, entity: str = "customer", **options: Any) -> CustomField:
    """Define a custom field as the administrator."""
    with crm.session(actor="admin") as session:
        given = {**OPTIONS[kind], **options}
        return session.create(CustomField, entity=entity, name=name, kind=kind, **given)


def define_all(crm: CRM) -> None:
    """Define a field of every kind for customers, named `my_` and its kind."""
    with crm.session(actor="admin") as session:
        session.create_many(
            CustomField,
            [{"entity": "customer", "name": f"my_{kind}", "kind": kind, **given} for kind, given in OPTIONS.items()],
        )


def values(position: int) -> dict[str, Any]:
    """Return a value for each of the fields that `define_all` made."""
    return {f"my_{kind}": pair[position] for kind, pair in VALUES.items()}
