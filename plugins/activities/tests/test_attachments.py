from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from crmkit import Customer, File
from crmkit.errors import AccessDeniedError, NotFoundError, Refused
from crmkit_activities.activity import Activity
from crmkit_activities.attachments import Attachment
from crmkit_activities.memos import Memo

if TYPE_CHECKING:
    from crmkit import CRM, Session, User

pytestmark = pytest.mark.row("B11")

CALL = {"subject": "Talk", "kind": "call", "stage": "done", "direction": "inbound", "outcome": "reached"}
OFFER = File("Offer.pdf", content=b"%PDF-1.7 offer")
STORED = evolve(OFFER, type="application/pdf", content=None)


def test_files_belong_to_any_record(session: Session) -> None:
    """Calls, memos and customers have files, as many as one likes, found by their names."""
    acme = session.create(Customer, name="Acme")
    call, memo = session.create(Activity, **CALL), session.create(Memo, subject="a")
    for record in (acme, call, memo):
        session.create_many(
            Attachment, [{"record": record, "file": OFFER}, {"record": record, "file": File("a.txt", content=b"a")}]
        )
        assert [each.file.name for each in session.related(record, Attachment)] == ["Offer.pdf", "a.txt"]
    (found, *others) = session.find(Attachment, search="offer")
    assert (session.content(found, "file"), len(others)) == (b"%PDF-1.7 offer", 2)


def test_only_listed_types_of_some_size_are_attached(session: Session) -> None:
    """A program, a mislabelled file, one that is too large, and none at all are refused."""
    call = session.create(Activity, **CALL)
    for wrong in (
        File("a.exe", content=b"MZ"),
        File("a.pdf", content=b"MZ"),
        File("a.txt", content=b"a" * (25 * 2**20 + 1)),
        None,
    ):
        with pytest.raises(Refused) as caught:
            session.create(Attachment, record=call, file=wrong)
        assert [each.path for each in caught.value.refusals] == ["file"]
    assert session.count(Attachment) == 0


def test_an_attachment_is_seen_with_its_record(crm: CRM, people: dict[str, User]) -> None:
    """Whoever doesn't see a memo doesn't get at its files, and who may not change a call attaches nothing to it."""
    assert people
    with crm.session(actor="ann") as session:
        hidden = session.create(Attachment, record=session.create(Memo, subject="a"), file=OFFER)
        call = session.create(Activity, **CALL)
    with crm.session(actor="bob") as session:
        with pytest.raises(NotFoundError):
            session.content(hidden, "file")
        with pytest.raises(AccessDeniedError):
            session.create(Attachment, record=call, file=OFFER)


def test_an_interaction_has_all_that_belongs_to_it(session: Session) -> None:
    """A call has time, kind, summary, participants and files, and the task that follows from it."""
    acme = session.create(Customer, name="Acme")
    call = session.create(Activity, **CALL, customer=acme, started_at="2026-03-01T09:00", description="Wants an offer.")
    task = session.create(Activity, subject="Write the offer", kind="task", follow_up_of=call, about=acme)
    session.create(Attachment, record=call, file=OFFER)
    assert session.related(call, Activity, by="follow_up_of") == (task,)
    assert [each.file for each in session.related(call, Attachment)] == [STORED]
