"""Products, opportunities and orders: what is sold, what may be sold, what was."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812  (read off the annotations)
from decimal import Decimal

from crmkit.core.declare import fields as f
from crmkit.core.declare.records import Record, Staged, record
from crmkit.core.declare.values import Money, Ref
from crmkit.core.nouns.customers import SOURCES, Contact, Customer
from crmkit.core.nouns.people import User


@record
class Product(Record):
    """A product or service that is sold."""

    name: str = f.text(unique=True, search=True)
    code: str | None = f.text(unique=True, search=True)
    category: str | None = f.text(index=True)
    price: Money | None = f.money(min=0)
    active: bool = f.boolean(default=True)
    description: str | None = f.long_text()


@record(owner="owner", plural="Opportunities")
class Opportunity(Staged):
    """A possible sale, followed until it is won or lost."""

    name: str = f.text(search=True, privacy="personal")
    number: str | None = f.text(unique=True, search=True)
    customer: Ref[Customer] | None = f.ref(person="about")
    contact: Ref[Contact] | None = f.ref(person="mentions")
    product: Ref[Product] | None = f.ref(label="Main product")
    owner: Ref[User] | None = f.ref()
    type: str | None = f.choice("new_business", "existing_business", "renewal")
    level: str | None = f.choice("low", "normal", "high", label="Priority")
    source: str | None = f.choice(*SOURCES)
    amount: Money | None = f.money(min=0, index=True)
    probability: Decimal | None = f.percent(help="Chance of success; set on entry into a stage unless given.")
    opened_on: Date | None = f.date(help="The day on which work on it began.")
    expected_close: Date | None = f.date(index=True)
    closed_on: Date | None = f.date(index=True, help="The day on which it was won or lost.")
    tags: tuple[str, ...] | None = f.tags(search=True, privacy="personal")
    description: str | None = f.long_text(privacy="personal")


@record(title="role")
class OpportunityContact(Record):
    """The part that a contact plays in an opportunity."""

    opportunity: Ref[Opportunity] = f.ref(part_of=True)
    contact: Ref[Contact] = f.ref()
    role: str = f.choice("decision_maker", "influencer", "user", "buyer", "gatekeeper", "other", default="other")


@record(owner="owner", title="number")
class Order(Staged):
    """What a customer has ordered."""

    number: str | None = f.text(unique=True, search=True)
    customer: Ref[Customer] = f.ref(person="about")
    contact: Ref[Contact] | None = f.ref(person="mentions")
    opportunity: Ref[Opportunity] | None = f.ref(person="mentions")
    owner: Ref[User] | None = f.ref()
    type: str | None = f.choice("sale", "replacement", "sample", default="sale")
    level: str | None = f.choice("low", "normal", "high", label="Priority")
    amount: Money | None = f.money()
    ordered_on: Date | None = f.date(index=True)
    description: str | None = f.long_text(privacy="personal")


@record(title="description")
class OrderLine(Record):
    """One line of an order."""

    order: Ref[Order] = f.ref(part_of=True)
    position: int = f.integer(min=1, default=1)
    product: Ref[Product] | None = f.ref()
    description: str | None = f.text()
    quantity: Decimal = f.decimal(default=1, scale=4)
    price: Money | None = f.money()


@record(title="currency")
class ExchangeRate(Record):
    """What one unit of a foreign currency is worth in the base currency, from a day on."""

    currency: str = f.text(max=3, pattern="[A-Z]{3}")
    rate: Decimal = f.decimal(scale=10, min=0)
    valid_from: Date = f.date(index=True)


@record(title="role")
class Assignment(Record):
    """The part that a user plays for a record of the main line, beside its owner."""

    record: Ref[object] = f.any_ref("customer", "contact", "opportunity", "order", part_of=True)
    user: Ref[User] = f.ref()
    role: str = f.choice("account_manager", "technical_lead", "support", "other", default="other")
