"""Many processes that read the same records and then write at once: each record is written by exactly one of them.

With CRMKIT_SLOW=1 (`make slow`) a hundred processes, else a few.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import SYSTEM, Customer, Opportunity, User
from crmkit.core.storage.engine import open_engine

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(1_200),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork"),
]
RACER = Path(__file__).with_name("racer.py")
PROCESSES, RECORDS = (100, 20) if os.environ.get("CRMKIT_SLOW") else (5, 10)
Outcomes = list[list[str]]


@pytest.fixture
def database(make_crm: CRMFactory) -> tuple[str, str | None]:
    """A database that so many processes can use at once."""
    url, schema = make_crm.database()
    if make_crm.backend == "postgresql":
        engine = open_engine(url)
        with engine.connect() as connection:
            allowed = int(connection.exec_driver_sql("SHOW max_connections").scalar_one())
        engine.dispose()
        if allowed < PROCESSES + 10:
            pytest.skip(f"the server allows {allowed} connections only")
    return url, schema


def race(database: tuple[str, str | None], doing: str) -> Outcomes:
    """Have all processes start at the same moment, and return what they say of each record, in the order of ids."""
    url, schema = database
    command = [sys.executable, str(RACER), url, schema or "-", doing, str(PROCESSES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == PROCESSES
    return [[answer[str(number)] for answer in answers] for number in range(1, RECORDS + 1)]


def winners(outcomes: Outcomes) -> list[str]:
    """Return what the one process did that was faster with each record; the others were told just that."""
    found = []
    for said in outcomes:
        (winner,) = [each for each in said if not each.startswith("conflict")]
        changed = {"owner": "owner", "amount": "amount", "stage": "stage"}[winner.split()[0]]
        told = {each for each in said if each.startswith("conflict")}
        assert len(told) == 1, told
        version, fields = told.pop().split()[1:]
        assert version == "2"
        assert changed in fields.split(",")
        found.append(winner)
    return found


def written(crm: CRM, entity: str) -> tuple[int, int]:
    """Return how many changes and events there are of existing records of an entity."""
    change, event = crm.tables.system.change, crm.tables.system.event
    with crm.session(actor=SYSTEM) as session:
        counts = [
            session.unit.connection.execute(
                sa.select(sa.func.count()).where(table.c.entity == entity, table.c.version > 1)
            ).scalar_one()
            for table in (change, event)
        ]
    return counts[0], counts[1]


def test_a_record_is_claimed_once(make_crm: CRMFactory, database: tuple[str, str | None]) -> None:
    """S1: of all who claim a customer without an owner one gets it; the others are told that its owner has changed."""
    crm = make_crm(on=database)
    with crm.session(actor=SYSTEM) as session:
        names = [f"u{number}" for number in range(2, PROCESSES + 1)]
        session.create_many(User, [{"name": name, "external_id": name} for name in names])
        session.create_many(Customer, [{"name": f"Customer {number}"} for number in range(RECORDS)])
    claimed = winners(race(database, "claim"))
    with crm.session(actor=SYSTEM) as session:
        owners = [f"owner {each.owner}" for each in session.find(Customer, order="id")]
    assert owners == claimed
    assert written(crm, "customer") == (RECORDS, RECORDS)


def test_a_record_is_moved_or_edited(make_crm: CRMFactory, database: tuple[str, str | None]) -> None:
    """S7: of moves and edits from one version one is made; nothing of the others is written."""
    crm = make_crm(on=database)
    with crm.session(actor=SYSTEM) as session:
        session.create_many(Opportunity, [{"name": f"Deal {number}"} for number in range(RECORDS)])
    done = winners(race(database, "move or edit"))
    with crm.session(actor=SYSTEM) as session:
        for deal, winner in zip(session.find(Opportunity, order="id"), done, strict=True):
            amount = None if deal.amount is None else f"amount {deal.amount.amount}"
            stage = None if deal.stage == "qualification" else f"stage {deal.stage}"
            assert [each for each in (amount, stage) if each] == [winner]
            assert [each.version for each in session.history(deal)] == [2, 1]
    assert written(crm, "opportunity") == (RECORDS, RECORDS)


def test_a_record_is_moved_once(make_crm: CRMFactory, database: tuple[str, str | None]) -> None:
    """S8: of moves to two stages one is made; the history of stages has one transition for each record, and no more."""
    crm = make_crm(on=database)
    with crm.session(actor=SYSTEM) as session:
        session.create_many(Opportunity, [{"name": f"Deal {number}"} for number in range(RECORDS)])
    done = winners(race(database, "move"))
    history = crm.tables.system.stage_history
    with crm.session(actor=SYSTEM) as session:
        assert [f"stage {each.stage}" for each in session.find(Opportunity, order="id")] == done
        query = sa.select(history.c.record_id, history.c.source, history.c.target).order_by(history.c.record_id)
        moves = [tuple(row) for row in session.unit.connection.execute(query.where(history.c.source.is_not(None)))]
    expected = [(number, "qualification", each.split()[1]) for number, each in enumerate(done, 1)]
    assert moves == expected
    assert written(crm, "opportunity") == (RECORDS, RECORDS)
