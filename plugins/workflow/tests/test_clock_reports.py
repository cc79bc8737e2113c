"""Reports about clocks, and what they put on worklists."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit import BusinessCalendar, Team, User, WorklistKind
from crmkit_workflow.clocks.entities import Clock
from tests.workflow.desk import Ticket, answering, berlin, desk, make_rule, office

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

HOUR = timedelta(hours=1)


@pytest.fixture
def crm(make_crm: CRMFactory, clock: FrozenClock) -> CRM:
    """Four tickets of a Monday 9:00: one solved in time, an urgent one too late, an open one, and Li's; it is 12:00."""
    clock.now = berlin(2026, 3, 2, 9)
    crm = make_crm(["workflow", desk()])
    with crm.session(actor="admin") as session:
        people = {}
        for name in ("Bo", "Li"):
            team = session.create(Team, name=f"Team {name}")
            people[name] = session.create(User, name=name, external_id=name.lower(), team=team, roles=["member"])
        make_rule(session, {"priority == 'high'": "2:00"}, calendar=office(session))
        tickets = [
            session.create(Ticket, name=name, owner=people[owner], priority=priority)
            for name, owner, priority in (
                ("quick", "Bo", "normal"),
                ("slow", "Bo", "high"),
                ("open", "Bo", "normal"),
                ("lis", "Li", "normal"),
            )
        ]
    for ticket, hours in ((tickets[0], 1), (tickets[1], 2)):
        clock.advance(hours=hours)
        crm.worker().run_once()
        with crm.session(actor="admin") as session:
            session.move(ticket, "solved")
    return crm


def test_compliance_is_counted_by_rule_team_and_month(crm: CRM) -> None:
    """Met, breached and open in time add up to all; the share kept is of those that are decided."""
    with crm.session(actor="admin") as session:
        by_rule = session.report("clock_compliance")
        by_team = session.report("clock_compliance", by="team")
        by_month = session.report("clock_compliance", by="month", since="2026-03-02", until="2026-03-02")
        none = session.report("clock_compliance", since="2026-03-03")
        of_li = session.report("clock_compliance", by="owner", owner="li", measure="resolution")
    row = ("Resolution", 4, 1, 1, 2, Decimal(50), 2 * HOUR)
    assert by_rule.rows == (row,)
    assert by_rule.total == ("Total", *row[1:])
    assert by_team.rows == (("Team Bo", 3, 1, 1, 1, Decimal(50), 2 * HOUR), ("Team Li", 1, 0, 0, 1, None, None))
    assert [each[:5] for each in by_month.rows] == [("2026-03", 4, 1, 1, 2)]
    assert none.rows == ()
    assert of_li.rows == (("Li", 1, 0, 0, 1, None, None),)
    assert "compliance" in by_rule.chart.columns  # type: ignore[union-attr]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_is_due_next_comes_first(crm: CRM) -> None:
    """Running clocks come by when they are due, if wished within a time; each viewer sees those of records it reads."""
    with crm.session(actor="admin") as session:
        answering(session, target="2:00", calendar=session.find(BusinessCalendar)[0])
        session.create(Ticket, name="New")
        found = session.report("clocks_due")
        soon = session.report("clocks_due", within="2:00", owner="bo")
        one = session.report("clocks_due", limit=1)
    assert [row[4] for row in found.rows] == [
        berlin(2026, 3, 2, 13),
        berlin(2026, 3, 2, 13),
        berlin(2026, 3, 2, 14, 0),
        berlin(2026, 3, 2, 16),
    ]
    assert {(row[1], row[3]) for row in found.rows[:2]} == {("Resolution", "Bo"), ("Resolution", "Li")}
    assert [row[4:6] for row in soon.rows] == [(berlin(2026, 3, 2, 13), HOUR)]
    assert one.notes == ("There are 3 more. Raise the limit to see them.",)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_is_due_soon_is_on_the_owners_worklist(crm: CRM, clock: FrozenClock) -> None:
    """A warned or breached clock of an own record waits for its owner, and for nobody else."""
    (kind,) = [each for each, _plugin in crm.model.of(WorklistKind) if each.name == "clocks_due"]

    def waiting(who: str) -> int:
        with crm.session(actor=who) as session:
            return session.count(Clock, kind.filter_for(session))

    assert (waiting("bo"), waiting("li")) == (0, 0)
    clock.now = berlin(2026, 3, 2, 12, 20)
    assert (waiting("bo"), waiting("li")) == (1, 1)
    with crm.session(actor="admin") as session:
        session.move(session.find(Ticket, {"name": "open"})[0], "solved")
    assert (waiting("bo"), waiting("li")) == (0, 1)
