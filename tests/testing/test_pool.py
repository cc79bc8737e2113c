"""Databases of the pool are as good as new, and only what declares the same shares one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import crmkit
from crmkit import CRM, Customer, Ref, Unique, User, extend
from crmkit.core.declare.upgrades import UpgradeStep
from crmkit.testing.declaring import declared_by
from crmkit.testing.plugins import make_plugin
from crmkit.testing.schemas import contents_of, schema_of

if TYPE_CHECKING:
    from crmkit import Batch, Change
    from crmkit.testing.fixtures import CRMFactory


@extend(Customer)
class Patient:
    """A field."""

    ward: str | None = crmkit.text()


@extend(Customer)
class Indexed:
    """The field, with an index."""

    ward: str | None = crmkit.text(index=True)


@extend(Customer)
class Numbered:
    """The field, of another kind."""

    ward: int | None = crmkit.integer()


@extend(Customer)
class Referring:
    """A field that refers to another record."""

    ward: Ref[Customer] | None = crmkit.ref()


NOWHERE = "sqlite://"
DIFFERENT = [
    make_plugin("ward"),
    make_plugin("ward", version="1.1"),
    make_plugin("ward", Patient),
    make_plugin("wards", Patient),
    make_plugin("ward", Indexed),
    make_plugin("ward", Numbered),
    make_plugin("ward", Referring),
    make_plugin("ward", Patient, Unique(entity="customer", fields=("name", "ward"))),
    make_plugin("ward", Patient, UpgradeStep(name="wash", run="ward:wash")),
]


def test_what_needs_another_database_has_another_key() -> None:
    """Plugins that differ in fields, indexes, kinds, versions or upgrade steps share no database."""
    keys = [declared_by(CRM(NOWHERE, [each]).model) for each in DIFFERENT]
    assert len({*keys}) == len(DIFFERENT)


def nothing() -> None:
    """Do nothing."""


def test_what_the_database_does_not_know_of_makes_no_difference() -> None:
    """A hook leaves the key as it is."""
    with_hook = make_plugin("ward", Patient, after_create=nothing)
    silent = make_plugin("ward", Patient)
    assert declared_by(CRM(NOWHERE, [with_hook]).model) == declared_by(CRM(NOWHERE, [silent]).model)


def used(crm: CRM) -> dict[str, str]:
    """Write into a database, and return what is in it then."""
    with crm.session(actor="admin") as session:
        customer = session.create(Customer, name="Ann")
        session.update(customer, ward="North")
        session.update(session.find(User)[0], name="Bob")
    return contents_of(crm)


def test_a_database_that_was_used_is_as_good_as_new(make_crm: CRMFactory) -> None:
    """Whoever gets a database next finds nothing of what was in it, and gets the ids that it would get in a new one."""
    plugin = make_plugin("ward", Patient)
    new = make_crm([plugin])
    schema, contents = schema_of(new), contents_of(new)
    after = used(new)
    make_crm.close()
    again = make_crm([plugin])
    assert (schema_of(again), contents_of(again)) == (schema, contents)
    assert again.upgrade(admin="admin") == []
    assert used(again) == after


@pytest.mark.postgres
def test_a_schema_whose_tables_were_changed_is_not_used_again(make_crm: CRMFactory) -> None:
    """A test may change the tables of its database; the next one gets a new one."""
    if make_crm.backend == "sqlite":
        return
    plugin = make_plugin("ward", Patient)
    crm = make_crm([plugin])
    with crm.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {crm.tables.schema}.crm_customer ADD COLUMN more text")
    make_crm.close()
    assert make_crm([plugin]).tables.schema != crm.tables.schema


def test_plugins_of_a_test_do_not_see_the_administrator_made(make_crm: CRMFactory) -> None:
    """What a test's own hooks see is what the test does, whether the database was there before or not."""
    seen: list[object] = []

    def note(changes: Batch[Change]) -> None:
        seen.extend(changes)

    watching = make_plugin("watching", after_create=note)
    for _time in range(2):
        with make_crm([watching]).session(actor="admin") as session:
            session.create(Customer, name="Ann")
    assert len(seen) == 2
