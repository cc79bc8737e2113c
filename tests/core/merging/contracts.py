"""A plugin for the tests of merging: entities that refer to customers, and a role that doesn't see all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Customer, Grant, Record, Ref, Role, Unique, any_ref, extend, hookimpl, record, ref, text

if TYPE_CHECKING:
    from collections.abc import Iterator


@record
class Contract(Record):
    """An entity whose name is unique for a customer."""

    name: str = text()
    customer: Ref[Customer] = ref()


@record
class ContractNote(Record):
    """An entity that refers to customers in two ways."""

    name: str = text()
    customer: Ref[Customer] | None = ref()
    about: Ref[object] | None = any_ref()


@extend(Customer)
class Rating:
    """A field that the clerk doesn't see."""

    rating: str | None = text()


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield them."""
    yield Contract
    yield ContractNote
    yield Rating
    yield Unique(entity="contract", fields=("customer", "name"), message="The customer has this contract already.")
    everything = Grant(entity="*", read="all", create="all", update="all", delete="all", hides=("rating",))
    yield Role(name="clerk", grants=(everything,))
