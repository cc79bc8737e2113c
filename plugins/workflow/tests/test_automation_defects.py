"""Rules never stand in the way of what they are about, and nothing that was noted is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import SYSTEM, Customer, User
from crmkit_workflow.automation import noting
from crmkit_workflow.automation.entities import AutomationRule, AutomationRun
from tests.workflow.automating import TELL, automated_desk, log, refusing, rule_of, ticket_of, told, work
from tests.workflow.desk import Ticket

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory


@pytest.fixture
def crm(make_crm: CRMFactory, clock: FrozenClock) -> CRM:
    """A service desk."""
    return automated_desk(make_crm, clock)


def test_records_that_became_one_can_still_be_changed(crm: CRM) -> None:
    """The log of the one that is gone comes along, and its versions are no occasions of the one that stays."""
    rule_of(crm, ("notify", {"text": "x"}), entity="customer", when="changed")
    with crm.session(actor="admin") as session:
        bo = session.find(User, {"external_id": "bo"})[0]
        kept, gone = (session.create(Customer, name=name, owner=bo) for name in ("Kept", "Gone"))
        for name in ("One", "Two", "Three", "Four"):
            gone = session.update(gone, name=name)
        kept = session.merge(kept, gone)
        for name in ("Five", "Six", "Seven"):
            kept = session.update(kept, name=name)
        assert session.count(AutomationRun) == 4 + 3


def test_any_number_of_records_can_be_written_together(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are looked for piece by piece, as a filter takes no more than ten thousand values."""
    monkeypatch.setattr(noting, "AT_ONCE", 2)
    rule_of(crm, TELL, once=True, applies_if="name != '2'")
    with crm.session(actor="admin") as session:
        session.create_many(Ticket, [{"name": str(number)} for number in range(5)])
        assert session.count(AutomationRun, "state == 'waiting'") == 4


def test_what_waited_for_a_deleted_record_is_done_when_it_is_back(crm: CRM) -> None:
    """As a run that nobody carries out would wait for ever."""
    rule_of(crm, TELL)
    ticket = ticket_of(crm)
    with crm.session(actor="admin") as session:
        session.delete(session.get(Ticket, ticket.id))
    work(crm)
    with crm.session(actor="admin") as session:
        session.restore(Ticket, ticket.id)
    assert log(crm) == [("created 1", "waiting", None)]
    work(crm)
    assert log(crm) == [("created 1", "done", None)]


def test_somebody_is_told_of_each_action(crm: CRM) -> None:
    """Two actions of a rule that tell the same user are two notices."""
    rule_of(crm, ("notify", {"text": "Call"}), ("notify", {"text": "Write"}))
    ticket_of(crm)
    work(crm)
    assert told(crm) == [("bo", "Call"), ("bo", "Write")]


def test_a_rule_whose_plugin_is_gone_stops_no_other(crm: CRM, clock: FrozenClock) -> None:
    """The others are carried out in time, and it can be renamed and switched off, but not changed otherwise."""
    gone = rule_of(crm, TELL, when="schedule", repeats="hourly", name="Gone")
    rule_of(crm, TELL, when="schedule", repeats="hourly", position=200)
    ticket_of(crm)
    with crm.session(actor=SYSTEM) as session:
        table = session.tables["automation_rule"]
        session.unit.connection.execute(sa.update(table).where(table.c.id == gone.id).values(entity="gone"))
    clock.advance(hours=1)
    work(crm)
    work(crm)
    assert [state for _occasion, state, _problem in log(crm)] == ["done"]
    with crm.session(actor="admin") as session:
        gone = session.update(session.get(AutomationRule, gone.id), name="Former")
        with refusing("entity"):
            session.update(gone, applies_if="id > 1")
        assert session.update(gone, active=False).active is False


def test_an_action_that_deletes_the_record_holds_up_no_other(crm: CRM) -> None:
    """What comes after it is about nothing any more, and the log is gone with the record."""
    rule_of(crm, ("delete", {}), TELL, applies_if="name == 'One'")
    ticket_of(crm)
    rule_of(crm, TELL)
    ticket_of(crm, name="Two")
    work(crm)
    assert told(crm) == [("bo", "Two of Bo is Normal")]
    assert log(crm) == [("created 1", "done", None)]
