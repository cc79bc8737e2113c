"""Automation at the service desk of the tests: rules, tickets, the log, and who was told what."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, Action, Event, Notice, Rule, User
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.automation.entities import AutomationAction, AutomationRule, AutomationRun
from tests.workflow.desk import Ticket, berlin, desk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit import CRM, Record, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

UNHAPPY = Rule(
    name="never_dropped", entity="ticket", when="priority == 'high' and name == 'Cursed'", message="It is cursed."
)
ESCALATED = Event(name="ticket.complained", entity="ticket")


def breaks(session: Session, record: Record) -> None:
    """Write something, and break."""
    session.update(record, answered=True)
    raise LookupError


def deletes(session: Session, record: Record) -> None:
    """Delete the record."""
    session.delete(record)


DELETES = Action(name="delete", run=deletes, entities=("ticket",))
BREAKS = Action(name="break", run=breaks, parameters=(), entities=("ticket",))


SET_HIGH = ("set_field", {"field": "priority", "value": "high"})
TELL = ("notify", {"text": "{name} of {owner.name} is {priority}"})


def automated_desk(make_crm: CRMFactory, clock: FrozenClock) -> CRM:
    """A service desk on a Friday at 16:00 in Berlin: Bo, and Li above."""
    clock.now = berlin(2026, 3, 27, 16)
    crm = make_crm(["workflow", desk(), make_plugin("curse", UNHAPPY, ESCALATED, BREAKS, DELETES, after=["desk"])])
    with crm.session(actor="admin") as session:
        li = session.create(User, name="Li", external_id="li", roles=["member"])
        session.create(User, name="Bo", external_id="bo", manager=li, roles=["member"])
    crm.worker().run_once()  # schedules begin
    return crm


def rule_of(crm: CRM, *actions: tuple[str, Mapping[str, object]], **values: Any) -> AutomationRule:
    """Create a rule for tickets."""
    with crm.session(actor="admin") as session:
        rule = session.create(AutomationRule, **{"name": "Rule", "entity": "ticket", **values})
        for position, (action, given) in enumerate(actions):
            session.create(AutomationAction, rule=rule, action=action, values=dict(given), position=position)
        return rule


def ticket_of(crm: CRM, owner: str | None = "bo", **values: Any) -> Ticket:
    """Create a ticket."""
    with crm.session(actor="admin") as session:
        user = session.find(User, {"external_id": owner})[0] if owner else None
        return session.create(Ticket, **{"name": "One", "owner": user, **values})


def change(crm: CRM, ticket: Ticket, **values: Any) -> Ticket:
    """Change a ticket."""
    with crm.session(actor="admin") as session:
        return session.update(session.get(Ticket, ticket.id), **values)


def work(crm: CRM) -> None:
    """Have a worker do all that is to be done."""
    crm.worker().run_once()


def now_is(crm: CRM, ticket: Ticket) -> Ticket:
    """Return a ticket as it is now."""
    with crm.session(actor=SYSTEM) as session:
        return session.get(Ticket, ticket.id)


def log(crm: CRM) -> list[tuple[str, str, str | None]]:
    """Return the log: occasion (but for the record that it names), state and problem."""
    with crm.session(actor="admin") as session:
        return [
            (each.occasion.partition(" of ")[0], each.state, each.problem)
            for each in session.find(AutomationRun, order="id")
        ]


def told(crm: CRM) -> list[tuple[str, str]]:
    """Return who was told what."""
    with crm.session(actor=SYSTEM) as session:
        names = {each.id: each.external_id for each in session.find(User)}
        return [(str(names[int(each.recipient)]), each.text) for each in session.find(Notice, order="id")]


@contextmanager
def refusing(*paths: str) -> Iterator[None]:
    """Check that a command is refused for these fields."""
    with pytest.raises(Refused) as caught:
        yield
    assert sorted({each.path for each in caught.value.refusals}) == sorted(paths)
