"""Customers, their own units, and the contacts in them."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812  (read off the annotations)

from crmkit.core.declare import fields as f
from crmkit.core.declare.kinds import Choice
from crmkit.core.declare.levels import HAND, RULE
from crmkit.core.declare.records import Record, Staged, record
from crmkit.core.declare.values import Address, Money, Ref
from crmkit.core.nouns.categories import Category
from crmkit.core.nouns.people import Team, User

SOURCES = ("campaign", "referral", "website", "exhibition", "cold_call", "partner", "other")
LEVELS = ("a", "b", "c")
GIVEN = (Choice(HAND, "By hand"), Choice(RULE, "By rule"))


@record(owner="owner", person=True)
class Customer(Staged):
    """An organisation or a person that buys, or may buy."""

    name: str = f.text(search=True, index=True, privacy="personal")
    number: str | None = f.text(unique=True, search=True, label="Customer number", privacy="personal")
    type: str = f.choice("organisation", "person", default="organisation")
    level: str | None = f.choice(*LEVELS, index=True)
    level_by: str | None = f.choice(*GIVEN, label="Level given by")
    category: Ref[Category] | None = f.ref(index=True)
    category_by: str | None = f.choice(*GIVEN, label="Category given by")
    source: str | None = f.choice(*SOURCES)
    industry: str | None = f.text(index=True)
    employees: int | None = f.integer(min=0)
    annual_revenue: Money | None = f.money()
    founded_in: int | None = f.integer(min=1, max=9999, label="Founded in (year)")
    phone: str | None = f.phone(privacy="personal")
    other_phone: str | None = f.phone(privacy="personal")
    email: str | None = f.email(privacy="personal")
    other_email: str | None = f.email(privacy="personal")
    website: str | None = f.url(privacy="personal")
    city: str | None = f.text(index=True, help="Where the customer is; taken from the address if not given.")
    country: str | None = f.text()
    address: Address | None = f.address(privacy="personal")
    parent: Ref[Customer] | None = f.ref(label="Subsidiary of")
    owner: Ref[User] | None = f.ref()
    agency: Ref[Team] | None = f.ref(help="The team of the partner with whom the customer is registered.")
    tags: tuple[str, ...] | None = f.tags(search=True, privacy="personal")
    description: str | None = f.long_text(privacy="personal")


@record
class OrgUnit(Record):
    """A department or site of a customer, in a tree."""

    name: str = f.text(search=True)
    customer: Ref[Customer] = f.ref(part_of=True)
    parent: Ref[OrgUnit] | None = f.ref(label="Part of")


@record(owner="owner", person=True)
class Contact(Staged):
    """A person at a customer."""

    name: str = f.text(search=True, index=True, privacy="personal")
    customer: Ref[Customer] | None = f.ref()
    is_primary: bool = f.boolean(default=False, label="Primary contact")
    org_unit: Ref[OrgUnit] | None = f.ref(label="Unit")
    reports_to: Ref[Contact] | None = f.ref()
    title: str | None = f.text(label="Job title", privacy="personal")
    type: str | None = f.choice("business", "technical", "finance", "other")
    level: str | None = f.choice(*LEVELS)
    level_by: str | None = f.choice(*GIVEN, label="Level given by")
    category: Ref[Category] | None = f.ref()
    category_by: str | None = f.choice(*GIVEN, label="Category given by")
    source: str | None = f.choice(*SOURCES)
    phone: str | None = f.phone(privacy="personal")
    mobile: str | None = f.phone(privacy="personal")
    email: str | None = f.email(index=True, privacy="personal")
    other_email: str | None = f.email(privacy="personal")
    address: Address | None = f.address(privacy="personal")
    birthday: Date | None = f.date(privacy="personal")
    owner: Ref[User] | None = f.ref()
    tags: tuple[str, ...] | None = f.tags(search=True, privacy="personal")
    description: str | None = f.long_text(privacy="personal")


@record
class CustomerContact(Record):
    """A further customer of a contact, where the setting `multi_customer_contacts` allows more than one."""

    customer: Ref[Customer] = f.ref(part_of=True)
    contact: Ref[Contact] = f.ref(person="about")
    title: str | None = f.text(label="Job title", privacy="personal")
