"""How many queries it takes to give many records to others: as many as for a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Customer
from crmkit_workflow.handover.batches import begin
from crmkit_workflow.handover.commands import handover_command
from crmkit_workflow.handover.transferring import transfer
from crmkit_workflow.pools.handling import assign, move, release

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from crmkit import CRM, User
    from crmkit_workflow.pools.entities import Pool

    People = dict[str, User]
    MakePool = Callable[..., Pool]
    Queries = Callable[[], AbstractContextManager[list[str]]]


def customers(crm: CRM, count: int, **values: object) -> list[Customer]:
    """Create customers."""
    with crm.session(actor="admin") as session:
        return session.create_many(Customer, [{"name": f"{count}-{each}", **values} for each in range(count)])


@pytest.mark.row("M4")
def test_a_transfer_of_many_asks_no_more_than_one_of_a_few(crm: CRM, people: People, queries: Queries) -> None:
    """Whether the actor may is asked for all records of an entity at once."""
    numbers = []
    for count in (2, 60):
        records = [*customers(crm, count, owner=people["ann"]), *customers(crm, count, owner=people["zoe"])]
        with crm.session(actor="mia") as session, queries() as asked:
            transfer(session, records, people["bob"])
            assert session.count(Customer, {"owner": people["bob"]}) >= count
        numbers.append(len(asked))
    assert numbers[1] == numbers[0]


@pytest.mark.row("M3")
def test_many_go_into_and_out_of_pools_by_as_few_queries_as_some(
    crm: CRM, people: People, make_pool: MakePool, queries: Queries
) -> None:
    """Whoever may transfer records releases, moves and assigns many of them, asked for once each time."""
    with crm.session(actor="admin") as session:
        north, south = make_pool(session, [people["ann"]]), make_pool(session, [people["ann"]], name="South")
    numbers = []
    for count in (2, 60):
        records = customers(crm, count, owner=people["ann"])
        found = []
        with crm.session(actor="admin") as session, queries() as asked:
            release(session, records, north)
            found.append(len(asked))
            move(session, records, south)
            found.append(len(asked))
            assign(session, records, people["bob"])
            assert session.count(Customer, {"owner": people["bob"]}) >= count
        numbers.append([*found, len(asked)])
    assert numbers[1] == numbers[0]


@pytest.mark.row("M5")
def test_many_hand_overs_are_listed_by_as_few_queries_as_one(crm: CRM, people: People, queries: Queries) -> None:
    """The names of those whose records go are read together."""
    numbers = []
    for name in ("ann", "bob", "cem"):
        with crm.session(actor="admin") as session:
            begin(session, people[name])
        with crm.session(actor="admin") as session, queries() as asked:
            table = handover_command(session, do="list", user=None, to=None, goals=None, off=False)
        assert table.rows[0][1] == people[name].name
        numbers.append(len(asked))
    assert len(set(numbers)) == 1
