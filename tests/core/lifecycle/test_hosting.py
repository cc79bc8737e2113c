"""Sessions in a host's transaction, read-only sessions, retries, and idempotency keys."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from crmkit import CRM, SYSTEM, Customer, Opportunity, Team, prepare_sqlite
from crmkit.errors import (
    ConflictError,
    KeyReusedError,
    ReadOnlyError,
    Refused,
    UnpreparedEngineError,
    UnsupportedDatabaseError,
)
from crmkit.testing.snapshots import refused, unchanged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import Session
    from crmkit.testing.fixtures import CRMFactory


@pytest.fixture
def host(crm: CRM) -> Iterator[sa.Engine]:
    """An engine of a host program on the database of the CRM."""
    engine = prepare_sqlite(sa.create_engine(crm.engine.url))
    yield engine
    engine.dispose()


def names(crm: CRM) -> list[str]:
    """Return the names of all committed customers."""
    with crm.session(actor=SYSTEM) as session:
        return [customer.name for customer in session.find(Customer, order="name")]


def test_the_host_decides_what_is_kept(crm: CRM, host: sa.Engine) -> None:
    """In a host's transaction a rollback undoes all commands, and a commit keeps them."""
    with unchanged(crm), host.connect() as connection:
        with crm.session(actor="admin", connection=connection) as session:
            acme = session.create(Customer, name="Never")
            session.move(session.update(acme, city="Paris"), "active")
        connection.rollback()
    with host.connect() as connection:
        with crm.session(actor="admin", connection=connection) as session:
            session.create(Customer, name="Kept")
        with crm.session(actor="admin", connection=connection) as session:
            session.create(Customer, name="Kept, too")
        connection.commit()
    assert names(crm) == ["Kept", "Kept, too"]
    with host.begin() as connection, crm.session(actor="admin", connection=connection) as session:
        assert len({customer.id for customer in [*session.find(Customer), session.create(Customer, name="New")]}) == 3


def test_a_refused_command_leaves_the_hosts_work_alone(crm: CRM, host: sa.Engine) -> None:
    """Each command has its savepoint: what is refused is undone alone, and the host's own writes stay."""
    with crm.session(actor="admin") as session:
        old = session.create(Customer, name="Old", number="1")
    with host.begin() as connection, crm.session(actor="admin", connection=connection) as session:
        changed = session.update(session.get(Customer, old.id), city="Lyon")
        with refused(crm, session, Refused):
            session.create(Customer, name="Twice", number="1")
        with refused(crm, session, ConflictError):
            session.update(
                session.make(session.model.entity(Customer), dict(changed.items()) | {"version": 9}), city="x"
            )
        session.create(Customer, name="After")
    assert names(crm) == ["After", "Old"]


def test_ids_of_a_rolled_back_host_are_not_given_out_twice(crm: CRM, host: sa.Engine) -> None:
    """After a host's rollback, ids of later records are still unique."""
    for _ in range(3):
        with host.connect() as connection:
            with crm.session(actor="admin", connection=connection) as session:
                session.create(Team, name="Never")
            connection.rollback()
        with crm.session(actor="admin") as session:
            session.create(Team, name="Kept")
    with crm.session(actor="admin") as session:
        assert session.count(Team) == 3


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_unprepared_engine_is_refused(make_crm: CRMFactory) -> None:
    """A host's SQLite engine that would lose updates is refused with the advice what to call."""
    url, _ = make_crm.database()
    engine = sa.create_engine(url)
    with pytest.raises(UnpreparedEngineError, match="prepare_sqlite"):
        CRM(engine).upgrade()
    crm = make_crm(on=(url, None))
    with engine.connect() as connection, pytest.raises(UnpreparedEngineError):
        crm.session(actor="admin", connection=connection)
    CRM(prepare_sqlite(prepare_sqlite(engine))).upgrade()
    engine.dispose()
    with pytest.raises(UnsupportedDatabaseError, match="mysql"):
        CRM("mysql://localhost/x").upgrade()


def test_a_read_only_session_writes_nothing(crm: CRM) -> None:
    """Every command that writes is refused in a read-only session, and the session still reads."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        deal = session.create(Opportunity, name="Deal")
    with unchanged(crm), crm.session(actor="admin", readonly=True) as session:
        for act in (
            lambda: session.create(Customer, name="New"),
            lambda: session.create(Customer, name="New", idempotency_key="k"),
            lambda: session.create_many(Customer, [{"name": "A"}]),
            lambda: session.update(acme, city="Lyon"),
            lambda: session.update(acme, name="Acme"),
            lambda: session.update_many([(acme, {"city": "Lyon"})]),
            lambda: session.move(deal, "won"),
            lambda: session.delete(acme),
            lambda: session.restore(Customer, acme.id),
            lambda: session.link(acme, "became", deal),
            lambda: session.emit("contact.linked", acme),
        ):
            with pytest.raises(ReadOnlyError):
                act()
        assert session.get(Customer, acme.id) == acme


@pytest.mark.parametrize("backend", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_unit_runs_again_after_a_deadlock(crm: CRM) -> None:
    """`run` repeats the whole unit when the database asks for it, and its work is done once."""
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One", employees=0), session.create(Customer, name="Two", employees=0)
    both_hold = threading.Barrier(2, timeout=20)
    tries: list[str] = []
    problems: list[BaseException] = []

    def work(name: str, first: int, second: int) -> None:
        def unit(session: Session) -> None:
            tries.append(name)
            for place, number in enumerate((first, second)):
                customer = session.get(Customer, number)
                session.update(customer, employees=(customer.employees or 0) + 1)
                if place == 0 and tries.count(name) == 1:
                    both_hold.wait()

        try:
            while True:
                try:
                    crm.run(unit, actor="admin")
                except ConflictError:
                    continue
                return
        except BaseException as error:  # noqa: BLE001  (it is asked for below)
            problems.append(error)

    threads = [
        threading.Thread(target=work, args=["forth", one.id, two.id]),
        threading.Thread(target=work, args=["back", two.id, one.id]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not problems
    assert len(tries) > 2
    with crm.session(actor="admin") as session:
        assert [customer.employees for customer in session.find(Customer, order="id")] == [2, 2]


def test_a_unit_that_fails_for_itself_is_not_repeated(crm: CRM) -> None:
    """`run` passes on what is no fault of others at once, and keeps nothing."""
    tries: list[int] = []

    def unit(session: Session) -> None:
        tries.append(1)
        session.create(Customer, name="Acme")
        raise OperationalError("SELECT 1", {}, Exception("disk full"))

    with unchanged(crm), pytest.raises(OperationalError):
        crm.run(unit, actor="admin")
    assert tries == [1]
    assert crm.run(lambda session: session.create(Customer, name="Acme"), actor="admin").name == "Acme"


def test_a_retried_command_answers_as_before(crm: CRM) -> None:
    """A key that comes again gives the record and does nothing; with another command it is refused."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", annual_revenue="5 EUR", idempotency_key="k1")
        changed = session.update(acme, city="Lyon", idempotency_key="k2")
        moved = session.move(changed, "active", idempotency_key="k3")
    with unchanged(crm), crm.session(actor="admin") as session:
        assert session.create(Customer, name="Acme", annual_revenue="5 EUR", idempotency_key="k1") == moved
        assert session.update(acme, city="Lyon", idempotency_key="k2") == moved
        assert session.move(changed, "active", idempotency_key="k3") == moved
        for act in (
            lambda: session.create(Customer, name="Other", idempotency_key="k1"),
            lambda: session.create(Team, name="Acme", idempotency_key="k1"),
            lambda: session.update(moved, city="Lyon", idempotency_key="k1"),
            lambda: session.move(moved, "dormant", idempotency_key="k3"),
        ):
            with refused(crm, session, KeyReusedError):
                act()
    with crm.session(actor=SYSTEM) as session, refused(crm, session, KeyReusedError):
        session.create(Customer, name="Acme", annual_revenue="5 EUR", idempotency_key="k1")


def test_a_refused_command_does_not_use_up_its_key(crm: CRM) -> None:
    """After a refusal the same key may be sent with what was put right."""
    with crm.session(actor="admin") as session:
        with refused(crm, session, Refused):
            session.create(Customer, name="", idempotency_key="k")
        assert session.create(Customer, name="Acme", idempotency_key="k").name == "Acme"
