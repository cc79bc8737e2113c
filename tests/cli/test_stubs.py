"""The types of an assembled model: right programs pass the type checker, mistakes are found where they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine

ROOT = Path(__file__).parents[2]
PLUGIN = '''
from __future__ import annotations
from decimal import Decimal
from crmkit import *
import crmkit


@extend(Customer)
class Recall:
    recall_months: int | None = integer(min=1, max=60)


@record
class Visit(Record):
    """Fields of every kind, some named like types."""

    name: str = text()
    customer: Ref[Customer] | None = ref()
    about: Ref[object] | None = any_ref()
    cost: Money | None = money()
    data: object | None = crmkit.json()
    room: str | None = choice("small", "large")
    str: str | None = text()
    float: Decimal | None = decimal()
    tuple: tuple[str, ...] | None = tags()
    place: Location | None = location()
    at: object | None = crmkit.datetime()
    lasting: object | None = duration()
    ready: bool = boolean(default=False)


@record
class Session(Record):
    """An entity whose class would be called like the session's."""

    name: str = text()


@hookimpl
def crmkit_declare():
    yield from (Recall, Visit, Session)
'''
RIGHT = """
import crmkit
from crm_types import CRM, SYSTEM, Contact, Customer, Opportunity, Session, SessionRecord, Visit


def work(session: Session) -> int | None:
    acme = session.create(Customer, name="Acme", recall_months=6, level="a", idempotency_key="one")
    deal = session.create(Opportunity, name="Deal", customer=acme.ref, amount="48000 EUR", stage="proposal")
    deal = session.move(deal, "lost", lost_reason="price", pipeline="opportunity")
    acme = session.update(acme, city="Lyon", recall_months=None, tags=["a"])
    visit = session.create(
        Visit, name="First", about=deal, cost=5, data={"a": [1]}, room="small", str="text", float=1,
        tuple=("a",), place="48.8,2.3", at="2026-03-31T09:00", lasting="PT2H", customer=acme,
    )
    session.create(SessionRecord, name="Training")
    for contact in session.related(acme, Contact):
        print(contact.email)
    print(session.find(Customer, "recall_months > 3")[0].recall_months if session.count(Customer) > 1 else visit.float)
    customer: Customer = session.get(deal.customer) if deal.customer is not None else acme
    return session.update(customer, recall_months=7).recall_months


def define(session: crmkit.Session, customer: Customer) -> None:
    session.update(customer, shoe_size=44)


def elsewhere(crm: CRM) -> int | None:
    with crm.tenant("acme").session(actor=SYSTEM) as session:
        acme = session.create(Customer, name="Acme")
        define(session, acme)
        return acme.recall_months


crm = CRM("sqlite://", plugins=["sales", "./plugin.py"])
crm.upgrade(admin="ann")
with crm.session(actor="ann") as opened:
    work(opened)
assert crm.run(lambda session: session.count(Customer), actor=SYSTEM) == 1
print(crm.run(work, actor="ann"))
"""
WRONG = """
from crm_types import Contact, Customer, Opportunity, Session, Visit


def work(session: Session) -> None:
    acme = session.create(Customer, name="Acme", recal_months=6)  # Unexpected keyword argument "recal_months"
    session.create(Customer, name="Acme", recall_months="six")  # Argument "recall_months"
    session.create(Customer, city="Paris")  # Missing named argument "name"
    session.create(Customer, name="Acme", level="z")  # Argument "level"
    visit = session.create(Visit, name="First", rooms="small")  # Unexpected keyword argument "rooms"
    contact = session.create(Contact, name="Bea")
    deal = session.create(Opportunity, name="Deal", customer=contact)  # Argument "customer"
    session.update(acme, citty="Lyon")  # Unexpected keyword argument "citty"
    session.update(acme, employees="many")  # Argument "employees"
    session.update(acme, name=None)  # Argument "name"
    session.move(deal, "won", amuont=5)  # Unexpected keyword argument "amuont"
    session.move(visit, "won")  # has incompatible type "Visit"
    print(acme.recall_month)  # has no attribute "recall_month"
"""


def checked(program: str) -> list[str]:
    """Return what mypy says of a program in the working directory."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "plugins/sales")])
    command = (sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", program)
    options = (
        "--config-file",
        "",
        "--cache-dir",
        str(ROOT / ".mypy_cache/stubs"),
        "--disable-error-code",
        "import-untyped",
    )
    result = subprocess.run(
        [*command, *options], env=os.environ | {"MYPYPATH": path}, capture_output=True, text=True, check=False
    )
    assert not result.stderr, result.stderr
    return [line for line in result.stdout.splitlines() if ": note: " not in line]


@pytest.mark.slow
def test_the_type_checker_finds_mistakes_and_nothing_else(crmkit: CommandLine) -> None:
    """A right program passes and runs; wrong names, wrong types and what is missing are named at their lines."""
    Path("plugin.py").write_text(PLUGIN)
    Path("right.py").write_text(RIGHT)
    Path("wrong.py").write_text(WRONG)
    crmkit("--plugin", "sales", "--plugin", "plugin.py", "--database", "sqlite://", "stubs")
    assert checked("right.py") == []
    expected = [
        (number, mistake[1])
        for number, line in enumerate(WRONG.splitlines(), 1)
        if (mistake := re.search(r"  # (.*)", line))
    ]
    found = [re.fullmatch(r"wrong\.py:(\d+): error: (.*)", line) for line in checked("wrong.py")]
    assert [int(each[1]) for each in found if each] == [number for number, _ in expected]
    assert [text for each, (_, text) in zip(found, expected, strict=True) if not each or text not in each[2]] == []
    ran = subprocess.run([sys.executable, "right.py"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "7"), ran.stderr


def test_types_are_written_where_they_may_be(filled: CommandLine) -> None:
    """Twice is once; files of others stay; a name that can't be imported is refused; --check writes nothing."""
    assert "crm_types.py is out of date" in filled("stubs", "--check", code=1).stdout
    assert not Path("crm_types.py").exists()
    assert filled("stubs").stdout == "Wrote crm_types.py.\nWrote crm_types.pyi.\n"
    assert "recall_months: int | None" in Path("crm_types.pyi").read_text()
    assert "up to date" in filled("stubs").stdout
    assert '"changed": false' in filled("stubs", "--check", "--format", "json").stdout
    shutil.copy("extra.py", "own.py")
    assert "exists already" in filled("stubs", "own.py", code=2).stderr
    assert Path("own.py").read_text() == Path("extra.py").read_text()
    assert "can't be imported" in filled("stubs", "crm-types.py", code=2).stderr
