from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Opportunity
from crmkit.errors import NotFoundError
from crmkit_activities.memos import Memo
from crmkit_activities.reminders.reminder import Reminder

if TYPE_CHECKING:
    from crmkit import CRM, Session, User
    from crmkit.testing.clock import FrozenClock

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.row("C4")


def test_a_memo_is_private_unless_said_otherwise(crm: CRM, people: dict[str, User]) -> None:
    """A memo is its owner's alone, whatever roles others have, until it is shared or said not to be private."""
    with crm.session(actor="ann") as session:
        secret = session.create(Memo, subject="He likes chess", remind_at="2026-03-05T09:00")
        opened = session.create(Memo, subject="Office closed in May", private=False)
        shared = session.create(Memo, subject="Ask Bob")
        session.share(shared, people["bob"])
        assert session.count(Memo) == 3
    for name, seen in (("admin", {opened.id}), ("mia", {opened.id}), ("bob", {opened.id, shared.id})):
        with crm.session(actor=name) as session:
            assert {each.id for each in session.find(Memo)} == seen
            assert not session.find(Memo, search="chess")
            with pytest.raises(NotFoundError):
                session.get(Memo, secret.id)


def test_reminders_are_as_private(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """What somebody is reminded of is nobody else's, whatever it says itself, until it is said to be open."""
    assert people
    with crm.session(actor="ann") as session:
        memo = session.create(Memo, subject="Hush", remind_at=clock.now + HOUR)
        session.create(Reminder, about=memo, at=clock.now + HOUR, text="buy the ring")
        opened = session.create(Reminder, at=clock.now + HOUR, text="coffee", private=False)
        assert session.count(Reminder) == 3
    for name in ("admin", "mia", "bob"):
        with crm.session(actor=name) as session:
            assert [each.id for each in session.find(Reminder)] == [opened.id]


def test_a_memo_may_be_about_any_record(crm: CRM, people: dict[str, User]) -> None:
    """A memo is linked to any record, and shown in its profile to whoever sees the memo."""
    assert people
    with crm.session(actor="ann") as session:
        acme = session.create(Customer, name="Acme")
        deal = session.create(Opportunity, name="200 seats", customer=acme)
        for about in (acme, deal):
            session.create(Memo, subject="Call first", about=about)
            assert [row["subject"] for row in session.profile(about)["memos"].rows] == ["Call first"]
    with crm.session(actor="bob") as session:
        assert session.profile(acme)["memos"].rows == ()


def test_its_owner_is_reminded_of_a_memo(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """At its moment, the owner is told of a memo, and nobody else is; a moment that is moved is waited for."""
    assert people
    with crm.session(actor="ann") as session:
        memo = session.create(Memo, subject="Ask for the order", remind_at=clock.now + HOUR)
        memo = session.update(memo, remind_at=clock.now + 3 * HOUR)
        assert session.count(Reminder) == 1
    for hours, told in ((2, 0), (2, 1), (2, 1)):
        clock.advance(hours=hours)
        crm.worker().run_once()
        with crm.session(actor="ann") as session:
            assert [each.about for each in session.notices()] == [memo.ref] * told
    with crm.session(actor="bob") as session:
        assert session.notices() == ()


def test_an_erased_person_is_in_no_memo(session: Session) -> None:
    """What memos say about a person goes with it, also where the memo is somebody else's."""
    lea = session.create(Customer, name="Lea", type="person")
    memo = session.create(Memo, subject="Lea likes chess", text="A lot.", about=lea)
    session.erase(lea, reason="asked for it")
    found = session.get(Memo, memo.id)
    assert ("Lea" in found.subject, found.text) == (False, None)
