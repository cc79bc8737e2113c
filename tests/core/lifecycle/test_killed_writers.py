"""Programs that are killed while they write: what they were told to be done is done, and nothing is done by half."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer, Opportunity

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory

ROUNDS, WRITERS = (50, 4) if os.environ.get("CRMKIT_SLOW") else (1, 3)
WRITER = """
import sys
from crmkit import CRM, SYSTEM, Customer, Opportunity

crm = CRM(sys.argv[1], schema=sys.argv[2] or None)
while True:
    with crm.session(actor=SYSTEM) as session:
        customer = session.create(Customer, name="Acme")
        deal = session.create(Opportunity, name="Deal", customer=customer)
        session.move(deal, "won")
    print(int(customer.id), flush=True)
"""


@pytest.mark.proof
@pytest.mark.timeout(1_200)
def test_what_was_acknowledged_is_there(make_crm: CRMFactory) -> None:
    """Each customer that was reported is there with its deal, won; no customer is without one; all verifies."""
    database = make_crm.database()
    crm = make_crm(on=database)
    chance = random.Random(7)  # noqa: S311  (a test that can be repeated)
    acknowledged: set[int] = set()
    for _ in range(ROUNDS):
        acknowledged |= write_and_die(database, chance)
    with crm.session(actor=SYSTEM) as session:
        customers = {each.id for each in session.find(Customer)}
        deals = session.find(Opportunity)
    assert acknowledged <= customers
    assert customers == {int(each.customer) for each in deals if each.customer and each.stage == "won"}
    assert len(customers) == len(deals) >= ROUNDS * WRITERS
    assert crm.audit.verify() == []
    if crm.engine.dialect.name == "sqlite":
        with crm.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


def write_and_die(database: tuple[str, str | None], chance: random.Random) -> set[int]:
    """Have some programs write until each is killed at a moment of its own; return what they reported."""
    command = [sys.executable, "-c", WRITER, database[0], database[1] or ""]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(WRITERS)]
    reported: list[str] = []
    for each in running:
        assert each.stdout is not None
        reported += [each.stdout.readline() for _ in range(chance.randint(1, 20))]
        each.kill()
    for each in running:
        assert each.stdout is not None
        reported += each.stdout.readlines()
        each.stdout.close()
        each.wait()
    return {int(line) for line in reported if line.endswith("\n")}
