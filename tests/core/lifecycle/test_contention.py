"""Many writers at once: nothing is lost, nothing is done twice, and nobody meets a locked database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import CRM, SYSTEM, Contact, Customer, Opportunity, Team
from crmkit.errors import CommandError, ConflictError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.core.lifecycle.session import Session
    from crmkit.testing.fixtures import CRMFactory

HAMMER = Path(__file__).with_name("hammer.py")


def in_processes(count: int, database: tuple[str, str | None], doing: str, times: int) -> Counter[str]:
    """Run the hammer in several processes at once and add up what came of it."""
    url, schema = database
    command = [sys.executable, str(HAMMER), url, schema or "-", doing, str(times)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(count)
    ]
    outcomes: Counter[str] = Counter()
    for each in running:
        out, problems = each.communicate(timeout=120)
        assert each.returncode == 0, problems
        outcomes.update(json.loads(out))
    return outcomes


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run functions in threads that start at the same moment, and return what each gave or raised."""
    start = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(place: int) -> None:
        start.wait()
        try:
            results[place] = works[place]()
        except Exception as error:  # noqa: BLE001  (what it was is what the tests ask)
            results[place] = error

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def in_session(crm: CRM, act: Callable[[Session], object]) -> Callable[[], object]:
    """Return a function that does something in a session of its own."""

    def work() -> object:
        with crm.session(actor=SYSTEM) as session:
            return act(session)

    return work


def rows_of(crm: CRM, table: sa.Table) -> int:
    """Count the rows of a table."""
    with crm.session(actor=SYSTEM) as session:
        return int(session.unit.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


@pytest.mark.row("B4")
def test_eight_processes_lose_no_update(make_crm: CRMFactory) -> None:
    """Of 2,000 updates by eight processes each is applied or refused with a conflict; none is lost."""
    database = make_crm.database()
    crm = make_crm(on=database)
    with crm.session(actor="admin") as session:
        shared = session.create(Customer, name="Shared", employees=0)
    before = rows_of(crm, crm.tables.system.change)
    outcomes = in_processes(8, database, "count_up", 250)
    assert outcomes["applied"] + outcomes["conflict"] == 2000
    with crm.session(actor="admin") as session:
        after = session.get(Customer, shared.id)
        history = session.history(after)
    assert after.employees == outcomes["applied"]
    assert after.version == outcomes["applied"] + 1
    assert rows_of(crm, crm.tables.system.change) == before + outcomes["applied"]
    assert [entry.version for entry in history] == list(range(after.version, 0, -1))


def test_processes_never_share_an_id(make_crm: CRMFactory) -> None:
    """Ids are unique over processes that take them in blocks."""
    database = make_crm.database()
    make_crm(on=database)
    ids = in_processes(4, database, "create", 60)
    assert len(ids) == 240
    assert set(ids.values()) == {1}


def test_a_unique_value_is_given_out_once(make_crm: CRMFactory) -> None:
    """Of several processes that create records with the same unique value, exactly one succeeds for each value."""
    database = make_crm.database()
    crm = make_crm(on=database)
    assert in_processes(4, database, "claim_numbers", 40) == {"applied": 40, "refused": 120}
    assert rows_of(crm, crm.tables["customer"]) == 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_ids_are_unique_after_a_fork(make_crm: CRMFactory, tmp_path: Path) -> None:
    """A forked process takes ids of its own and connections of its own, though its parent had both already."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        ids = [session.create(Customer, name=f"Before {number}").id for number in range(5)]
    children = []
    for name in ("one", "two"):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                found = []
                for number in range(20):
                    with crm.session(actor=SYSTEM) as session:
                        found.append(session.create(Customer, name=f"{name} {number}").id)
                (tmp_path / name).write_text(json.dumps(found))
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    for number in range(20):
        with crm.session(actor="admin") as session:
            ids.append(session.create(Customer, name=f"Parent {number}").id)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    ids += json.loads((tmp_path / "one").read_text()) + json.loads((tmp_path / "two").read_text())
    assert len(set(ids)) == len(ids) == 65
    with crm.session(actor="admin") as session:
        assert session.count(Customer) == 65


@pytest.mark.row("E7")
def test_of_two_moves_at_once_one_wins(make_crm: CRMFactory) -> None:
    """Of two moves from one stage to two others one is made; the history has one transition more, not two."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        deals = [session.create(Opportunity, name=f"Deal {number}") for number in range(6)]
    for deal in deals:
        results = at_once(
            in_session(crm, lambda session, deal=deal: session.move(deal, "proposal")),  # type: ignore[misc]
            in_session(crm, lambda session, deal=deal: session.move(deal, "won")),  # type: ignore[misc]
        )
        assert sorted(type(result).__name__ for result in results) == ["ConflictError", "Opportunity"]
        with crm.session(actor="admin") as session:
            moves = [entry for entry in session.history(deal) if entry.action == "move"]
        assert len(moves) == 1
    assert rows_of(crm, crm.tables.system.stage_history) == 12


@pytest.mark.row("B8")
def test_one_primary_contact_however_many_claim_it(crm: CRM) -> None:
    """Contacts that claim to be a customer's primary contact at the same time leave exactly one."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        contacts = [session.create(Contact, name=f"Contact {number}", customer=acme) for number in range(4)]

    def claim(contact: Contact) -> Callable[[], object]:
        return in_session(crm, lambda session: session.update(contact, is_primary=True))

    def join(number: int) -> Callable[[], object]:
        return in_session(
            crm, lambda session: session.create(Contact, name=f"New {number}", customer=acme, is_primary=True)
        )

    results = at_once(*map(claim, contacts), *map(join, range(3)))
    failed = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, CommandError) for error in failed), failed
    assert len(failed) < len(results)
    with crm.session(actor="admin") as session:
        assert session.count(Contact, {"customer": acme, "is_primary": True}) == 1


@pytest.mark.row("B12")
def test_two_updates_close_no_circle_between_them(crm: CRM) -> None:
    """Of two changes that together would make a tree a circle, one is refused."""
    for _ in range(4):
        with crm.session(actor="admin") as session:
            one, two = session.create(Team, name="One"), session.create(Team, name="Two")
        results = at_once(
            in_session(crm, lambda session, one=one, two=two: session.update(one, parent=two)),  # type: ignore[misc]
            in_session(crm, lambda session, one=one, two=two: session.update(two, parent=one)),  # type: ignore[misc]
        )
        assert sorted(type(result).__name__ for result in results) == ["Refused", "Team"]


def test_a_retried_command_runs_once_however_many_retry(crm: CRM) -> None:
    """Callers that come at once with one idempotency key all get the one record that was made."""

    def call() -> object:
        with crm.session(actor="admin") as session:
            return session.create(Customer, name="Acme", idempotency_key="order-17").id

    results = at_once(*[call] * 6)
    assert len(set(results)) == 1, results
    with crm.session(actor="admin") as session:
        assert session.count(Customer) == 1


def test_one_of_many_updates_from_one_version_wins(crm: CRM) -> None:
    """Of updates that all begin from one version exactly one is applied; the others name what it changed."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")

    def write(city: str) -> Callable[[], object]:
        return in_session(crm, lambda session: session.update(acme, city=city))

    results = at_once(*map(write, ("Paris", "Lyon", "Nice", "Lille")))
    conflicts = [result for result in results if isinstance(result, ConflictError)]
    assert len(conflicts) == 3, results
    assert {error.changed for error in conflicts} == {("city",)}
    assert {error.version for error in conflicts} == {2}


def test_deleting_and_changing_at_once_does_one_of_both(crm: CRM) -> None:
    """A record that is deleted while somebody changes it is either changed or deleted, never both from one version."""
    for number in range(4):
        with crm.session(actor="admin") as session:
            acme = session.create(Customer, name=f"Acme {number}")
        results = at_once(
            in_session(crm, lambda session, acme=acme: session.delete(acme)),  # type: ignore[misc]
            in_session(crm, lambda session, acme=acme: session.update(acme, city="Lyon")),  # type: ignore[misc]
        )
        assert sum(isinstance(result, ConflictError) for result in results) == 1, results


def test_the_first_upgrade_may_be_run_by_several_at_once(make_crm: CRMFactory) -> None:
    """Programs that create the same schema at the same time wait for each other."""
    database = make_crm.database()
    crms = [make_crm(on=database, upgrade=False) for _ in range(4)]
    results = at_once(*(crm.upgrade for crm in crms))
    assert not [result for result in results if isinstance(result, Exception)], results
    assert sum(bool(result) for result in results) == 1


def test_a_long_reader_does_not_hold_up_a_writer(crm: CRM) -> None:
    """A read-only session keeps its snapshot while others write and commit."""
    with crm.session(actor="admin", readonly=True) as reader:
        before = reader.count(Customer)
        with crm.session(actor="admin") as session:
            session.create(Customer, name="Meanwhile")
        assert reader.count(Customer) == before
    with crm.session(actor="admin", readonly=True) as reader:
        assert reader.count(Customer) == before + 1


def test_taken_values_are_refused_in_a_batch_as_well(crm: CRM) -> None:
    """Two batches with one value in common, written at once, never both go in."""

    def write(first: str) -> Callable[[], object]:
        rows = [{"name": first, "number": f"{first}-{number}"} for number in range(20)]
        return in_session(
            crm, lambda session: session.create_many(Customer, [*rows, {"name": first, "number": "common"}])
        )

    results = at_once(*map(write, ("a", "b", "c")))
    assert sum(isinstance(result, Refused) for result in results) == 2, results
    with crm.session(actor="admin") as session:
        assert session.count(Customer) == 21
