"""A command line in an empty folder, and one with a CRM in it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from click.testing import CliRunner

from crmkit.cli.program import program

if TYPE_CHECKING:
    from click.testing import Result

EDITION = """
[crm]
name = "Test"
currency = "EUR"
time_zone = "Europe/Paris"
plugins = ["./extra.py"]
"""
EXTRA = '''
from crmkit import AddStage, Column, Command, Parameter, Report, Stage, Table, extend, Customer, hookimpl, integer
from crmkit.core.declare.kinds import IntegerKind


@extend(Customer)
class Recall:
    recall_months: int | None = integer(min=1, max=60)


def cities(session, minimum):
    """Count customers by city."""
    found = session.aggregate(Customer, by=["city"], measures={"number": "count()"})
    rows = [row for row in found if row[1] >= minimum]
    return Table([Column("city", "City"), Column("number", "Customers", "integer")], rows, title="Cities")


def greet(session, name):
    """Greet somebody."""
    return f"Hello {name}, there are {session.count(Customer)} customers."


def newest(session):
    """Return the newest customer."""
    return session.find(Customer, order="-id", limit=1)[0]


MINIMUM = Parameter(name="minimum", kind=IntegerKind(), default=1, help="Only cities with so many.")


@hookimpl
def crmkit_declare():
    yield Recall
    yield AddStage("opportunity", Stage("trial", "On trial", requires=("amount",)), after="proposal", on_remove="keep")
    yield Report(name="cities", run=cities, reads=("customer",), parameters=(MINIMUM,), help="Customers by city.")
    name = Parameter(name="name", required=True)
    yield Command(name="greet", run=greet, help="Greet somebody.", roles=("admin",), parameters=(name,))
    yield Command(name="newest", run=newest, help="Show the newest customer.", roles=("admin",))
    yield Command(name="cities", run=cities, help="Count cities.", roles=("admin",), parameters=(MINIMUM,))


@hookimpl
def crmkit_before_create(session, drafts):
    for draft in drafts.of(Customer):
        if draft.get("name") == "Boom":
            raise RuntimeError("it broke")
'''


class CommandLine(Protocol):
    """Runs crmkit."""

    def __call__(self, *arguments: str, code: int = 0, stdin: str | None = None) -> Result:
        """Run it with these arguments, and check the exit code."""


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the shell find `crmkit`, as in an environment that is active: commands to be pasted are shown so."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


@pytest.fixture
def crmkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Runs crmkit in an empty folder, as the user `admin`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CRMKIT_EDITION", raising=False)
    monkeypatch.setenv("CRMKIT_ACTOR", "admin")
    monkeypatch.setattr("getpass.getuser", lambda: "admin")
    return run


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an edition, a database and a few records, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "extra.py").write_text(EXTRA, encoding="utf-8")
    (folder / "crmkit.toml").write_text(EDITION, encoding="utf-8")
    chosen = ("--edition", str(folder / "crmkit.toml"), "--as", "admin")
    run(*chosen, "upgrade", "--admin", "admin")
    run(*chosen, "create", "customer", "name=Acme", "city=Paris", "number=C-1")
    run(*chosen, "create", "customer", "name=Bolt", "city=Lyon", "number=C-2", "email=info@bolt.example")
    run(*chosen, "create", "opportunity", "name=200 seats", "customer=Acme", "amount=48000")
    return folder


@pytest.fixture
def filled(crmkit: CommandLine, template: Path, tmp_path: Path) -> CommandLine:
    """Runs crmkit in a folder with an edition, a database and a few records."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return crmkit


def run(*arguments: str, code: int = 0, stdin: str | None = None) -> Result:
    """Run crmkit, and check the exit code."""
    result = CliRunner().invoke(program, list(arguments), input=stdin, prog_name="crmkit")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result
