"""A person about whom everything is known, with a canary in every personal value and wherever else a text can stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from crmkit import (
    Assignment,
    ChannelIdentity,
    Contact,
    Customer,
    Event,
    Opportunity,
    OpportunityContact,
    Order,
    OrderLine,
    OrgUnit,
    Product,
    Purpose,
    Record,
    Ref,
    User,
    any_ref,
    extend,
    hookimpl,
    long_text,
    record,
    ref,
    text,
)
from crmkit.core.exchange.importing import run_import

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock

SIGN = "canary"


@extend(Customer)
class Health:
    """What a clinic adds."""

    diagnosis: str | None = text(privacy="sensitive")
    portal_password: str | None = text(privacy="secret")
    visits: str | None = text(help="How often: no personal data.")


@record
class Visit(Record):
    """A visit to a person, whose note is its own; it counts after the person is gone."""

    customer: Ref[Customer] = ref(person="about")
    note: str | None = long_text(privacy="personal", search=True)
    purpose: str | None = text()


@record
class Remark(Record):
    """A remark on a visit: a part of what is about a person."""

    visit: Ref[Visit] = ref(part_of=True)
    text: str = long_text(privacy="sensitive")


@record(title="text")
class Memo(Record):
    """A memo on anything, which belongs to whatever it is on."""

    on: Ref[object] | None = any_ref(part_of=True)
    text: str = long_text()


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield the clinic."""
    yield from (Health, Visit, Remark, Memo)
    yield Purpose(name="care", basis="contract", fields=("customer.diagnosis", "remark.text"))
    yield Event(name="customer.called", entity="customer")


MAPPING = """
[[files]]
file = "in.csv"
entity = "customer"
mode = "create"
[files.columns]
"Id" = "id"
"Name" = "name"
"Mail" = "email"
"Size" = "employees"
"""


@frozen
class Known:
    """The ids of the person, of one merged into it, and of somebody else."""

    ann: int
    double: int
    other: int
    firm: int


def know(crm: CRM, clock: FrozenClock, folder: Path) -> Known:
    """Fill a CRM with two persons who do the same, one of them full of canaries."""
    with crm.session(actor="admin") as session:
        session.create(User, name="Bob", external_id="bob", roles=["member"])
        session.create(User, name="Olga", external_id="olga", roles=["privacy_officer"])
        product = session.create(Product, name="Chair", price="100 EUR")
        firm = session.create(Customer, name="Firm", type="organisation")
    numbers = [live(crm, clock, product, firm, sign) for sign in (SIGN, "other")]
    import_rows(crm, folder)
    crm.audit.seal()
    return Known(ann=numbers[0][0], double=numbers[0][1], other=numbers[1][0], firm=firm.id)


def live(crm: CRM, clock: FrozenClock, product: Product, firm: Customer, sign: str) -> tuple[int, int]:
    """Let a person buy, be visited, be merged and be talked about; a seal falls in between."""
    personal: dict[str, Any] = {
        "email": f"{sign}@{sign}.example",
        "website": f"https://{sign}.example",
        "address": {"street": f"{sign} street", "postcode": f"{sign}99", "city": "Lyon"},
        "description": f"{sign} likes tea",
        "diagnosis": f"{sign} flu",
        "portal_password": f"{sign} password",
    }
    with crm.session(actor="admin") as session:
        person = session.create(
            Customer,
            name=f"Ann {sign}",
            number=f"{sign}-1",
            type="person",
            source="referral",
            tags=[f"{sign} tag"],
            idempotency_key=f"{sign} key",
            **personal,
        )
        session.set_external_id(person, "erp", f"{sign}-erp")
        session.create(ChannelIdentity, person=person, channel="wechat", address=f"{sign}-wechat")
        session.create(Assignment, record=person, user=session.principal.user)
        session.create(OrgUnit, customer=person, name=f"{sign} unit")
        session.create(Memo, on=person, text=f"{sign} memo")
        contact = session.create(Contact, name="Colleague", customer=person)
        session.share(person, session.find(User, {"external_id": "bob"})[0])
        person = session.update(person, visits="12")
        session.emit("customer.called", person, {"said": f"{sign} said"})
    crm.audit.seal()
    with crm.session(actor="admin") as session:
        double = session.create(Customer, name=f"Anne {sign}", description=f"{sign} double", phone="+33140205050")
        person = session.merge(session.get(Customer, person.id), double)
        deal = session.create(Opportunity, name=f"{sign} deal", customer=person, amount="48000 EUR", contact=contact)
        session.create(OpportunityContact, opportunity=deal, contact=contact, role="user")
        clock.advance(days=3)
        deal = session.move(deal, "proposal")
        clock.advance(days=4)
        session.move(deal, "won")
        order = session.create(
            Order, customer=person, opportunity=deal, amount="48000 EUR", description=f"{sign} order"
        )
        session.create(OrderLine, order=order, product=product, quantity=480, price="100 EUR")
        session.link(deal, "became", order)
        visit = session.create(Visit, customer=person, note=f"{sign} note", purpose="measure")
        session.create(Remark, visit=visit, text=f"{sign} remark")
        session.create(Memo, on=visit, text="kept memo")
        session.create(Contact, name="Neighbour", customer=firm, reports_to=contact)
        lost = session.create(Opportunity, name=f"{sign} lost", customer=person, amount="1000 EUR")
        session.move(lost, "lost", lost_reason="price")
        deleted = session.create(Visit, customer=person, note=f"{sign} deleted note")
        session.delete(deleted)
    return person.id, double.id


def import_rows(crm: CRM, folder: Path) -> None:
    """Import a row that is refused and repeats what is known of the person."""
    (folder / "map.toml").write_text(MAPPING)
    rows = [
        "Id,Name,Mail,Size",
        f"1,Ann {SIGN},{SIGN}@{SIGN}.example,{SIGN}@{SIGN}.example",
        "2,Zed,zed@zed.example,zed@zed.example",
    ]
    (folder / "in.csv").write_text("\n".join(rows) + "\n")
    assert run_import(crm, mapping=folder / "map.toml", actor="admin").failed == 2
