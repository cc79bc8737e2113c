"""The life of a tenant: created, found, suspended, resumed and dropped; cut short anywhere, it can be finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import CRM, SYSTEM, Customer
from crmkit.core.tenants import databases
from crmkit.errors import (
    NoTenantsError,
    TenantExistsError,
    TenantNameError,
    TenantNotConfirmedError,
    TenantStorageError,
    TenantSuspendedError,
    TenantUnfinishedError,
    UnknownActorError,
    UnknownTenantError,
    WrongConnectionError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.testing.fixtures import CRMFactory


class Cut(Exception):
    """The process ends here."""


def cut(*_given: object, **_named: object) -> None:
    """End the process."""
    raise Cut


def customers(crm: CRM) -> list[str]:
    """Return the names of all customers."""
    with crm.session(actor=SYSTEM) as session:
        return [each.name for each in session.find(Customer, order="name")]


def refuses(crm: CRM, error: type[Exception]) -> bool:
    """Return whether a CRM refuses sessions with this error, each time."""
    for _attempt in range(2):
        with pytest.raises(error), crm.session(actor=SYSTEM):
            pass
    return True


@pytest.mark.row("M15")
def test_a_tenant_is_a_crm_of_its_own(crm: CRM) -> None:
    """A tenant has the plugins, conventions and clock of the CRM, and users and records of its own, ids included."""
    acme, bold = (crm.tenants.create(name, admin=f"{name}_admin") for name in ("acme", "bold"))
    assert (acme.model, acme.conventions, acme.clock) == (crm.model, crm.conventions, crm.clock)
    for each, actor in ((crm, "admin"), (acme, "acme_admin"), (bold, "bold_admin")):
        with each.session(actor=actor) as session:
            assert session.create(Customer, name=f"of {actor}").id == 1
        assert customers(each) == [f"of {actor}"]
    for each, stranger in ((crm, "acme_admin"), (acme, "bold_admin"), (bold, "admin")):
        with pytest.raises(UnknownActorError), each.session(actor=stranger):
            pass
    assert [each.name for each in crm.tenants.list()] == ["acme", "bold"]


def test_a_tenant_is_found_again(crm: CRM) -> None:
    """The same object while it is open; any other CRM on the same database finds the same tenant."""
    made = crm.tenants.create("acme")
    with made.session(actor=SYSTEM) as session:
        session.create(Customer, name="Acme")
    assert crm.tenant("acme") is made
    beside = crm.at(crm.place)
    assert customers(beside.tenant("acme")) == ["Acme"]
    beside.close()


@pytest.mark.parametrize("name", ["", "Acme", "1st", "a" * 42, "a-b", "../evil", 'a"b', "a\n", "ä"])
def test_names_are_checked(crm: CRM, name: str) -> None:
    """A name goes into the name of a schema or file, so it holds small letters, digits and underscores only."""
    with pytest.raises(TenantNameError):
        crm.tenants.create(name)
    with pytest.raises(UnknownTenantError):
        crm.tenant(name)
    assert crm.tenants.list() == ()


def test_a_name_is_taken_once(crm: CRM) -> None:
    """A tenant that is there is not created again."""
    crm.tenants.create("acme")
    with pytest.raises(TenantExistsError):
        crm.tenants.create("acme")


def test_what_is_there_already_is_not_taken_for_a_tenant(crm: CRM) -> None:
    """A schema or file that no tenant left stays as it is."""
    crm.tenants.create("acme")
    crm.tenants.create("bold")
    location = next(each.location for each in crm.tenants.list() if each.name == "bold")
    register = crm.tenants._register
    with register.writing() as connection:
        connection.execute(register.table.delete().where(register.table.c.name == "bold"))
    with pytest.raises(TenantExistsError, match=location):
        crm.tenants.create("bold")
    assert [each.name for each in crm.tenants.list()] == ["acme"]
    with register.writing() as connection:
        register.add(connection, "bold", location, crm.clock())


@pytest.mark.parametrize("step", ["make", "upgrade", "_make_admin"])
def test_a_creation_that_was_cut_short_is_finished(crm: CRM, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is ready, no session can be opened; creating it once more finishes it."""
    with monkeypatch.context() as patch:
        patch.setattr(databases if step == "make" else CRM, step, cut)
        with pytest.raises(Cut):
            crm.tenants.create("acme", admin="ann")
    assert [each.state for each in crm.tenants.list()] == ["creating"]
    with pytest.raises(TenantUnfinishedError):
        crm.tenant("acme")
    with pytest.raises(TenantUnfinishedError):
        crm.tenants.suspend("acme")
    made = crm.tenants.create("acme", admin="ann")
    with made.session(actor="ann") as session:
        session.create(Customer, name="Acme")
    assert [each.state for each in crm.tenants.list()] == ["active"]


def test_a_half_created_tenant_can_be_dropped(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to finish a tenant in order to be rid of it."""
    with monkeypatch.context() as patch:
        patch.setattr(databases, "make", cut)
        with pytest.raises(Cut):
            crm.tenants.create("acme")
    crm.tenants.drop("acme", confirm="acme")
    assert crm.tenants.list() == ()


def test_a_suspended_tenant_refuses_sessions_in_every_process(crm: CRM) -> None:
    """From the next session on, in processes too that have worked in it before; others go on, and so does it later."""
    acme, bold = crm.tenants.create("acme"), crm.tenants.create("bold")
    beside = crm.at(crm.place)
    elsewhere = beside.tenant("acme")
    with acme.session(actor=SYSTEM) as session:
        session.create(Customer, name="Before")
        customers(elsewhere)
        crm.at(crm.place).tenants  # noqa: B018  (a third one that has never worked in it)
        if crm.engine.dialect.name == "postgresql":
            crm.tenants.suspend("acme")  # on SQLite a session that writes keeps others from writing
        session.create(Customer, name="Still open")
    crm.tenants.suspend("acme")
    assert refuses(acme, TenantSuspendedError)
    assert refuses(elsewhere, TenantSuspendedError)
    assert refuses(crm.tenant("acme"), TenantSuspendedError)
    assert customers(bold) == []
    beside.tenants.resume("acme")
    assert customers(acme) == customers(elsewhere) == ["Before", "Still open"]
    beside.close()


def test_a_suspended_tenant_can_be_upgraded_and_backed_up(crm: CRM, tmp_path: Path) -> None:
    """Suspending keeps users out, not those who look after the database."""
    acme = crm.tenants.create("acme")
    crm.tenants.suspend("acme")
    acme.upgrade()
    acme.backup(f"{tmp_path}/acme.zip")
    assert refuses(acme, TenantSuspendedError)


@pytest.mark.row("M15")
def test_a_dropped_tenant_is_gone_in_every_process(crm: CRM) -> None:
    """Its data are deleted, and who worked in it is told so, even when another one of that name is there by then."""
    acme = crm.tenants.create("acme")
    beside = crm.at(crm.place)
    elsewhere, idle = beside.tenant("acme"), crm.at(crm.place)
    idle_tenant = idle.tenant("acme")
    with elsewhere.session(actor=SYSTEM) as session:
        session.create(Customer, name="Old")
    customers(acme)
    crm.tenants.drop("acme", confirm="acme")
    assert crm.tenants.list() == ()
    assert all(refuses(each, UnknownTenantError) for each in (acme, elsewhere, idle_tenant))
    new = crm.tenants.create("acme")
    assert all(refuses(each, UnknownTenantError) for each in (acme, elsewhere, idle_tenant))
    assert customers(new) == customers(beside.tenant("acme")) == []
    for each in (beside, idle):
        each.close()


def test_dropping_must_be_confirmed(crm: CRM) -> None:
    """Without the name a second time, nothing is changed."""
    acme = crm.tenants.create("acme")
    with pytest.raises(TenantNotConfirmedError):
        crm.tenants.drop("acme", confirm="bold")
    assert customers(acme) == []


def test_a_drop_that_was_cut_short_is_finished(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """In between, no session can be opened and the name can't be taken; dropping it once more finishes it."""
    acme = crm.tenants.create("acme")
    customers(acme)
    with monkeypatch.context() as patch:
        patch.setattr(databases, "drop", cut)
        with pytest.raises(Cut):
            crm.tenants.drop("acme", confirm="acme")
    assert refuses(acme, TenantUnfinishedError)
    for attempt in (crm.tenant, crm.tenants.create, crm.tenants.resume):
        with pytest.raises(TenantUnfinishedError):
            attempt("acme")
    crm.tenants.drop("acme", confirm="acme")
    assert customers(crm.tenants.create("acme")) == []


def test_who_can_have_no_tenants_says_why(crm: CRM) -> None:
    """A tenant, a CRM in memory, and one whose tables are in the host's MetaData."""
    for each, why in (
        (crm.tenants.create("acme"), "tenant itself"),
        (CRM("sqlite://"), "memory"),
        (CRM(crm.engine, metadata=sa.MetaData()), "MetaData"),
    ):
        with pytest.raises(NoTenantsError, match=why):
            each.tenant("bold")


def test_a_host_s_transaction_may_span_tenants(make_crm: CRMFactory) -> None:
    """On PostgreSQL one connection serves all; on SQLite one that leads elsewhere is refused, and changes nothing."""
    crm = make_crm()
    acme, bold = crm.tenants.create("acme"), crm.tenants.create("bold")
    with acme.engine.begin() as connection:
        for each in (acme, bold):
            if each is bold and connection.dialect.name == "sqlite":
                with pytest.raises(WrongConnectionError), each.session(actor=SYSTEM, connection=connection):
                    pass
                continue
            with each.session(actor=SYSTEM, connection=connection) as session:
                session.create(Customer, name=each.place.entry.name)  # type: ignore[attr-defined]
    assert customers(acme) == ["acme"]
    assert customers(bold) == ([] if crm.engine.dialect.name == "sqlite" else ["bold"])


def test_only_so_many_tenants_stay_open(crm: CRM) -> None:
    """The least recently used is closed, and works on when it is used again."""
    crm.tenants.open_tenants.most = 2
    made = {name: crm.tenants.create(name) for name in ("first", "second", "third")}
    assert crm.tenant("first") is not made["first"]
    with made["first"].session(actor=SYSTEM) as session:
        session.create(Customer, name="Still there")
    assert customers(crm.tenant("first")) == ["Still there"]
    assert crm.tenant("third") is made["third"]
    made["first"].close()


@pytest.mark.row("M15")
def test_nothing_is_shared_but_the_model(crm: CRM) -> None:
    """Whatever a CRM remembers, a tenant has of its own, but for what holds no data."""
    names = [name for name in dir(type(crm)) if not name.startswith("_")]
    acme = crm.tenants.create("acme")
    for each in (crm, acme):
        customers(each)
        for name in names:
            if name != "tenants":
                getattr(each, name)
    empty = {"model", "conventions", "clock", "is_checked"}
    if crm.engine.dialect.name == "sqlite":
        empty |= {"tables"}  # they name no database
    else:
        empty |= {"engine"}  # the schema is in the tables
    shared = {name for name, found in vars(acme).items() if found is vars(crm)[name]}
    assert shared <= empty
    assert vars(acme).keys() <= vars(crm).keys()


def test_backups_leave_the_register_alone(crm: CRM, tmp_path: Path) -> None:
    """A restore of the CRM that has tenants neither loses one nor brings one back that was dropped."""
    acme = crm.tenants.create("acme")
    crm.tenants.create("bold")
    crm.backup(f"{tmp_path}/crm.zip")
    crm.tenants.drop("bold", confirm="bold")
    crm.restore(f"{tmp_path}/crm.zip", replace=True)
    assert [each.name for each in crm.tenants.list()] == ["acme"]
    assert customers(acme) == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_stands_against_a_file_is_told(make_crm: CRMFactory, tmp_path: Path) -> None:
    """Nothing can be made where a file is in the way; once that is put right, the creation is finished."""
    crm = make_crm(on=(f"sqlite:///{tmp_path / 'hosting.db'}", None))
    (tmp_path / "hosting.tenants").write_bytes(b"")
    with pytest.raises(TenantStorageError, match=r"hosting\.tenants"):
        crm.tenants.create("acme")
    (tmp_path / "hosting.tenants").unlink()
    assert customers(crm.tenants.create("acme")) == []


@pytest.mark.parametrize("backend", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_who_may_make_no_schema_is_told_so(make_crm: CRMFactory) -> None:
    """The words of the database, and nothing is left behind."""
    url, schema = make_crm.database()
    role = f"role_{schema}"
    owner = sa.create_engine(url)
    with owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
        connection.exec_driver_sql(f"GRANT ALL ON SCHEMA {schema} TO {role}")
    crm = CRM(sa.make_url(url).set(username=role), schema=schema)
    try:
        with pytest.raises(TenantStorageError, match="permission denied"):
            crm.tenants.create("acme")
        assert crm.tenants.list() == ()
    finally:
        crm.close()
        with owner.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")
        owner.dispose()
