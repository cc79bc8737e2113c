"""Starting: importing crmkit, asking for help, getting ready to work, assembling the Model, making a new database."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.databases import first_party_plugins, new_crm
from benchmarks.races import CORE, CRMKIT, RAW, Bar, Race, Sample
from crmkit import CRM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.databases import Databases
    from benchmarks.races import Way, Work

ROUNDS = 2
"""How many times the usual number of rounds: processes take little and differ much, and the best of them counts."""
HEAVIEST = 6
MICRO = 1e-6
TIMED = "import time\nstart = time.perf_counter()\n{}\nprint(time.perf_counter() - start)"
HELP = "import sys\nsys.argv = ['crmkit', '--help']\nfrom crmkit.cli import main\nmain()"
READY = """
from crmkit import CRM, Customer
crm = CRM({url!r}, {plugins!r})
with crm.session(actor="admin") as session:
    session.find(Customer, limit=1)
"""
CORE_READY = """
import sqlalchemy as sa
engine = sa.create_engine({url!r})
table = sa.Table("crm_customer", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("name", sa.Text))
with engine.connect() as connection:
    connection.execute(sa.select(table).limit(1)).all()
"""
RAW_READY = """
import sqlite3
sqlite3.connect({file!r}).execute("SELECT id, name FROM crm_customer LIMIT 1").fetchall()
"""


def imports(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Import crmkit in a new process; then the same with the class that embedding programs begin with."""
    del databases, pieces, size
    bar = Bar(text="≤ 60 ms", most=0.060, quantile=0)
    for line, code, wanted in (
        ("import crmkit", "import crmkit", bar),
        ("from crmkit import CRM, Customer", "from crmkit import CRM, Customer", None),
    ):
        yield Race(
            line=line,
            ways={CRMKIT: process(TIMED.format(code)), CORE: process(TIMED.format("import sqlalchemy"))},
            bar=wanted,
            rounds=ROUNDS,
            meter=told,
            notes=partial(heaviest, code),
        )


def help_page(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Run `crmkit --help`: the whole process; beside it, a Python that does nothing."""
    del databases, pieces, size
    bar = Bar(text="≤ 150 ms, without SQLAlchemy", most=0.150, quantile=0)
    ways = {CRMKIT: process(HELP), RAW: process("pass")}
    yield Race(line="crmkit --help", ways=ways, bar=bar, rounds=ROUNDS, notes=partial(heaviest, HELP))


def ready(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Start a process, open a database that is there, read one customer."""
    del databases, pieces, size
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "ready.db")
        url = f"sqlite:///{file}"
        plugins = first_party_plugins()
        crm = CRM(url, plugins)
        crm.upgrade(admin="admin")
        crm.close()
        code = READY.format(url=url, plugins=plugins)
        ways = {
            CRMKIT: process(code),
            CORE: process(CORE_READY.format(url=url)),
            RAW: process(RAW_READY.format(file=file)),
        }
        yield Race(line="process ready", ways=ways, rounds=ROUNDS, notes=partial(heaviest, code))


def assemble(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Assemble the Model from all plugins, their modules being imported already."""
    del databases, pieces, size

    def work() -> None:
        new_crm("sqlite://")

    bar = Bar(text="≤ 100 ms", most=0.100)
    yield Race(line="assemble", ways={CRMKIT: lambda _: work}, bar=bar, rounds=ROUNDS)


def upgrade(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Make a new SQLite database; by hand, the same tables and indexes."""
    del databases, pieces, size
    bar = Bar(text="≤ 1 s", most=1.0)
    with tempfile.TemporaryDirectory() as folder:
        statements = schema_of(Path(folder) / "model.db")
        names = (Path(folder) / f"{number}.db" for number in range(10_000))

        def ours(_: int) -> Work:
            crm = new_crm(f"sqlite:///{next(names)}")

            def work() -> None:
                crm.upgrade(admin="admin")
                crm.close()

            return work

        def core(_: int) -> Work:
            crm = new_crm(f"sqlite:///{next(names)}")
            tables = crm.tables.all

            def work() -> None:
                with crm.engine.begin() as connection:
                    crm.tables.metadata.create_all(connection, tables=tables, checkfirst=False)
                crm.close()

            return work

        ways: dict[str, Way] = {CRMKIT: ours, CORE: core, RAW: lambda _: lambda: run_all(next(names), statements)}
        yield Race(line="upgrade", database="sqlite", ways=ways, bar=bar)


def schema_of(file: Path) -> list[str]:
    """Return the statements that make crmkit's tables and indexes."""
    crm = new_crm(f"sqlite:///{file}")
    crm.upgrade()
    crm.close()
    connection = sqlite3.connect(file)
    query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC"
    found = connection.execute(query).fetchall()
    connection.close()
    return [row[0] for row in found]


def run_all(file: Path, statements: list[str]) -> None:
    """Run statements in a new database."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("BEGIN")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def process(code: str) -> Way:
    """Return the way that runs some code in a new Python."""
    return lambda _: lambda: output_of(code)


def output_of(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run some code in a new Python that finds the same modules as this one."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    if environment.pop("PYTHONDONTWRITEBYTECODE", None):
        # Else every process would compile all that it imports.
        environment["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "crmkit-benchmark-bytecode")
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603  (our own code)


def told(work: Work) -> Sample:
    """Return the seconds that the process printed: those of the import alone, without Python's own start."""
    result = work()
    assert isinstance(result, subprocess.CompletedProcess)
    seconds = float(result.stdout)
    return Sample(seconds, seconds)


def heaviest(code: str) -> list[str]:
    """Return which packages take the most time to import, their own time each, by `-X importtime`."""
    spent: dict[str, float] = {}
    for line in output_of(code, "-X", "importtime").stderr.splitlines():
        own, _, name = line.removeprefix("import time:").split("|") if line.count("|") == 2 else ("", "", "")  # noqa: PLR2004
        if own.strip().isdigit():
            package = name.strip().partition(".")[0]
            spent[package] = spent.get(package, 0) + int(own) * MICRO
    ranked = sorted(spent.items(), key=lambda each: -each[1])[:HEAVIEST]
    return ["imports: " + ", ".join(f"{package} {seconds * 1000:.0f} ms" for package, seconds in ranked)]
