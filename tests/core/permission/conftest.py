"""A clinic: a customer with fields of every class and kind that some roles may not see."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812  (read off the annotations)
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from crmkit import (
    Customer,
    Grant,
    Money,
    Opportunity,
    Purpose,
    Ref,
    Role,
    User,
    any_ref,
    choice,
    date,
    email,
    extend,
    hookimpl,
    integer,
    money,
    phone,
    ref,
    tags,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import CRM, Record
    from crmkit.testing.fixtures import CRMFactory


@extend(Customer)
class Health:
    """What a clinic knows of a customer; `open_note` is for everybody."""

    open_note: str | None = text(search=True)
    score: int | None = integer(index=True)
    plan: str | None = choice("basic", "gold", index=True)
    card: str | None = text(unique=True, search=True)
    private_mail: str | None = email()
    private_phone: str | None = phone()
    worth: Money | None = money(index=True)
    marks: tuple[str, ...] | None = tags(search=True)
    next_visit: Date | None = date(index=True)
    doctor: Ref[User] | None = ref()
    origin: Ref[object] | None = any_ref("customer", "user")
    diagnosis: str | None = text(search=True, index=True, privacy="sensitive")
    phone_home: str | None = phone(privacy="personal")
    pin: str | None = text(privacy="secret")


HIDDEN = (
    "score",
    "plan",
    "card",
    "private_mail",
    "private_phone",
    "worth",
    "marks",
    "next_visit",
    "doctor",
    "origin",
    "phone_home",
)
REST = Grant(entity="*", read="all", create="all", update="all", delete="all", export="all")
ROLES = (
    Role(
        name="clerk",
        grants=(Grant(entity="customer", read="all", create="all", update="all", delete="all", hides=HIDDEN), REST),
    ),
    Role(
        name="clerk_of_own",
        grants=(Grant(entity="customer", read="own", create="own", update="own", hides=HIDDEN), REST),
    ),
    Role(name="nurse", grants=(Grant(entity="customer", read="all", update="all", reveals=("diagnosis",)), REST)),
    Role(name="desk", grants=(Grant(entity="customer", read="all", update="all", locks=("score", "city")), REST)),
    Role(name="porter", grants=(Grant(entity="customer", read="all", hides=("score",)), REST)),
)
FIRST: dict[str, object] = {
    "open_note": "hello",
    "score": 7,
    "plan": "gold",
    "card": "C-77",
    "private_mail": "a@example.org",
    "private_phone": "+33 1 40 20 50 50",
    "worth": "100 EUR",
    "marks": ["vip"],
    "next_visit": "2026-05-01",
    "doctor": 1,
    "origin": "user:1",
    "diagnosis": "flu",
    "phone_home": "+33 1 40 20 50 51",
    "pin": "1234",
}
OTHER: dict[str, object] = {
    "score": 8,
    "plan": "basic",
    "card": "C-88",
    "private_mail": "b@example.org",
    "private_phone": "+33 1 40 20 50 60",
    "worth": "200 EUR",
    "marks": ["late"],
    "next_visit": "2026-06-01",
    "doctor": 2,
    "origin": "user:2",
    "diagnosis": "cold",
    "phone_home": "+33 1 40 20 50 61",
    "pin": "9876",
}


@hookimpl
def declare() -> Iterator[object]:
    """Yield the fields and roles of the clinic."""
    yield Health
    yield Purpose(name="care", basis="contract", fields=("customer.diagnosis",))
    yield from ROLES


def clinic_plugin() -> ModuleType:
    """Return the plugin."""
    module = ModuleType("clinic")
    vars(module)["crmkit_declare"] = declare
    return module


CLINIC = clinic_plugin()


@pytest.fixture
def clinic(make_crm: CRMFactory) -> CRM:
    """A clinic with a customer, two deals of it, and a user for every role."""
    crm = make_crm([CLINIC], phone_region="FR")
    with crm.session(actor="admin") as session:
        session.create(User, name="Eve", external_id="eve")
        for role in ROLES:
            session.create(User, name=role.name, external_id=role.name, roles=[role.name])
        clerk = session.find(User, {"external_id": "clerk_of_own"})[0]
        acme = session.create(Customer, name="Acme", owner=clerk)
        beta = session.create(Customer, name="Beta", parent=acme)
        session.create(Opportunity, name="Deal", customer=acme, amount="10 EUR")
        session.create(Opportunity, name="Other", customer=beta, amount="20 EUR")
    from crmkit import SYSTEM

    with crm.session(actor=SYSTEM) as session:
        session.update_many([(session.get(Customer, acme.id), FIRST)])
        session.move(session.get(Customer, acme.id), "active")
    return crm


def customer(crm: CRM, name: str = "Acme") -> Record:
    """Return a customer of the clinic, with all its fields."""
    from crmkit import SYSTEM

    with crm.session(actor=SYSTEM) as session:
        return session.find(Customer, {"name": name})[0]
