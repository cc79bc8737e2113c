"""Other systems are read through when somebody asks: within a policy, as values, and nothing of it is stored."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import CRM, Customer, ExternalSource, Grant, Role, Setting, SqlReader, User
from crmkit.core.declare.kinds import TextKind
from crmkit.errors import (
    AccessDeniedError,
    ClashError,
    DeclarationError,
    NotFoundError,
    SourceFailedError,
    UnknownNameError,
)
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crmkit import Session
    from crmkit.testing.fixtures import CRMFactory

pytestmark = [pytest.mark.row("L7"), pytest.mark.thorough]
STATEMENT = "SELECT no, firm, credit, password FROM debtor WHERE no IN :ids"


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    """The database of an old system: a SQLite file."""
    file = tmp_path / "legacy.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE debtor (no TEXT PRIMARY KEY, firm TEXT, credit INTEGER, password TEXT)")
        rows = [("0042", "ACME SARL", 5000, "secret"), ("0043", "BETA", None, "secret")]
        connection.executemany("INSERT INTO debtor VALUES (?, ?, ?, ?)", rows)
    connection.close()
    return file


class Shop:
    """The web shop, as a function; it notes how it was asked, and may be down."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.is_down = False

    def read(self, session: Session, ids: Sequence[str]) -> dict[str, dict[str, object]]:
        """Return what the shop knows."""
        assert session.actor_ref is not None
        self.asked.append(list(ids))
        if self.is_down:
            raise ConnectionError("password=hunter2")
        return {each: {"basket": int(each[1:])} for each in ids if each.startswith("c")}


@pytest.fixture
def shop() -> Shop:
    """A web shop."""
    return Shop()


@pytest.fixture
def crm(make_crm: CRMFactory, legacy: Path, shop: Shop) -> CRM:
    """A CRM with two other systems: one for whoever may read customers, and one for a role."""
    erp = ExternalSource(
        name="legacy_erp",
        read=SqlReader(url="legacy_url", statement=STATEMENT, key="no"),
        fields=("firm", "credit"),
        reads=("customer",),
    )
    web = ExternalSource(name="webshop", label="Web shop", read=shop.read, roles=("seller", "admin"))
    plugin = make_plugin(
        "elsewhere",
        Setting(name="legacy_url", kind=TextKind(max=500)),
        erp,
        web,
        Role(name="seller", grants=(Grant(entity="customer", read="own"),)),
        Role(name="clerk", grants=(Grant(entity="customer", read="all"),)),
        Role(name="guest", grants=(Grant(entity="product", read="all"),)),
    )
    crm = make_crm([plugin], settings={"legacy_url": f"sqlite:///{legacy}"})
    with crm.session(actor="admin") as session:
        for name in ("seller", "clerk", "guest"):
            session.create(User, name=name, external_id=name, roles=[name])
    return crm


def test_a_record_of_another_system_is_read_through(crm: CRM, legacy: Path) -> None:
    """Its values are those of the moment, only those that may be shown, and nothing is written here or there."""
    before = crm.fingerprint()
    with crm.session(actor="admin") as session:
        found = session.lookup("legacy_erp", "0042")
        assert (found.system, found.id, found.state) == ("legacy_erp", "0042", "found")
        assert dict(found.values) == {"firm": "ACME SARL", "credit": 5000}
        with sqlite3.connect(legacy) as connection:
            connection.execute("UPDATE debtor SET credit = 0")
        connection.close()
        assert session.lookup("legacy_erp", "0042")["credit"] == 0
        with pytest.raises(NotFoundError, match="legacy_erp 9999"):
            session.lookup("legacy_erp", "9999")
        with pytest.raises(NotFoundError):
            session.lookup("legacy_erp", "' OR 1=1 --")
        with pytest.raises(UnknownNameError, match="legacy_erp"):
            session.lookup("legcy_erp", "0042")
    assert crm.fingerprint() == before


def test_what_all_systems_know_of_a_record_is_gathered_by_its_ids(crm: CRM, shop: Shop) -> None:
    """Each system is asked once for all ids; one that is down, or has lost a record, doesn't hide the others."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        for system, value in (("webshop", "c1"), ("webshop", "c2"), ("legacy_erp", "0042"), ("unknown", "1")):
            session.set_external_id(acme, system, value)
        session.set_external_id(acme, "webshop", "gone")
        found = session.lookups(acme)
        assert [(each.system, each.id, each.state) for each in found] == [
            ("legacy_erp", "0042", "found"),
            ("webshop", "c1", "found"),
            ("webshop", "c2", "found"),
            ("webshop", "gone", "missing"),
        ]
        assert [found[1]["basket"], found[2]["basket"]] == [1, 2]
        assert shop.asked == [["c1", "c2", "gone"]]
        shop.is_down = True
        assert [each.state for each in session.lookups(acme)] == ["found", *["unreachable"] * 3]


def test_after_a_merge_the_survivor_is_known_by_the_ids_of_both(crm: CRM) -> None:
    """The ids go along, so the systems of both departments are read for one customer."""
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="Acme"), session.create(Customer, name="ACME SARL")
        session.set_external_id(one, "legacy_erp", "0042")
        session.set_external_id(two, "legacy_erp", "0043")
        survivor = session.merge(one, two)
        assert [each["firm"] for each in session.lookups(survivor)] == ["ACME SARL", "BETA"]


def test_a_system_that_fails_is_named_and_its_words_are_not_quoted(crm: CRM, shop: Shop, legacy: Path) -> None:
    """What a driver says may hold passwords: it is the cause of the error, for the log, and not its text."""
    shop.is_down = True
    with crm.session(actor="admin") as session:
        with pytest.raises(SourceFailedError, match="webshop can't be read \\(ConnectionError\\)") as caught:
            session.lookup("webshop", "c1")
        assert "hunter2" not in str(caught.value)
        assert isinstance(caught.value.__cause__, ConnectionError)
        legacy.unlink()
        with pytest.raises(SourceFailedError, match="OperationalError"):
            session.lookup("legacy_erp", "0042")
        assert not legacy.exists()
        assert session.create(Customer, name="Acme").version == 1


def test_who_may_look_up_is_said_as_for_reports(crm: CRM) -> None:
    """A source is for who may read what it is about, or for roles; others are refused, and their lists leave it out."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        session.set_external_id(acme, "webshop", "c1")
        session.set_external_id(acme, "legacy_erp", "0042")
    with crm.session(actor="clerk") as session:
        assert session.lookup("legacy_erp", "0042")["firm"] == "ACME SARL"
        with pytest.raises(AccessDeniedError, match="webshop"):
            session.lookup("webshop", "c1")
        assert [each.system for each in session.lookups(acme)] == ["legacy_erp"]
    with crm.session(actor="guest") as session:
        for system, number in (("webshop", "c1"), ("legacy_erp", "0042")):
            with pytest.raises(AccessDeniedError):
                session.lookup(system, number)
    with crm.session(actor="seller") as session:
        assert session.lookup("webshop", "c1")["basket"] == 1
        with pytest.raises(NotFoundError):
            session.lookups(acme)


def test_another_system_can_not_be_written_to(crm: CRM, legacy: Path) -> None:
    """Whatever a statement says, the file is opened for reading."""
    writing = SqlReader(url=f"sqlite:///{legacy}", statement="DELETE FROM debtor WHERE no IN :ids", key="no")
    with crm.session(actor="admin") as session, pytest.raises(sa.exc.OperationalError, match="readonly"):
        writing(session, ["0042"])
    with sqlite3.connect(legacy) as connection:
        assert connection.execute("SELECT count(*) FROM debtor").fetchone() == (2,)
    connection.close()


def test_sources_that_cannot_be_are_refused_when_plugins_are_loaded(make_crm: CRMFactory, shop: Shop) -> None:
    """Each says who may look up in it, of entities and roles that there are; two of one name clash."""

    def made(**given: object) -> ExternalSource:
        return ExternalSource(name="shop", read=shop.read, **given)  # type: ignore[arg-type]

    for wrong, said in ((made(), "who may look up"), (made(reads=("custmer",)), "customer"), (made(roles=("x",)), "x")):
        with pytest.raises(DeclarationError, match=said):
            make_crm([make_plugin("one", wrong)], upgrade=False)
    with pytest.raises(ClashError, match=r"one.*two"):
        make_crm([make_plugin("one", made(public=True)), make_plugin("two", made(roles=("admin",)))], upgrade=False)
