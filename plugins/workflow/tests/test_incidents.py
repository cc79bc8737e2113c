"""Real incidents of an IT company, replayed: clocks pause, stop and resume as the log of each says."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from crmkit import BusinessCalendar
from crmkit_workflow.clocks.entities import Clock, ClockInterval
from tests.workflow.desk import Ticket, desk, make_rule

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

HOW_MANY = 40
STAGES = {"New": "new", "Active": "working", "Resolved": "solved", "Closed": "solved"}

Log = list[tuple[datetime, str]]


def logs(file: Path) -> dict[str, Log]:
    """Return, of the first incidents that waited for somebody and were reopened, when they were in which stage."""
    found: dict[str, list[tuple[datetime, int, str]]] = defaultdict(list)
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            moment = datetime.strptime(row["sys_updated_at"], "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
            stage = "waiting" if row["incident_state"].startswith("Awaiting") else STAGES.get(row["incident_state"], "")
            found[row["number"]].append((moment, int(row["sys_mod_count"]), stage))
    chosen = {}
    for number, entries in found.items():
        log = [(moment, stage) for moment, _count, stage in sorted(entries)]
        stages = [stage for _moment, stage in log]
        if "waiting" in stages and "" not in stages and is_reopened(stages):
            chosen[number] = log
        if len(chosen) == HOW_MANY:
            break
    return chosen


def is_reopened(stages: list[str]) -> bool:
    """Return whether something was solved and taken up again."""
    return any(a == "solved" and b != "solved" for a, b in pairwise(stages))


def worked(log: Log) -> timedelta:
    """Return the time for which an incident was new or worked on, from its log alone."""
    stretches = pairwise(log)
    return sum((b[0] - a[0] for a, b in stretches if a[1] in {"new", "working"}), timedelta(0))


@pytest.mark.data
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_clocks_count_what_the_log_says(make_crm: CRMFactory, clock: FrozenClock, data_folder: Path) -> None:
    """Waiting doesn't count, a reopened incident goes on where it was, and the log adds up to what is counted."""
    found = logs(data_folder / "servicenow-incidents" / "incident_event_log.csv.gz")
    assert len(found) == HOW_MANY
    crm = make_crm(["workflow", desk()])
    with crm.session(actor="admin") as session:
        always = session.create(BusinessCalendar, name="Always", hours="24/7")
        make_rule(session, calendar=always, target="PT40H")
    events = sorted((moment, number, place) for number, log in found.items() for place, (moment, _) in enumerate(log))
    for moment, number, place in events:
        clock.now = moment
        stage = found[number][place][1]
        with crm.session(actor="admin") as session:
            if place == 0:
                session.create(Ticket, name=number, stage=stage)
            else:
                (ticket,) = session.find(Ticket, {"name": number})
                if ticket.stage != stage:
                    session.move(ticket, stage)
    with crm.session(actor="admin") as session:
        tickets = {each.id: each.name for each in session.find(Ticket)}
        clocks = {tickets[int(each.record)]: each for each in session.find(Clock)}
        pauses = session.count(ClockInterval, "state == 'paused'")
    ended = {number: log for number, log in found.items() if log[-1][1] == "solved"}
    assert len(ended) > HOW_MANY / 2
    assert {number: clocks[number].elapsed for number in ended} == {
        number: worked(log) for number, log in ended.items()
    }
    assert {clocks[number].state for number in ended} == {"stopped"}
    assert pauses >= HOW_MANY
