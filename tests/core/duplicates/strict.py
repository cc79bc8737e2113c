"""A plugin for the tests of duplicates: a rule that blocks and one that links, and a role with a hidden field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Compare, Contact, DuplicateRule, Grant, Key, Record, Role, email, extend, hookimpl, record, text

if TYPE_CHECKING:
    from collections.abc import Iterator


@record
class Supplier(Record):
    """An entity with a rule that blocks."""

    name: str = text()
    email: str | None = email()


@record
class Partner(Record):
    """An entity with a rule that links."""

    name: str = text()
    tax_number: str | None = text()


@extend(Contact)
class Secret:
    """A field that the clerk doesn't see, and by which contacts are compared."""

    passport: str | None = text()


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield them."""
    yield Supplier
    yield Partner
    yield Secret
    everything = Grant(entity="*", read="all", create="all", update="all", delete="all", hides=("passport",))
    yield Role(name="clerk", grants=(everything,))
    mine = Grant(entity="*", read="own", create="own", update="own", delete="own")
    yield Role(name="loner", grants=(mine,))
    one_email = (Key(fields="email", way="email"),)
    yield DuplicateRule(
        name="one_supplier",
        entity="supplier",
        keys=(one_email,),
        compares=(Compare(fields="email", way="email", agrees=0.9, chance=0.000001),),
        block=0.9,
        warn=None,
    )
    yield DuplicateRule(
        name="one_partner",
        entity="partner",
        keys=((Key(fields="tax_number", way="same"),),),
        compares=(Compare(fields="tax_number", way="same", agrees=0.9, chance=0.000001),),
        link=0.9,
        warn=0.9,
    )
    yield DuplicateRule(
        name="one_passport",
        entity="contact",
        keys=((Key(fields="passport", way="same"),),),
        compares=(Compare(fields="passport", way="same", agrees=0.9, chance=0.000001),),
        warn=0.9,
    )
