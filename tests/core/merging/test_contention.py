"""Many who merge, edit and refer to the same records at once: one survivor, nothing lost, nothing left behind."""

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

from crmkit import CRM, SYSTEM, Contact, Customer
from crmkit.errors import ConflictError, MergedError
from tests.core.merging.hammer import CUSTOMERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.testing.fixtures import CRMFactory

HAMMER = Path(__file__).with_name("hammer.py")


def in_processes(count: int, database: tuple[str, str | None], doing: str, times: int) -> Counter[str]:
    """Run the hammer in several processes at once and add up what came of it."""
    url, schema = database
    command = [sys.executable, str(HAMMER), url, schema or "-", doing, str(times)]
    running = [
        subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for number in range(count)
    ]
    outcomes: Counter[str] = Counter()
    for each in running:
        out, problems = each.communicate(timeout=540)
        assert each.returncode == 0, problems
        outcomes.update(json.loads(out))
    return outcomes


def check_one_survivor_each(crm: CRM) -> None:
    """Every id leads to a living record, in one step; every living reference leads to a living record."""
    customer, redirect = crm.tables["customer"], crm.tables.system.redirect
    with crm.session(actor=SYSTEM) as session:
        connection = session.unit.connection
        living = {each.id for each in session.find(Customer)}
        deleted = set(connection.execute(sa.select(customer.c.id).where(customer.c.deleted_at.is_not(None))).scalars())
        leads = dict(map(tuple, connection.execute(sa.select(redirect.c.record_id, redirect.c.survivor_id))))
        assert deleted == leads.keys()
        assert set(leads.values()) <= living
        for contact in session.find(Contact):
            assert contact.customer in living
        merged = [
            number
            for each in living
            for merge in session.merges(session.get(Customer, each))
            for number in merge.merged
        ]
        assert len({*map(int, merged)}) == len(merged)
    assert crm.audit.verify() == []


def hammer_everything(make_crm: CRMFactory, processes: int, times: int) -> None:
    """Run the hammer and check what is left."""
    database = make_crm.database()
    crm = make_crm(on=database)
    with crm.session(actor=SYSTEM) as session:
        session.create_many(Customer, [{"name": f"Customer {number}", "employees": 0} for number in range(CUSTOMERS)])
    outcomes = in_processes(processes, database, "everything", times)
    assert sum(outcomes.values()) == processes * times
    check_one_survivor_each(crm)
    change, contact = crm.tables.system.change, crm.tables["contact"]
    with crm.session(actor=SYSTEM) as session:
        connection = session.unit.connection
        made = connection.execute(sa.select(sa.func.count()).select_from(contact)).scalar_one()
        edits = connection.execute(
            sa.select(sa.func.count()).where(change.c.entity == "customer", change.c.action == "update")
        ).scalar_one()
        merges = connection.execute(sa.select(sa.func.count()).select_from(crm.tables.system.merge)).scalar_one()
    assert made == outcomes["refer: done"]
    assert edits == outcomes["edit: done"]
    assert merges == outcomes["merge: done"] == CUSTOMERS - len_of(crm)


def len_of(crm: CRM) -> int:
    """Return how many customers are left."""
    with crm.session(actor=SYSTEM) as session:
        return session.count(Customer)


@pytest.mark.proof
@pytest.mark.timeout(1_200)
@pytest.mark.row("B6")
def test_processes_that_merge_edit_and_refer_leave_nothing_behind(make_crm: CRMFactory) -> None:
    """S9: every edit is applied or refused, every contact refers to a living customer, every id leads to one.

    A hundred processes with CRMKIT_SLOW=1.
    """
    hammer_everything(make_crm, *((100, 20) if os.environ.get("CRMKIT_SLOW") else (4, 40)))


@pytest.mark.row("B6")
def test_a_record_is_merged_once_however_many_try(make_crm: CRMFactory) -> None:
    """Of processes that each merge a record into one of their own, exactly one does; the others are told where."""
    database = make_crm.database()
    crm = make_crm(on=database)
    with crm.session(actor=SYSTEM) as session:
        session.create_many(Customer, [{"name": f"Customer {number}"} for number in range(20)])
    outcomes = in_processes(4, database, "same", 20)
    assert outcomes["merged"] == 20
    assert outcomes["told where"] + outcomes["redirected"] == 60
    check_one_survivor_each(crm)


def at_once(crm: CRM, *works: Callable[..., object]) -> list[object]:
    """Do things in sessions of their own that begin at the same moment, and return what each gave or raised."""
    start = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(place: int) -> None:
        start.wait()
        try:
            with crm.session(actor=SYSTEM) as session:
                results[place] = works[place](session)
        except Exception as error:  # noqa: BLE001  (what it was is what the tests ask)
            results[place] = error

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


@pytest.mark.row("B6")
def test_an_edit_and_a_merge_at_once_are_one_of_both(crm: CRM) -> None:
    """S9: B is edited, and the merge of A and B meets a conflict; or it is merged, and the edit is told of A."""
    for number in range(8):
        with crm.session(actor=SYSTEM) as session:
            a, b = (session.create(Customer, name=f"{name}{number}") for name in "AB")
        edit, merge = at_once(
            crm,
            lambda session, b=b: session.update(b, city="Lyon"),
            lambda session, a=a, b=b: session.merge(a, b),
        )
        if isinstance(merge, Customer):
            assert isinstance(edit, MergedError)
            assert edit.into == a.id
        else:
            assert isinstance(merge, ConflictError)
            assert not isinstance(merge, MergedError)
            assert merge.changed == ("city",)
            assert isinstance(edit, Customer)


@pytest.mark.row("B6")
def test_merges_in_a_row_at_once_end_in_one_survivor(crm: CRM) -> None:
    """S9: A gets B while B gets C, and C gets A: every id leads to one living record."""
    for number in range(6):
        with crm.session(actor=SYSTEM) as session:
            a, b, c = (session.create(Customer, name=f"{name}{number}") for name in "ABC")
        results = at_once(
            crm,
            lambda session, a=a, b=b: session.merge(a, b),
            lambda session, b=b, c=c: session.merge(b, c),
            lambda session, c=c, a=a: session.merge(c, a),
        )
        assert all(isinstance(each, (Customer, MergedError)) for each in results), results
        with crm.session(actor=SYSTEM) as session:
            survivors = {session.get(Customer, each.id).id for each in (a, b, c)}
        assert len(survivors) == sum(isinstance(each, MergedError) for each in results)


def test_nobody_is_added_to_a_record_that_is_being_merged(crm: CRM) -> None:
    """A contact that comes for a customer while it is merged refers to the survivor, or is refused."""
    for number in range(8):
        with crm.session(actor=SYSTEM) as session:
            a, b = (session.create(Customer, name=f"{name}{number}") for name in "AB")
        at_once(
            crm,
            lambda session, b=b: session.create(Contact, name="New", customer=b),
            lambda session, a=a, b=b: session.merge(a, b),
        )
    check_one_survivor_each(crm)
