"""Indexes, columns of their own, and purging: how the database keeps custom fields changes what nobody reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from crmkit import CRM, Customer, CustomField, Record, User, extend, integer, text
from crmkit.core.exchange.exporting import export
from crmkit.core.upgrade.present import Present
from crmkit.errors import (
    AccessDeniedError,
    DestructiveError,
    FieldsMovedError,
    PluginFailedError,
    Refused,
    UnknownNameError,
    UpgradeRefused,
)
from crmkit.testing.plugins import make_plugin
from tests.core.custom_fields.definitions import VALUES, define, define_all, values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.thorough


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM on a database of its own, as these tests change the schema."""
    return make_crm(on=make_crm.database())


class Failed(Exception):
    """Something went wrong in the middle."""


def plan_of(crm: CRM, query: Callable[[Any], object]) -> str:
    """Return how the database would answer the statement that a read makes."""
    seen: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        seen.append((given[2], given[3]))

    with crm.session(actor="admin") as session:
        sa.event.listen(crm.engine, "before_cursor_execute", note)
        query(session)
        sa.event.remove(crm.engine, "before_cursor_execute", note)
        statement, parameters = seen[-1]
        connection = session.unit.connection
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
        words = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        return "\n".join(str(row) for row in connection.exec_driver_sql(f"{words} {statement}", parameters))


def columns_in(crm: CRM) -> set[str]:
    """Return the columns of the customers' table."""
    with crm.engine.connect() as connection:
        return {each["name"] for each in sa.inspect(connection).get_columns("crm_customer", crm.tables.schema)}


def rows_in(crm: CRM) -> list[tuple[object, ...]]:
    """Return what the customers' table and the definitions hold."""
    columns = sorted(columns_in(crm))
    schema = f"{crm.tables.schema}." if crm.tables.schema else ""
    with crm.engine.connect() as connection:
        return [
            (table, columns, *map(str, row))
            for table in ("crm_customer", "crm_custom_field", "crm_change")
            for row in connection.exec_driver_sql(f"SELECT * FROM {schema}{table} ORDER BY id")  # noqa: S608
        ]


@pytest.mark.parametrize("kind", ["integer", "text", "decimal", "money", "date", "datetime", "boolean", "choice"])
def test_an_index_is_used(crm: CRM, kind: str) -> None:
    """By a filter for one value, and by an order with its pages; the columns of a promoted field have one, too."""
    define(crm, kind, "it")
    with crm.session(actor="admin") as session:
        pair = VALUES[kind]
        session.create_many(Customer, [{"name": f"C{n}", "it": pair[n == 1]} for n in range(200)])
        value = session.find(Customer, "name == 'C1'")[0].it
    crm.fields.index("customer", "it", actor="admin")
    crm.fields.index("customer", "it", actor="admin")
    if kind != "money":  # amounts of one currency are found by other columns
        assert "ix_crm_customer_it" in plan_of(crm, lambda session: session.count(Customer, {"it": value}))
    assert "ix_crm_customer_it" in plan_of(crm, lambda session: session.find(Customer, order="it", limit=5))
    assert "ix_crm_customer_it" in plan_of(crm, lambda session: session.find(Customer, order="-it", limit=5))
    crm.fields.promote("customer", "it", actor="admin")
    with crm.engine.connect() as connection:
        assert "ix_crm_customer_it" in Present.of(connection, crm.tables).indexes["crm_customer"]
    with crm.session(actor="admin") as session:
        field = session.find(CustomField)[0]
        assert (field.indexed, field.promoted) == (True, True)
        assert [entry.new for entry in session.history(field)][:2] == [{"promoted": True}, {"indexed": True}]


@pytest.mark.parametrize("kind", ["tags", "long_text", "address"])
def test_what_has_no_order_has_no_index(crm: CRM, kind: str) -> None:
    """Saying so changes nothing."""
    define(crm, kind, "it")
    before = rows_in(crm)
    with pytest.raises(Refused, match=kind):
        crm.fields.index("customer", "it")
    assert rows_in(crm) == before


@pytest.mark.row("M7")
def test_promotion_changes_nothing_that_anybody_reads(crm: CRM, tmp_path: Path) -> None:
    """Records, filters, orders, history, search and exports of every kind are the same, and writes go on."""
    define_all(crm)
    with crm.session(actor="admin") as session:
        made = session.create_many(
            Customer, [{"name": "Low", **values(0)}, {"name": "High", **values(1)}, {"name": "None"}]
        )
        session.delete(session.create(Customer, name="Gone", my_text="gone"))

    def read(name: str) -> list[object]:
        with crm.session(actor="admin") as session:
            export(session, "customer", tmp_path / name)
            records = session.find(Customer)
            return [
                [dict(each.items()) for each in records],
                [session.history(each) for each in records],
                [
                    [each.name for each in session.find(Customer, order=f"-my_{kind}")]
                    for kind in VALUES
                    if kind not in {"tags", "address", "location"}
                ],
                [each.name for each in session.find(Customer, f"my_integer == {2**63 - 1} and my_date.year == 9999")],
                [each.name for each in session.find(Customer, search="drop table")],
                (tmp_path / name).read_bytes(),
            ]

    before = read("before.csv")
    assert before[4] == ["Low"]
    for kind in VALUES:
        crm.fields.promote("customer", f"my_{kind}")
        crm.fields.promote("customer", f"my_{kind}")
    assert read("after.csv") == before
    assert {"my_integer", "my_money_currency", "my_text_key"} <= columns_in(crm)
    with crm.session(actor="admin") as session:
        table = session.tables["customer"]
        assert session.unit.connection.execute(sa.select(table.c.extra).distinct()).scalars().all() == [None]
        changed = session.update(session.get(Customer, made[0].id), **values(1))
        assert changed.my_money == session.get(Customer, made[1].id).my_money
        assert session.restore(Customer, made[-1].id + 1).my_text == "gone"


@pytest.mark.parametrize("command", ["promote", "index", "purge"])
def test_what_fails_in_the_middle_is_not_there(crm: CRM, command: str) -> None:
    """After every single statement: the database is as it was, and the next run does all of it."""
    define(crm, "money", "price")
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", price="5 EUR")
    before, number = rows_in(crm), 0
    given: dict[str, Any] = {"destructive": True} if command == "purge" else {}
    while True:
        number += 1
        left = [number]

        def fail(*_given: object, left: list[int] = left) -> None:
            left[0] -= 1
            if not left[0]:
                raise Failed

        sa.event.listen(crm.engine, "after_cursor_execute", fail)
        try:
            getattr(crm.fields, command)("customer", "price", **given)
            break
        except (Failed, PluginFailedError):
            pass
        finally:
            sa.event.remove(crm.engine, "after_cursor_execute", fail)
        assert rows_in(crm) == before, number
    assert number > 5
    assert ("price_currency" in columns_in(crm)) == (command == "promote")
    with crm.session(actor="admin") as session:
        found = session.get(Customer, acme.id)
        assert hasattr(found, "price") == (command != "purge")
        assert command == "purge" or found == acme


def test_a_session_that_was_open_meanwhile_writes_nothing_into_the_old_place(crm: CRM) -> None:
    """It is told so, before it has written anything; running it again is all it takes."""
    define(crm, "integer", "shoe_size")
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", shoe_size=1)
    moved: list[int] = []

    def work(session: Any) -> Record:
        if not moved:
            crm.fields.promote("customer", "shoe_size")
            moved.append(1)
        return session.update(acme, shoe_size=2)  # type: ignore[no-any-return]

    with pytest.raises(FieldsMovedError), crm.session(actor="admin") as session:
        work(session)
    moved.clear()
    define(crm, "integer", "hat_size")
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id).shoe_size == 1

    def once(session: Any) -> Record:
        if not moved:
            crm.fields.promote("customer", "hat_size")
            moved.append(1)
        return session.update(acme, hat_size=2)  # type: ignore[no-any-return]

    crm.run(once, actor="admin")
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id).hat_size == 2


@extend(Customer)
class Sized:
    """A field that was a custom field."""

    shoe_size: int | None = integer(index=True)


@extend(Customer)
class Worded:
    """The same name for another kind."""

    shoe_size: str | None = text()


@extend(Customer)
class Nicknamed:
    """A field that is searched, and wasn't before."""

    nickname: str | None = text(search=True)


@pytest.mark.row("M7")
def test_a_plugin_may_declare_what_was_promoted(make_crm: CRMFactory) -> None:
    """Same name and kind just fit; another kind, and a field that isn't promoted, are refused; and it goes back."""
    database = make_crm.database()
    crm = make_crm(on=database)
    define(crm, "integer", "shoe_size")
    define(crm, "text", "nickname")
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", shoe_size=43, nickname="The Ace")
    sized = make_plugin("sized", Sized)
    with pytest.raises(UpgradeRefused, match="crmkit fields promote customer shoe_size"):
        make_crm([sized], on=database)
    for name in ("shoe_size", "nickname"):
        crm.fields.promote("customer", name)
    with pytest.raises(UpgradeRefused, match="kind integer"):
        make_crm([make_plugin("worded", Worded)], on=database)
    extended = make_crm([sized, make_plugin("nicknamed", Nicknamed)], on=database)
    with extended.session(actor="admin") as session:
        assert session.model.entity(Customer).fields["shoe_size"].provider == "sized"
        found = session.find(Customer, "shoe_size == 43", search="ace")[0]
        assert (found.id, found.shoe_size) == (acme.id, 43)
        session.update(found, shoe_size=44)
    assert extended.upgrade() == []
    without = make_crm(on=database)
    with without.session(actor="admin") as session:
        assert session.get(Customer, acme.id).shoe_size == 44
        assert session.model.entity(Customer).fields["shoe_size"].provider == "custom_field"
    without.plugins.apply(without.plugins.plan(purge=["sized"]), destructive=True)
    with without.session(actor="admin") as session:
        assert session.get(Customer, acme.id).shoe_size == 44


def test_purging_leaves_nothing_and_frees_the_name(crm: CRM) -> None:
    """It must be said to be meant; afterwards the same name may be of another kind."""
    for promoted in (False, True):
        define(crm, "text", "it")
        with crm.session(actor="admin") as session:
            acme = session.create(Customer, name="Acme", it="text", city="Paris")
        if promoted:
            crm.fields.index("customer", "it")
            crm.fields.promote("customer", "it")
        with pytest.raises(DestructiveError, match="1 value of customer"):
            crm.fields.purge("customer", "it", actor="admin")
        assert crm.fields.purge("customer", "it", destructive=True, actor="admin") == 1
        assert "it" not in columns_in(crm)
        with pytest.raises(UnknownNameError):
            crm.fields.purge("customer", "it")
        define(crm, "integer", "it")
        with crm.session(actor="admin") as session:
            acme = session.get(Customer, acme.id)
            assert (acme.it, acme.city) == (None, "Paris")
            assert session.update(acme, it=5).it == 5
        crm.fields.purge("customer", "it", destructive=True)


def test_a_hidden_field_keeps_its_columns_and_its_index(crm: CRM) -> None:
    """It comes back as it was, and can be purged while it is hidden."""
    field = define(crm, "text", "it")
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", it="here")
    crm.fields.promote("customer", "it")
    with crm.session(actor="admin") as session:
        session.update(session.get(CustomField, field.id), active=False)
    with pytest.raises(UpgradeRefused, match="hidden"):
        crm.fields.index("customer", "it")
    with crm.session(actor="admin") as session:
        assert not hasattr(session.get(Customer, acme.id), "it")
        session.update(session.get(CustomField, field.id), active=True)
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id).it == "here"
        with pytest.raises(Refused):
            session.delete(session.get(CustomField, field.id))
        session.update(session.get(CustomField, field.id), active=False)
    assert crm.fields.purge("customer", "it", destructive=True) == 1


def test_a_restored_database_has_columns_and_indexes(crm: CRM, make_crm: CRMFactory, tmp_path: Path) -> None:
    """On either kind of database."""
    define(crm, "date", "founded")
    define(crm, "integer", "shoe_size")
    for name in ("founded", "shoe_size"):
        crm.fields.index("customer", name)
    crm.fields.promote("customer", "founded")
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", founded="1999-12-31", shoe_size=1)
    crm.backup(tmp_path / "crm.backup")
    other = CRM(f"sqlite:///{tmp_path / 'restored.db'}", clock=crm.clock)
    for target in (other, make_crm(on=make_crm.database(), upgrade=False)):
        target.restore(tmp_path / "crm.backup")
        target.restore(tmp_path / "crm.backup", replace=True)
        assert target.fingerprint() == crm.fingerprint()
        with target.engine.connect() as connection:
            indexes = Present.of(connection, target.tables).indexes["crm_customer"]
        assert {"ix_crm_customer_founded", "ix_crm_customer_shoe_size"} <= indexes
        with target.session(actor="admin") as session:
            assert session.get(Customer, acme.id) == acme
    other.close()


def test_a_purged_definition_that_is_restored_is_a_field_without_values(crm: CRM) -> None:
    """It doesn't look for columns and indexes that are gone."""
    field = define(crm, "text", "it")
    crm.fields.index("customer", "it")
    crm.fields.promote("customer", "it")
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", it="here")
        for change in ({"promoted": False}, {"indexed": False}):
            with pytest.raises(Refused):
                session.update(session.get(CustomField, field.id), **change)  # type: ignore[arg-type]
    crm.fields.purge("customer", "it", destructive=True)
    with crm.session(actor="admin") as session:
        assert not session.restore(CustomField, field.id).promoted
    with crm.session(actor="admin") as session:
        assert session.update(session.get(Customer, acme.id), it="again").it == "again"


@pytest.mark.row("M1")
@pytest.mark.parametrize("command", ["index", "promote", "purge"])
def test_only_who_may_change_definitions_changes_how_they_are_kept(crm: CRM, command: str) -> None:
    """Others are refused, and nothing changes."""
    define(crm, "integer", "shoe_size")
    with crm.session(actor="admin") as session:
        session.create(User, name="ann", external_id="ann", roles=["director"])
    before = rows_in(crm)
    with pytest.raises(AccessDeniedError):
        getattr(crm.fields, command)("customer", "shoe_size", actor="ann")
    assert rows_in(crm) == before
