"""Imports that are killed at any moment and started again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

import crmkit
from crmkit.core.exchange.importing import run_import

if TYPE_CHECKING:
    from crmkit.app import CRM
    from crmkit.testing.fixtures import CRMFactory

ROWS = 1_200
KILLS = 3
PROGRAM = """
import sys
from pathlib import Path
from crmkit import CRM
from crmkit.core.exchange import importing

importing.BATCH_ROWS = 50
url, schema, mapping = sys.argv[1:]
crm = CRM(url, schema=schema or None)
print("ready", flush=True)
importing.run_import(crm, mapping=Path(mapping), actor="admin", progress=lambda done, share: print(done, flush=True))
"""
MAPPING = """
    [[files]]
    file = "customers.csv"
    entity = "customer"
    [files.columns]
    Number = "number"
    Name = "name"
    Staff = "employees"

    [[files]]
    file = "contacts.csv"
    entity = "contact"
    [files.columns]
    Name = "name"
    Firm = "customer.number"
    Boss = { field = "owner", lookup = "external_id", missing = "create", create = { name = "New" } }
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    """A mapping beside two files with some bad rows."""
    customers = [f"{n},Customer {n},{'x' if n % 100 == 3 else n}" for n in range(ROWS)]
    contacts = [f"Contact {n},{n * 2},{f'boss{n // 100}' if n % 100 == 0 else ''}" for n in range(ROWS // 2)]
    (tmp_path / "customers.csv").write_text("Number,Name,Staff\n" + "\n".join(customers))
    (tmp_path / "contacts.csv").write_text("Name,Firm,Boss\n" + "\n".join(contacts))
    path = tmp_path / "mapping.toml"
    path.write_text(dedent(MAPPING))
    return path


def content(crm: CRM) -> dict[str, list[tuple[object, ...]]]:
    """Return what all tables of entities hold, without ids and times, which need not be the same."""
    found: dict[str, list[tuple[object, ...]]] = {}
    with crm.engine.connect() as connection:
        for name, table in crm.tables.entities.items():
            columns = [each for each in table.columns if not each.name.endswith(("_at", "_since", "id"))]
            rows = connection.execute(sa.select(*columns)).all()
            found[name] = sorted(tuple(map(repr, row)) for row in rows)
        counts = [crm.tables.system.change, crm.tables.system.event, crm.tables.system.imported_row]
        found["counts"] = [
            (connection.execute(sa.select(sa.func.count()).select_from(each)).scalar_one(),) for each in counts
        ]
    return found


@pytest.mark.row("B3")
def test_a_killed_import_ends_like_one_that_was_not(make_crm: CRMFactory, mapping: Path) -> None:
    """Killed at random moments and started again, every row has one outcome and the records are the same."""
    whole = make_crm()
    expected = run_import(whole, mapping=mapping, actor="admin")
    database = make_crm.database()
    killed = make_crm(on=database)
    moments = random.Random(8_800)  # noqa: S311  (no secret)
    for _ in range(KILLS):
        start_and_kill(database, mapping, moments)
    result = run_import(killed, mapping=mapping, actor="admin")
    assert result.resumed
    assert result.files == expected.files
    assert [str(each) for each in result.problems] == [str(each) for each in expected.problems]
    assert content(killed) == content(whole)


def start_and_kill(database: tuple[str, str | None], mapping: Path, moments: random.Random) -> None:
    """Import in a process of its own, and kill it a random while after its first or a later batch."""
    folders = os.pathsep.join([str(Path(crmkit.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, database[0], database[1] or "", str(mapping)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": folders},
        text=True,
    )
    assert process.stdout is not None
    for _ in range(moments.randint(1, 9)):
        process.stdout.readline()
    time.sleep(moments.uniform(0, 0.1))  # the moment is what is tested
    process.kill()
    process.wait()
    process.stdout.close()
