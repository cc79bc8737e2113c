"""Tickets whose clocks run out and that are escalated, twice each, and told of to their owner and the manager."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crmkit import Notice
from crmkit_workflow.clocks import alerts
from crmkit_workflow.clocks.entities import Clock, ClockAlert
from crmkit_workflow.escalations import sweep
from crmkit_workflow.escalations.entities import Escalation, EscalationLevel, EscalationRule
from tests.killing.case import Case
from tests.workflow.desk import Ticket, desk, make_rule

if TYPE_CHECKING:
    from crmkit import Session
    from tests.killing.case import People

EACH_TIME = 2


def make_small() -> None:
    """Tell of little at once."""
    alerts.BATCH = sweep.BATCH = 2


def begin(session: Session, people: People) -> None:
    """Have tickets escalate, and their clocks run out, within minutes."""
    make_rule(session, target="0:01")
    rule = session.create(EscalationRule, name="Left alone", entity="ticket")
    session.create(EscalationLevel, rule=rule, after="0:01", field="priority", value="high")
    session.create(EscalationLevel, rule=rule, after="0:02", tell_superior=True)


def add(session: Session, people: People, number: int) -> None:
    """Give Bo some tickets."""
    session.create_many(Ticket, [{"name": f"{number} {n}", "owner": people["bo"]} for n in range(EACH_TIME)])


def left(session: Session) -> int:
    """Return how many breaches and levels have not been told of yet."""
    clocks, tickets = session.count(Clock, "not breached"), session.count(Ticket)
    return clocks + 2 * tickets - session.count(Escalation)


def check(session: Session, rounds: int) -> None:
    """Every breach and every level is there once, with its notices and its event (S46, S47)."""
    count, event = rounds * EACH_TIME, session.tables.system.event
    alerted = Counter((each.clock, each.what) for each in session.find(ClockAlert))
    levels = Counter((each.record, each.level) for each in session.find(Escalation))
    kinds = Counter(each.kind for each in session.find(Notice, "kind in ('clock_breached', 'escalated')"))
    versions = Counter(each.version for each in session.find(Ticket))
    names = session.unit.connection.execute(event.select().with_only_columns(event.c.name)).scalars()
    assert (len(alerted), set(alerted.values())) == (count, {1})
    assert (len(levels), set(levels.values())) == (2 * count, {1})
    assert kinds == {"clock_breached": 2 * count, "escalated": 3 * count}
    assert (Counter(names)["clock.breached"], versions) == (count, {2: count})


CASE = Case(
    plugins=lambda: ["workflow", desk()],
    marks=frozenset({"clock_alert", "escalation", "notice"}),
    jobs=("clock_alerts", "escalate"),
    make_small=make_small,
    begin=begin,
    add=add,
    left=left,
    check=check,
)
