"""Hidden fields, and records that nobody may read or export, can't be learnt of by what plugins tell or write."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import Contact, Grant, Role, User
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin
from crmkit_activities.activity import Activity
from crmkit_activities.events.attendance import invite
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.ics.exporting import export_calendar
from crmkit_activities.reminders.reminder import Reminder

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

DAY = timedelta(days=1)
OWN = ("reminder", "activity", "calendar_event")


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM in which Sam sees no birthdays, Eve no contacts of others, and Sam exports none."""
    own = [Grant(entity=name, read="own", create="own", update="own") for name in OWN]
    own.append(Grant(entity="user", read="all"))
    hiding = Role(name="hiding", grants=(Grant(entity="contact", read="all", export="none", hides=("birthday",)), *own))
    seeing = Role(name="seeing", grants=(Grant(entity="contact", read="all"), *own))
    blind = Role(name="blind", grants=tuple(own))
    return make_crm(["activities", make_plugin("roles", hiding, seeing, blind, requires=["activities"])])


@pytest.fixture
def users(crm: CRM) -> dict[str, User]:
    """A user of each role, called by it."""
    with crm.session(actor="admin") as session:
        rows = [{"name": name, "external_id": name, "roles": [name]} for name in ("hiding", "seeing", "blind")]
        return {each.name: each for each in session.create_many(User, rows)}


def told(crm: CRM, who: str) -> list[str]:
    """Return what somebody was told."""
    with crm.session(actor=who, readonly=True) as session:
        return [each.text for each in session.notices()]


@pytest.mark.row("C9")
def test_nobody_is_reminded_by_what_is_hidden(crm: CRM, users: dict[str, User], clock: FrozenClock) -> None:
    """A hidden field is not there, whoever makes the reminder for whom; hidden later, it reminds of nothing more."""
    with crm.session(actor="admin") as session:
        lea = session.create(Contact, name="Lea", birthday="2026-03-04")
        with pytest.raises(Refused, match="has no day or moment 'birthday'"):
            session.create(Reminder, owner=users["hiding"], about=lea, anchor="birthday")
    with crm.session(actor="hiding") as session, pytest.raises(Refused, match="has no day or moment 'birthday'"):
        session.create(Reminder, about=lea, anchor="birthday")
    with crm.session(actor="seeing") as session:
        reminder = session.create(Reminder, about=lea, anchor="birthday")
        assert reminder.due_at == datetime(2026, 3, 4, 8, tzinfo=UTC)
    with crm.session(actor="admin") as session:
        session.update(session.get(User, users["seeing"].id), roles=["hiding"])
        session.update(session.get(Contact, lea.id), birthday="2026-03-05")
    with crm.session(actor="seeing") as session:
        assert session.get(Reminder, reminder.id).due_at is None
    crm.worker().run_once()
    clock.advance(days=5)
    crm.worker().run_once()
    assert told(crm, "seeing") == []


@pytest.mark.row("C9")
def test_what_was_hidden_meanwhile_is_not_told(crm: CRM, users: dict[str, User], clock: FrozenClock) -> None:
    """A reminder that waits already tells nothing to who may not see any more what it goes by."""
    with crm.session(actor="admin") as session:
        lea = session.create(Contact, name="Lea", birthday="2026-03-04")
    with crm.session(actor="seeing") as session:
        session.create(Reminder, about=lea, anchor="birthday")
        session.create(Reminder, about=lea, at=clock.now + DAY)
    with crm.session(actor="admin") as session:
        session.update(session.get(User, users["seeing"].id), roles=["hiding"])
    crm.worker().run_once()
    clock.advance(days=3)
    crm.worker().run_once()
    assert told(crm, "seeing") == ["Reminder: Lea"]


def test_what_is_hidden_goes_on_no_next_task(crm: CRM, users: dict[str, User]) -> None:
    """A task that recurs is done, and the next one made, also if a reminder can't be handed on."""
    with crm.session(actor="admin") as session:
        values = {"kind": "task", "subject": "Report", "due": date(2026, 3, 3), "recurrence": "FREQ=DAILY"}
        task = session.create(Activity, owner=users["seeing"], **values)  # type: ignore[arg-type]
        session.create(Reminder, owner=users["seeing"], about=task, anchor="due")
        table = session.tables["reminder"]
        session.unit.connection.execute(table.update().values(anchor="birthday"))
        session.move(task, "done")
        assert session.elevated.count(Reminder) == 1
        assert session.count(Activity) == 2


@pytest.mark.row("B20")
def test_care_dates_are_told_to_who_sees_them(crm: CRM, users: dict[str, User], clock: FrozenClock) -> None:
    """Of a birthday is told an owner who reads the contact, and sees birthdays."""
    with crm.session(actor="admin") as session:
        for user in users.values():
            session.create(Contact, name=f"Of {user.name}", birthday="1980-03-04", owner=user)
    with crm.session(actor="admin") as session:
        gone = session.create(User, name="gone", external_id="gone", roles=["seeing"])
        session.create(Contact, name="Of gone", birthday="1980-03-04", owner=gone)
        session.delete(gone)
    for _each in range(4):
        crm.worker().run_once()
        clock.advance(days=1)
    assert told(crm, "seeing") == ["Birthdays: Of seeing, 2026-03-04 (46)"]
    assert told(crm, "hiding") == told(crm, "blind") == []


@pytest.mark.row("C1")
def test_guests_who_may_not_be_exported_have_no_address(crm: CRM, users: dict[str, User], clock: FrozenClock) -> None:
    """A calendar names those guests only whom the actor may export."""
    assert users
    with crm.session(actor="admin") as session:
        lea = session.create(Contact, name="Lea", email="lea@example.org")
    found = {}
    for actor in ("hiding", "seeing"):
        with crm.session(actor=actor) as session:
            event = session.create(CalendarEvent, subject="Sales", starts_at=clock.now + DAY)
            invite(session, event, [lea.ref])
            found[actor] = export_calendar(session).decode().replace("\r\n ", "")
    assert "lea@example.org" in found["seeing"]
    assert "Lea" in found["seeing"]
    assert "lea@example.org" not in found["hiding"]
    assert "Lea" not in found["hiding"]
    assert f"contact-{lea.id}@users.crmkit.invalid" in found["hiding"]
