"""The demonstration: a year of business, real because it is done by the same commands, and the same for a seed."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import CRM, Customer, Demonstration, Job, JobRun, Scene, Session
from crmkit.cli.demo.business import Business
from crmkit.cli.demo.clock import MovingClock
from crmkit.cli.demo.plan import SATURDAY, Plan
from crmkit.cli.demo.week import Week, last_monday
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine

END = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_the_demo_makes_a_crm_and_names_commands_that_work(crmkit: CommandLine) -> None:
    """The three commands at the end can be pasted, and what plugins show is told day by day."""
    out = crmkit("demo", "--deals", "30").stdout
    assert "Tue 10:00  Ann Berger approves Licences." in out
    assert "Ann Berger is told: Visit" in out
    assert "Chen Wei claims" in out
    commands = [shlex.split(line) for line in out.partition("Try next:")[2].splitlines() if line.strip()]
    assert len(commands) == 3
    for words in commands:
        assert crmkit(*words[words.index("--edition") :]).stdout
    counts = json.loads(crmkit("--edition", "crmkit-demo/crmkit.toml", "doctor", "--format", "json").stdout)["counts"]
    assert (counts["customer"], counts["opportunity"], counts["user"]) == (60, 32, 7)


def test_the_demo_overwrites_only_its_own_folder(crmkit: CommandLine) -> None:
    """A folder of somebody else is refused even with --force; the demo's own is made anew with it."""
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("dear", encoding="utf-8")
    assert "not the demo's" in crmkit("demo", "mine", "--force", code=2).stderr
    assert [each.name for each in Path("mine").iterdir()] == ["letter.txt"]
    crmkit("demo", "--deals", "1")
    Path("crmkit-demo/letter.txt").write_text("dear", encoding="utf-8")
    assert "--force" in crmkit("demo", "--deals", "1", code=2).stderr
    crmkit("demo", "--deals", "1", "--force")
    assert Path("crmkit-demo/letter.txt").read_text() == "dear"


def numbers(seed: int) -> Random:
    """Return the random numbers of a seed."""
    return Random(seed)  # noqa: S311  (they invent data, no secrets)


def business(seed: int, folder: Path) -> dict[str, object]:
    """Return what a year of business leaves behind."""
    clock = MovingClock(END)
    crm = CRM(f"sqlite:///{folder / f'{seed}-{len(list(folder.iterdir()))}.db'}", clock=clock)
    crm.upgrade(admin="admin")
    Business(crm=crm, clock=clock, random=numbers(seed), deals=20).run()
    with crm.session(actor="admin") as session:
        entity = crm.model.entities["opportunity"].declared.declared
        paths = ["name", "customer.name", "owner.name", "stage", "amount", "created_at", "stage_since"]
        found = {"deals": list(session.rows(entity, paths)), "moves": len(session.history(session.find(entity)[0]))}
    crm.close()
    return found


def test_one_seed_is_one_year(tmp_path: Path) -> None:
    """The same seed leaves the same records behind, another seed others."""
    assert business(1, tmp_path) == business(1, tmp_path)
    assert business(1, tmp_path) != business(2, tmp_path)


@given(seed=st.integers(0, 10_000), stages=st.integers(1, 8))
def test_a_plan_is_possible(seed: int, stages: int) -> None:
    """Nothing happens after the end or at weekends, each deal begins after its customer, and moves come in order."""
    steps = Plan(random=numbers(seed), end=END, deals=20, stages=stages).steps()
    met = {step.customer: step for step in steps if step.what == "customer"}
    begun: dict[int, datetime] = {}
    for step in steps:
        assert step.at < END
        assert step.actor == met[step.customer].actor
        if step.what == "deal":
            assert step.at > met[step.customer].at
        elif step.what != "customer":
            assert step.at > begun[step.deal]
        begun[step.deal] = step.at
    weekend = [step for step in steps if step.at.weekday() >= SATURDAY]
    assert weekend == []


@pytest.mark.parametrize("deals", ["0", "-1", "x"])
def test_the_number_of_deals_is_checked(crmkit: CommandLine, deals: str) -> None:
    """A number that makes no sense is a wrong call, and no folder is made."""
    crmkit("demo", f"--deals={deals}", code=2)
    assert not Path("crmkit-demo").exists()


def test_plugins_show_a_week(tmp_path: Path) -> None:
    """Scenes of all plugins come in the order of their times, and what is due in between has been done."""

    def scenes(_random: Random) -> list[Scene]:
        return [
            Scene(at=timedelta(days=1, hours=9), run=lambda session: f"{session.count(Customer)} customers"),
            Scene(at=timedelta(hours=10, minutes=30), run=later),
            Scene(at=timedelta(hours=10), actor="ann", run=begin),
        ]

    def begin(session: Session) -> None:
        session.create(Customer, name="Acme")

    def later(session: Session) -> None:
        session.enqueue("welcome", at=session.unit.now + timedelta(hours=3))

    def welcome(session: Session, run: JobRun) -> None:
        session.create(Customer, name=f"{run.due:%A %H:%M}")

    week = Demonstration(name="week", scenes=scenes)
    clock = MovingClock(last_monday(END))
    crm = CRM("sqlite://", [make_plugin("shown", week, Job(name="welcome", run=welcome))], clock=clock)
    crm.upgrade(admin="ann")
    told = list(Week(crm=crm, clock=clock, random=numbers(1)).run())
    assert told == [(datetime(2026, 2, 24, 9, 0, tzinfo=UTC), "2 customers")]
    with crm.session(actor="ann") as session:
        assert [each.name for each in session.find(Customer, order="id")] == ["Acme", "Monday 13:30"]
    crm.close()


@pytest.mark.parametrize(
    ("now", "monday"),
    [("2026-03-02 09:00", "2026-02-23"), ("2026-03-06 17:59", "2026-02-23"), ("2026-03-06 18:00", "2026-03-02")],
)
def test_the_week_is_over_when_the_demo_is_made(now: str, monday: str) -> None:
    """It is the last one that has come to its Friday evening."""
    assert last_monday(datetime.fromisoformat(f"{now}+00:00")) == datetime.fromisoformat(f"{monday}T00:00+00:00")
