"""Secrets leave through no door: canaries are planted in every secret field, and every way out is searched for them."""

from __future__ import annotations

import io
import json
import zipfile
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from crmkit import SYSTEM, Compare, Customer, CustomField, DuplicateRule, Key, Order, Rule, Unique, extend, text
from crmkit.cli.program import program
from crmkit.core.exchange.exporting import export
from crmkit.core.exchange.importing import run_import
from crmkit.errors import AccessDeniedError, DeclarationError, FieldHidden, ReadOnlyError, Refused, UnknownNameError
from crmkit.testing.plugins import make_plugin
from tests.core.permission.reads import answers
from tests.core.privacy import vault
from tests.core.privacy.vault import canaries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.thorough
CANARY = b"canary"
SIGN = CANARY.decode()
EDITION = """
[crm]
name = "Vault"
plugins = ["sales", {plugin!r}]
"""
MAPPING = """
[[files]]
file = "in.csv"
entity = "customer"
mode = "create"
[files.columns]
"Name" = "name"
"Token" = "token"
"Alarm" = "alarm"
"Size" = "employees"
"""


@pytest.fixture
def guarded(make_crm: CRMFactory) -> CRM:
    """A CRM in which every entity has secrets, each record's full of canaries, written twice and moved about."""
    crm = make_crm(["sales", vault], phone_region="FR")
    plant(crm)
    return crm


def plant(crm: CRM) -> None:
    """Make a record of every entity with canaries in its secrets, and change it, merge it and delete it."""
    with crm.session(actor=SYSTEM) as session:
        user = session.find(session.model.entities["user"].record_class, {"external_id": "admin"})[0]
        session.update(user, **canaries("user"))
        acme = session.create(Customer, name="Acme", owner=user, **canaries("customer"))
        values: dict[str, Any] = {"name": "Canned", "customer": acme}
        for name in ("contact", "opportunity"):
            made = session.create(session.model.entities[name].record_class, **values, **canaries(name))
            session.update(made, token=f"canary-{name}-again")
        session.create(Order, customer=acme, **canaries("order"))
        other = session.create(Customer, name="Acme", idempotency_key="k", **canaries("customer"))
        acme = session.merge(acme, other)
        session.unmerge(acme)
        session.move(session.get(Customer, acme.id), "active", token="canary-customer-moved")
        session.delete(session.get(Customer, other.id))
        session.restore(Customer, other.id)
    crm.audit.seal()


def outside_of_secrets(crm: CRM) -> Iterator[tuple[str, object]]:
    """Yield what stands in every column of every table that isn't a secret's own."""
    secret = {
        (crm.tables[entity.name].name, column)
        for entity in crm.model.entities.values()
        for name in entity.secrets
        for column in entity.fields[name].columns
    }
    with crm.engine.connect() as connection:
        for table in crm.tables.all:
            columns = [each for each in table.c if (table.name, each.name) not in secret]
            for row in connection.execute(sa.select(*columns)):
                yield table.name, tuple(row)


def test_the_canaries_are_there(guarded: CRM) -> None:
    """What the other tests look for is stored: a program reads it, record by record."""
    with guarded.session(actor=SYSTEM) as session:
        for entity in vault.ENTITIES:
            record = session.find(entity)[0]
            for name in canaries("x"):
                assert "canary" in repr(session.secret(record, name, reason="test"))


@pytest.mark.row("M16")
def test_a_secret_stands_in_its_own_column_alone(guarded: CRM) -> None:
    """Neither the change log, nor events, merges, keys or any other table holds a secret, on either database."""
    found = [(table, row) for table, row in outside_of_secrets(guarded) if SIGN in repr(row)]
    assert found == []


@pytest.mark.row("M16")
@pytest.mark.parametrize("actor", ["admin", SYSTEM])
def test_no_answer_holds_a_secret(guarded: CRM, actor: object) -> None:
    """Nobody is told one by any read, report, export, history or error: not the administrator, not the system."""
    fields = [*canaries("x"), "hideout.city", "customer.token"]
    found = answers(guarded, actor, fields, [])
    assert len(found) > 300
    assert [name for name, answer in found.items() if CANARY in answer] == []
    with guarded.session(actor=actor, readonly=True) as session:  # type: ignore[arg-type]
        for entry in session.audit.entries():
            assert SIGN not in repr(entry)
        for name, made in files(session):
            assert CANARY not in made, name
        for entity in vault.ENTITIES:
            for record in session.find(entity):
                assert SIGN not in repr(record)
                with pytest.raises(FieldHidden):
                    record.token  # noqa: B018


def files(session: Session) -> Iterator[tuple[str, bytes]]:
    """Yield every report in every form, and every entity in every form of file."""
    for name in session.model.reports:
        try:
            table = session.report(name)
        except Refused:
            continue
        for form in ("text", "csv", "json", "html"):
            yield f"{name} {form}", str(getattr(table, f"to_{form}")()).encode()
    for entity, form in ((each, form) for each in vault.ENTITIES for form in ("csv", "jsonl", "xlsx")):
        target = io.BytesIO()
        export(session, entity, target, format=form)
        yield f"{entity} {form}", unpacked(target) if form == "xlsx" else target.getvalue()


def unpacked(target: io.BytesIO) -> bytes:
    """Return what is in a workbook."""
    with zipfile.ZipFile(target) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


@pytest.mark.row("M16")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_no_command_prints_a_secret(guarded: CRM, tmp_path: Path) -> None:
    """The command line shows, lists and exports records without their secrets."""
    edition = tmp_path / "crmkit.toml"
    edition.write_text(EDITION.format(plugin=vault.__file__))
    database = guarded.engine.url.render_as_string(hide_password=False)
    chosen = ("--edition", str(edition), "--database", database, "--as", "admin")
    assert CliRunner().invoke(program, [*chosen, "upgrade"]).exit_code == 0
    commands = [
        *(("show", f"{name}:1", *more) for name in ("customer", "contact", "order", "user") for more in SHOWN),
        *(("find", name, "--format", form) for name in ("customer", "order") for form in ("json", "csv", "table")),
        ("audit", "list", "--format", "json"),
        ("audit", "export", str(tmp_path / "trail.jsonl")),
        ("export", "customer", str(tmp_path / "customers.jsonl")),
        ("explain", "customer:1", "--user", "admin", "--format", "json"),
        ("create", "customer", "name=New", "token=canary-new"),
        ("update", "customer:1", "alarm=canary-wrong"),
        ("find", "customer", "--where", "token == 'x'"),
        ("doctor",),
        ("verify",),
        ("plugins", "list"),
        ("model", "show"),
    ]
    for command in commands:
        result = CliRunner().invoke(program, [*chosen, *command])
        assert result.exit_code in {0, 1, 2}, result.output
        assert SIGN not in result.output, command
    for name in ("trail.jsonl", "customers.jsonl"):
        assert CANARY not in (tmp_path / name).read_bytes()


SHOWN = ((), ("--history",), ("--timeline",), ("--format", "json"))


@pytest.mark.row("M16")
def test_a_refusal_does_not_repeat_a_secret(guarded: CRM) -> None:
    """A value that doesn't fit is refused without being repeated, to the system as to anybody else."""
    for actor in (SYSTEM, "admin"):
        with guarded.session(actor=actor) as session:
            for values in ({"mailbox": "canary no address"}, {"alarm": "canary-1"}, {"token": "canary" * 100}):
                with pytest.raises(Refused) as caught:
                    session.create(Customer, name="New", **values)
                assert SIGN not in str(caught.value)


@pytest.mark.row("M16")
def test_an_import_keeps_no_secret_of_a_row_that_failed(guarded: CRM, tmp_path: Path) -> None:
    """Neither the bookkeeping, nor the list of problems, nor the file of rows to be corrected repeats a secret."""
    (tmp_path / "map.toml").write_text(MAPPING)
    rows = ["Name,Token,Alarm,Size", "One,canary-1,canary-2,3", "Two,canary-3,,many", "Three,canary-4,x,3,canary-5"]
    (tmp_path / "in.csv").write_text("\n".join([*rows, "Four,canary-6,,4"]) + "\n")
    result = run_import(guarded, mapping=tmp_path / "map.toml", actor="admin", errors=tmp_path / "bad")
    assert (result.created, result.failed) == (1, 3)
    assert SIGN not in repr(result)
    written = (tmp_path / "bad" / "in.csv.errors.csv").read_text()
    assert "Two" in written
    assert SIGN not in written
    assert [each for each in outside_of_secrets(guarded) if SIGN in repr(each)] == []


@pytest.mark.row("M16")
def test_a_plugin_that_is_purged_takes_its_secrets_with_it(make_crm: CRMFactory, tmp_path: Path) -> None:
    """What a plugin kept is exported before it is purged, but for its secrets."""
    on = make_crm.database()
    plant(make_crm(["sales", vault], on=on, phone_region="FR"))
    crm = make_crm(["sales"], on=on, phone_region="FR")
    crm.upgrade()
    from crmkit.core.upgrade.exporting import export_plugins

    with crm.engine.connect() as connection:
        export_plugins(connection, crm.tables, ["vault"], tmp_path)
    written = list((tmp_path / "vault").iterdir())
    assert len(written) > 2
    assert [each.name for each in written if CANARY in each.read_bytes()] == []


@pytest.mark.row("M16")
def test_hosts_see_no_secrets_in_mapped_classes(guarded: CRM) -> None:
    """The read-only class for a host's ORM has no attribute for a secret."""
    mapped = guarded.mapped(Customer)
    assert hasattr(mapped, "name")
    assert not any(hasattr(mapped, name) for name in ("token", "key_file", "hideout_street", "settings"))


@pytest.mark.row("M16")
def test_errors_of_the_database_show_no_values(guarded: CRM) -> None:
    """A statement that fails says so without the values that it was given."""
    query = sa.text("SELECT 1 FROM nowhere WHERE token = :token")
    with guarded.engine.begin() as connection, pytest.raises(sa.exc.DBAPIError) as caught:
        connection.execute(query, {"token": "canary"})
    assert SIGN not in str(caught.value)


@pytest.mark.row("M16", "M2")
def test_only_a_program_reads_a_secret_and_it_is_on_record(guarded: CRM) -> None:
    """It needs system reach and a session that writes; who read which field of which record, and why, is audited."""
    with guarded.session(actor="admin") as session:
        acme = session.get(Customer, 1)
        with pytest.raises(AccessDeniedError, match="read a secret of"):
            session.secret(acme, "token")
        assert session.elevated.secret(acme, "token", reason="call the gateway") == "canary-customer-moved"
        with pytest.raises(UnknownNameError, match="name"):
            session.elevated.secret(acme, "name")
    with guarded.session(actor=SYSTEM, readonly=True) as session, pytest.raises(ReadOnlyError):
        session.secret(acme, "token")
    guarded.audit.seal()
    with guarded.session(actor="admin") as session:
        (entry,) = session.audit.entries(action="reveal")
        assert (entry.record, entry.actor, entry.seal) == (acme.ref, session.principal.user, 2)
        assert entry.new == {"fields": ["token"], "reason": "call the gateway"}
        assert "token" not in repr(session.history(acme)), "that there is such a field is told to auditors only"
    assert guarded.audit.verify() == []


@pytest.mark.row("M16")
def test_a_custom_field_may_be_secret(guarded: CRM) -> None:
    """A secret that an administrator defined is kept like those of plugins, and isn't searched."""
    with guarded.session(actor="admin") as session:
        with pytest.raises(Refused, match="can't be searched"):
            session.create(CustomField, name="pin", kind="text", privacy="secret", searched=True)
        session.create(CustomField, name="pin", kind="text", privacy="secret")
    with guarded.session(actor="admin") as session:
        record = session.update(session.get(Customer, 1), pin="canary-pin")
        assert SIGN not in repr(record)
        assert SIGN not in repr([record, session.find(Customer), session.history(record)])
    with guarded.session(actor=SYSTEM) as session:
        assert session.secret(session.get(Customer, 1), "pin") == "canary-pin"
        assert SIGN not in repr([*session.find(Customer), *session.audit.entries()])
    assert not hasattr(guarded.mapped(Customer), "extra")


def test_taking_back_keeps_secrets(guarded: CRM) -> None:
    """Merging and taking apart leave each record its own secrets: what is not logged can't be lost by going back."""
    with guarded.session(actor=SYSTEM) as session:
        for number, last in ((1, "moved"), (2, "token")):
            assert session.secret(session.get(Customer, number), "token") == f"canary-customer-{last}"


SAME_TOKEN = Compare(fields="token", way="same", agrees=0.9, chance=0.01)
TOKENS = DuplicateRule(
    name="tokens", entity="customer", keys=((Key(fields="token", way="same"),),), compares=(SAME_TOKEN,)
)
BETRAYALS: dict[str, tuple[object, tuple[object, ...], str]] = {
    "searched": (text(privacy="secret", search=True), (), "searched"),
    "unique": (text(privacy="secret", unique=True), (), "unique"),
    "unique together": (text(privacy="secret"), (Unique(entity="customer", fields=("city", "token")),), "unique"),
    "compared": (
        text(privacy="secret"),
        (TOKENS,),
        "duplicate rule",
    ),
}


@pytest.mark.row("M16")
@pytest.mark.parametrize("betrayal", BETRAYALS)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_would_tell_a_secret_is_not_loaded(make_crm: CRMFactory, betrayal: str) -> None:
    """A secret that is searched, unique or compared is a mistake of the plugin, which is named."""
    field, more, words = BETRAYALS[betrayal]

    class Vault:
        token: str | None = field  # type: ignore[assignment]

    with pytest.raises(DeclarationError, match=words) as caught:
        make_crm([make_plugin("leaky", extend(Customer)(Vault), *more)])
    assert "leaky" in str(caught.value)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_rule_can_not_ask_for_a_secret(make_crm: CRMFactory) -> None:
    """A rule's condition on a secret is refused when it is read, as if there were no such field."""
    rule = Rule(name="tokens", entity="customer", when="token == 'x'", message="No.")

    class Vault:
        token: str | None = text(privacy="secret")

    with pytest.raises(DeclarationError, match="no field 'token'"):
        make_crm([make_plugin("nosy", extend(Customer)(Vault), rule)])


def test_events_and_changes_say_that_a_secret_was_changed(guarded: CRM) -> None:
    """The log tells which secret was written when, and nothing of its value."""
    with guarded.session(actor=SYSTEM) as session:
        session.update(session.get(Customer, 1), token="canary-3")
    change = guarded.tables.system.change
    with guarded.engine.connect() as connection:
        latest = sa.select(change.c.old, change.c.new).order_by(change.c.id.desc()).limit(1)
        row = connection.execute(latest).one()
    assert (json.loads(row.old), json.loads(row.new)) == ({"token": None}, {"token": None})
    assert not [row for _table, row in chain(outside_of_secrets(guarded)) if SIGN in repr(row)]
