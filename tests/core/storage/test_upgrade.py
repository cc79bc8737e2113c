"""Upgrades: from nothing, again, with a plugin more and one less; nothing is ever lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import CRM, Customer, Money, Opportunity, Record, Ref, Staged, User, extend, money, record, ref, text
from crmkit.errors import ConnectionFailed, ReadOnlyError, UpgradeNeeded
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.testing.fixtures import CRMFactory


@extend(Customer)
class Chamber:
    """What a chamber of commerce knows of a customer."""

    register_number: str | None = text(unique=True, search=True)
    capital: Money | None = money()
    patron: Ref[User] | None = ref()
    select: str | None = text(label="A word of SQL")


@record
class Visit(Record):
    """An entity of a plugin."""

    name: str = text(search=True)
    customer: Ref[Customer] = ref(part_of=True)


COMMERCE = make_plugin("commerce", Chamber, Visit)


def test_a_schema_is_made_once(make_crm: CRMFactory) -> None:
    """The first upgrade makes everything, the second does nothing and touches nothing."""
    crm = make_crm(upgrade=False)
    with pytest.raises(UpgradeNeeded, match="no tables"):
        crm.session(actor="admin")
    first = crm.upgrade(admin="admin")
    assert "create table crm_customer" in first
    assert "make admin an administrator" in first
    before = snapshot(crm)
    assert crm.upgrade(admin="admin") == []
    assert snapshot(crm) == before


def test_a_plugin_comes_and_goes_and_comes_back(make_crm: CRMFactory) -> None:
    """A new plugin's columns are added to old records; without it they stay, unseen, and are back with it."""
    database = make_crm.database()
    with make_crm(on=database).session(actor="admin") as session:
        old = session.create(Customer, name="Old")
    crm = make_crm([COMMERCE], on=database, upgrade=False)
    with pytest.raises(UpgradeNeeded, match="'commerce' is new"):
        crm.session(actor="admin")
    done = crm.upgrade()
    assert "add column crm_customer.register_number" in done
    assert "create table crm_commerce_visit" in done
    assert "enable plugin commerce 1.0" in done
    with crm.session(actor="admin") as session:
        found = session.get(Customer, old.id)
        assert isinstance(found, Chamber)
        assert (found.register_number, found.select) == (None, None)
        found = session.update(
            found, register_number="HRB 1", capital="25000 EUR", patron=session.actor_ref, select="x"
        )
        session.create(Visit, name="First", customer=found)
    bare = make_crm(on=database, upgrade=False)
    with pytest.raises(UpgradeNeeded, match="'commerce' is gone"):
        bare.session(actor="admin")
    assert bare.upgrade() == [
        "drop index ix_crm_customer_patron",
        "drop index uq_crm_customer_register_number_key",
        "disable plugin commerce (its data is kept)",
    ]
    with bare.session(actor="admin") as session:
        plain = session.get(Customer, old.id)
        assert not isinstance(plain, Chamber)
        session.update(plain, city="Lyon")
        session.create(Customer, name="Made without it")
    back = make_crm([COMMERCE], on=database)
    with back.session(actor="admin") as session:
        again = session.get(Customer, old.id)
        assert (again.register_number, str(again.capital), again.city) == ("HRB 1", "25000.00 EUR", "Lyon")
        assert session.count(Visit) == 1
        assert session.count(Customer, search="hrb 1") == 1


def test_search_keys_are_made_for_old_records(make_crm: CRMFactory) -> None:
    """A field that begins to be searched is found in old records, too."""

    @extend(Customer)
    class Before:
        nickname: str | None = text()

    @extend(Customer)
    class After:
        nickname: str | None = text(search=True)

    database = make_crm.database()
    with make_crm([make_plugin("nick", Before)], on=database).session(actor="admin") as session:
        session.create(Customer, name="Acme", nickname="Größe Ｘ")
    crm = make_crm([make_plugin("nick", After)], on=database, upgrade=False)
    with pytest.raises(UpgradeNeeded, match="declares other things"):
        crm.session(actor="admin")
    crm.upgrade()
    with crm.session(actor="admin") as session:
        assert session.count(Customer, search="GRÖSSE x") == 1


def test_prefix_and_schema_keep_two_crms_apart(make_crm: CRMFactory, backend: str) -> None:
    """Two CRMs in one database share nothing if their prefixes differ."""
    database = make_crm.database()
    one, two = make_crm(on=database), make_crm(on=database, prefix="other_")
    with one.session(actor="admin") as session:
        session.create(Customer, name="One")
    with two.session(actor="admin") as session:
        assert session.count(Customer) == 0
        session.create(Customer, name="Two")
    tables = set(sa.inspect(one.engine).get_table_names(schema=database[1]))
    assert {"crm_customer", "other_customer"} <= tables
    assert all(table.schema == database[1] for table in one.tables.all)


def test_the_hosts_tables_are_its_own(make_crm: CRMFactory) -> None:
    """In a host's `MetaData` its tables refer to ours, only ours are created, and Alembic is told which are ours."""
    url, schema = make_crm.database()
    metadata = sa.MetaData()
    crm = make_crm(on=(url, schema), metadata=metadata, upgrade=False)
    customer = crm.tables["customer"]
    invoice = sa.Table(
        "invoice",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer_id", sa.ForeignKey(customer.c.id)),
        schema=schema,
    )
    crm.upgrade(admin="admin")
    assert "invoice" not in sa.inspect(crm.engine).get_table_names(schema=schema)
    invoice.create(crm.engine)
    assert crm.include_object(invoice, "invoice", "table", False, None)
    assert crm.include_object(invoice.c.id, "id", "column", False, None)
    for ours in (customer, crm.tables.system.change):
        assert not crm.include_object(ours, ours.name, "table", False, None)
        assert not crm.include_object(next(iter(ours.indexes)), "ix", "index", False, None)
    assert crm.upgrade() == []


def test_a_mapped_class_reads_and_never_writes(make_crm: CRMFactory) -> None:
    """A host's ORM session reads customers through the mapped class, and can't flush one."""
    from sqlalchemy.orm import Session

    crm = make_crm()
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Acme")
    mapped = crm.mapped(Customer)
    with Session(crm.engine) as host:
        found: object = host.execute(sa.select(mapped)).scalars().one()
        assert vars(found)["name"] == "Acme"
        for change in (
            lambda record: setattr(record, "name", "Changed"),
            host.delete,
            lambda _: host.add(mapped(name="New")),
        ):
            change(host.execute(sa.select(mapped)).scalar_one())
            with pytest.raises(ReadOnlyError):
                host.flush()
            host.rollback()


def test_an_unreachable_database_says_which(tmp_path: Path) -> None:
    """The error names the database without its password."""
    with pytest.raises(ConnectionFailed) as caught:
        CRM("postgresql://joe:secret@127.0.0.1:1/crm").upgrade()
    assert "joe" in str(caught.value)
    assert "secret" not in str(caught.value)
    with pytest.raises(ConnectionFailed, match="missing"):
        CRM(f"sqlite:///{tmp_path / 'missing' / 'crm.db'}").upgrade()


def test_plugins_hold_on_to_the_core_and_not_the_other_way(make_crm: CRMFactory) -> None:
    """A plugin's keys to core tables cascade or let go; core tables have none to a plugin's."""
    crm = make_crm([COMMERCE], upgrade=False)
    visit = crm.tables["visit"]
    (key,) = (key for key in visit.foreign_keys if key.parent.name == "customer_id")
    assert (key.ondelete, key.column.table) == ("CASCADE", crm.tables["customer"])
    core = {crm.tables[entity.name] for entity in crm.model.entities.values() if entity.provider == "core"}
    assert all(key.column.table in core for table in core for key in table.foreign_keys)
    assert {key.ondelete for table in core for key in table.foreign_keys} <= {"CASCADE", "SET NULL"}
    assert issubclass(Opportunity, Staged)
