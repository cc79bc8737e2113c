"""Sending: a notice becomes a message, and goes to its recipient by a channel."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from crmkit.core.declare.channels import CONTROL, Channel, Message
from crmkit.core.nouns.notices import Notice
from crmkit.core.nouns.people import User
from crmkit.core.reading.reports.running import function_of

if TYPE_CHECKING:
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.outbox.occurrence import JobRun

LONGEST_SUBJECT = 120


def send(session: Session, run: JobRun, *, notice: int, channel: str) -> None:
    """Send a notice by a channel: at least once, always with the same id.

    Nothing is sent if the notice, its recipient, the address or the channel is gone by now.
    """
    del run
    chosen = next((each for each, _plugin in session.model.of(Channel) if each.name == channel), None)
    found = session.find(Notice, {"id": notice})
    if chosen is None or not found:
        return
    addresses = session.rows(User, [chosen.address], {"id": int(found[0].recipient), "active": True})
    if addresses and addresses[0][0] is not None:
        function_of(chosen.send)(session, message_of(found[0], channel, str(addresses[0][0])))


def message_of(notice: Notice, channel: str, address: str) -> Message:
    """Return the message by which somebody is told of a notice; its first line is the subject."""
    lines = [" ".join(CONTROL.sub(" ", line).split()) for line in notice.text.splitlines()]
    subject = next((line for line in lines if line), notice.kind)
    if len(subject) > LONGEST_SUBJECT:
        subject = f"{subject[: LONGEST_SUBJECT - 1]}…"
    return Message(to=address, subject=subject, text=notice.text, id=message_id(notice, channel))


def message_id(notice: Notice, channel: str) -> str:
    """Return what tells this message from all others, also from those of other CRMs."""
    parts = (str(notice.ref), notice.created_at.isoformat(), notice.key, channel)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
