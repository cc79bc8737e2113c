"""A plugin with everything that a plugin may leave in a database, for the tests of its life."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import (
    AddStage,
    Column,
    Customer,
    Money,
    Opportunity,
    Pipeline,
    Record,
    Ref,
    Report,
    Stage,
    Staged,
    Table,
    Unique,
    User,
    extend,
    money,
    record,
    ref,
    text,
)
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from types import ModuleType

    from crmkit import CRM, Session


@extend(Customer)
class Licence:
    """What a rental knows of a customer."""

    licence: str | None = text(unique=True, search=True)
    deposit: Money | None = money(index=True)
    adviser: Ref[User] | None = ref()


@record
class Bicycle(Staged):
    """Something that is rented out, with stages of its own."""

    name: str = text(search=True)
    renter: Ref[Customer] | None = ref()
    frame: str | None = text(unique=True)


@record
class Damage(Record):
    """A part of a bicycle."""

    name: str = text()
    bicycle: Ref[Bicycle] = ref(part_of=True)


def rented(session: Session) -> Table:
    """Count what is rented out."""
    return Table([Column("number", "Number", "integer")], [(session.count(Bicycle),)], title="Rented")


def rental(on_remove: str = "map:proposal", version: str = "1.0") -> ModuleType:
    """Return the plugin, with what is to become of records in its stage."""
    return make_plugin(
        "rental",
        Licence,
        Bicycle,
        Damage,
        Pipeline(name="bicycle", entity="bicycle", stages=(Stage("in"), Stage("out"), Stage("sold", kind="done"))),
        AddStage("opportunity", Stage("reserved", probability=70), after="proposal", on_remove=on_remove),
        Unique(entity="opportunity", fields=("name", "customer")),
        Report(name="rented", run=rented, reads=("bicycle",)),
        version=version,
    )


def use(crm: CRM, *, number: int = 1) -> None:
    """Do some business with the plugin."""
    with crm.session(actor="admin") as session:
        customer = session.create(
            Customer, name=f"Renter {number}", licence=f"B {number}", deposit="50 EUR", adviser=session.actor_ref
        )
        bicycle = session.create(Bicycle, name=f"Red {number}", renter=customer, frame=f"F{number}")
        session.move(bicycle, "out")
        session.create(Damage, name="Bell", bicycle=bicycle)
        deal = session.create(Opportunity, name=f"Season {number}", customer=customer, amount="900 EUR")
        session.move(deal, "reserved")
        session.link(deal, "about", bicycle)
        assert session.report("rented").rows == ((number,),)
