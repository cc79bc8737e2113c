"""What people see of pools and queues: commands, reports, worklists."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer
from crmkit.errors import AccessDeniedError, Refused, UnknownNameError
from crmkit_workflow.pools.commands import pool_command
from crmkit_workflow.pools.sweep import sweep
from crmkit_workflow.queues.commands import queue_command
from crmkit_workflow.queues.distributing import put
from crmkit_workflow.queues.entities import Queue, QueueMember
from crmkit_workflow.reviews.entities import ReviewRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import CRM, Session, Table, User
    from crmkit.testing.clock import FrozenClock
    from crmkit_workflow.pools.entities import Pool

    People = dict[str, User]
    MakePool = Callable[..., Pool]


def pools(session: Session, do: str, **given: object) -> Table | str:
    """Run `crmkit pool`."""
    values = {"pool": None, "entity": "customer", "records": None, "why": None, **given}
    return pool_command(session, do=do, **values)  # type: ignore[arg-type]


def queues(session: Session, do: str, **given: object) -> Table:
    """Run `crmkit queue`."""
    values = {"queue": None, "entity": "customer", "records": None, "to": None, **given}
    return queue_command(session, do=do, **values)  # type: ignore[arg-type]


def rows(result: Table | str) -> list[tuple[object, ...]]:
    """Return the rows of a table."""
    assert not isinstance(result, str)
    return list(result.rows)


@pytest.mark.row("M3")
def test_pools_from_the_command_line_and_their_flow(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Members see their pools and what lies in them, claim and release; the report says what came in and went out."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]])
        make_pool(session, [people["bob"]], name="Other")
        acme = session.create(Customer, name="Acme", pool=pool)
    with crm.session(actor="ann") as session:
        assert rows(pools(session, "list")) == [("Pool", 1, None)]
        assert [row[:2] for row in rows(pools(session, "list", pool="Pool"))] == [(acme.id, "Acme")]
        with pytest.raises(Refused, match="You take part in no pool"):
            pools(session, "list", pool="Other")
        with pytest.raises(Refused, match="Name the records by their ids"):
            pools(session, "claim")
        assert rows(pools(session, "claim", records=(str(acme.id),))) == [(f"customer:{acme.id}", "Done.")]
        assert rows(pools(session, "release", records=(f"customer:{acme.id}",), why="No time"))[0][1] == "Done."
        with pytest.raises(AccessDeniedError):
            pools(session, "sweep")
    with crm.session(actor="admin") as session:
        assert str(pools(session, "sweep")).startswith("0 records returned")
        table = session.report("pool_flow")
        assert table.rows == (
            ("Pool", "In", "Created in a pool", 1),
            ("Pool", "In", "Released", 1),
            ("Pool", "Out", "Claimed", 1),
        )
        assert "Created in a pool" in table.to_svg()
        assert session.report("pool_flow", until=session.today - timedelta(days=1)).rows == ()


@pytest.mark.row("M3")
@pytest.mark.row("D5")
def test_administrators_see_all_pools_and_queues(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Whoever may change all of them sees what lies and waits in each, and gives it out, without taking part."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]])
        acme = session.create(Customer, name="Acme", pool=pool)
        queue = session.create(Queue, name="Leads", strategy="round_robin")
        session.create(QueueMember, queue=queue, user=people["ann"])
        put(session, queue, [session.create(Customer, name="Lead")])
        assert rows(pools(session, "list")) == [("Pool", 1, None)]
        assert [row[0] for row in rows(pools(session, "list", pool="Pool"))] == [acme.id]
        assert [row[0] for row in rows(queues(session, "list"))] == ["Leads"]
        assert rows(queues(session, "distribute", queue="Leads"))[0][1] == "It is with Ann."


@pytest.mark.row("M3")
def test_records_are_those_that_are_named(crm: CRM, people: People, make_pool: MakePool) -> None:
    """`opportunity:1` is no customer, whatever entity is meant otherwise."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]])
        session.create(Customer, name="Acme", pool=pool)
    with crm.session(actor="ann") as session:
        assert rows(pools(session, "claim", records=("opportunity:1",)))[0][0] == "opportunity:1"
        with pytest.raises(UnknownNameError):
            pools(session, "claim", records=("nothing:1",))
        assert session.find(Customer)[0].owner is None


@pytest.mark.row("M3")
def test_what_is_not_reviewed_yet_is_not_listed_in_its_pool(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Members neither read nor count it; its author and administrators do."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"], people["bob"]])
        session.create(ReviewRule, name="New customers", entity="customer", roles=["member"])
        session.update(people["bob"], manager=people["mia"])
        known = session.create(Customer, name="Known", pool=pool)
    with crm.session(actor="bob") as session:
        new = session.create(Customer, name="New", pool=pool)
    for actor, seen in (("ann", [known.id]), ("bob", [known.id, new.id])):
        with crm.session(actor=actor) as session:
            assert rows(pools(session, "list")) == [("Pool", len(seen), None)]
            assert [row[0] for row in rows(pools(session, "list", pool="Pool"))] == seen


@pytest.mark.row("D5")
def test_queues_from_the_command_line_and_their_workload(crm: CRM, people: People) -> None:
    """Members see what waits, grab and decline it; heads give it out; the report says who has how much."""
    with crm.session(actor="admin") as session:
        queue = session.create(Queue, name="Leads", strategy="round_robin")
        session.create(QueueMember, queue=queue, user=people["ann"])
        session.create(QueueMember, queue=queue, user=people["mia"], is_head=True, capacity=0)
        records = [session.create(Customer, name=each, owner=people["zoe"]) for each in "ab"]
        put(session, queue, records)
    first = (str(records[0].id),)
    with crm.session(actor="ann") as session:
        assert [row[:2] for row in rows(queues(session, "list"))] == [
            ("Leads", f"customer:{each.id}") for each in records
        ]
        assert "not one from which people take" in str(rows(queues(session, "grab", records=first))[0][1])
        with pytest.raises(AccessDeniedError):
            queues(session, "distribute", queue="Leads")
    with crm.session(actor="mia") as session:
        with pytest.raises(Refused, match="There is no queue"):
            queues(session, "distribute", queue="None")
        with pytest.raises(Refused, match="There is no queue"):
            queues(session, "list", queue="None")
        with pytest.raises(Refused, match="Say which queue"):
            queues(session, "distribute")
        with pytest.raises(Refused, match="Say to whom: --to NAME"):
            queues(session, "assign", records=first)
        assert len(rows(queues(session, "list", queue="Leads"))) == len(records)
        assert rows(queues(session, "assign", records=first, to="ann"))[0][1] == "It is with Ann."
        assert rows(queues(session, "requeue", records=first))[0][1] == "It waits."
        assert rows(queues(session, "assign", records=first, to="ann"))[0][1] == "It is with Ann."
        assert len(rows(queues(session, "distribute", queue="Leads"))) == 1
    with crm.session(actor="ann") as session:
        assert rows(queues(session, "decline", records=first))[0][1] == "It waits."
    with crm.session(actor="zoe") as session, pytest.raises(Refused, match="You don't work in the queue 'Leads'"):
        queues(session, "list", queue="Leads")
    with crm.session(actor="admin") as session:
        assert [row[:3] for row in session.report("queue_workload").rows] == [
            ("Leads", "Waiting", 1),
            ("Leads", "Ann", 1),
        ]


@pytest.mark.row("M3")
def test_what_is_about_to_go_is_on_the_worklist_and_told_of(
    crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock
) -> None:
    """So many days before, the owner gets a notice, once; when it is gone, another one."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], rules=[{"kind": "follow_up", "days": 10}], remind_before=["3", "1"])
        session.create(Customer, name="Acme", owner=people["ann"])
    told = []
    for _day in range(12):
        clock.advance(days=1)
        with crm.session(actor=SYSTEM) as session:
            sweep(session)
        with crm.session(actor="ann") as session:
            told.append([each.text for each in reversed(session.notices())])
    assert [len(each) for each in told] == [0] * 7 + [1, 1, 2, 3, 3]
    assert told[-1] == [
        "Acme returns to the pool Pool on Mar 13, 2026 unless you follow it up.",
        "Acme returns to the pool Pool on Mar 13, 2026 unless you follow it up.",
        "Acme has returned to the pool Pool: Not followed up for 10 days.",
    ]
