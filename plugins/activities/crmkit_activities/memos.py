"""Memos: notes to oneself, private unless said otherwise, with a reminder and a link to any record."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from typing import TYPE_CHECKING

from crmkit import ProfileSection, Record, Ref, User, record
from crmkit.core.declare import fields as f
from crmkit.translation import _
from crmkit_activities.referring import chunks
from crmkit_activities.reminders.reminder import Reminder

if TYPE_CHECKING:
    from crmkit import Batch, Change, Session

REMIND_AT = "remind_at"
MADE = f"about.entity == 'memo' and about.id in given.numbers and anchor == '{REMIND_AT}'"


@record(owner="owner", title="subject", private_by="private")
class Memo(Record):
    """A note to oneself. It is open to its owner, and to those with whom it is shared, as long as it is private."""

    subject: str = f.text(search=True, privacy="personal")
    text: str | None = f.long_text(search=True, privacy="personal")
    private: bool = f.boolean(default=True, help="Whether it is open to nobody else, whatever roles say.")
    about: Ref[object] | None = f.any_ref(person="about", help="The record that it is about, of any entity.")
    remind_at: Moment | None = f.datetime(index=True, help="When its owner is to be reminded of it.")
    owner: Ref[User] | None = f.ref()
    tags: tuple[str, ...] | None = f.tags(search=True, privacy="personal")


DECLARATIONS = (
    Memo,
    *(
        ProfileSection(
            name="memos",
            label=_("Memos"),
            of=entity,
            entity="memo",
            through="about",
            fields=("subject", "remind_at", "owner.name"),
            order="-id",
            position=70,
        )
        for entity in ("customer", "contact", "opportunity", "order")
    ),
)


def remind(session: Session, changes: Batch[Change]) -> None:
    """Have the owners of memos reminded of them, by one reminder each, which moves along with the memo's moment."""
    memos = [each.after for each in changes.of(Memo) if each.changed & {REMIND_AT, "owner"}]
    wanted = {(each.owner, each.id) for each in memos if each.remind_at is not None and each.owner is not None}
    there: set[tuple[object, object]] = set()
    for numbers in chunks(sorted({each.id for each in memos})):
        rows = session.rows(Reminder, ["owner", "about.id"], MADE, given={"numbers": numbers})
        there.update((owner, number) for owner, number in rows)
    missing = [
        {"owner": each.owner, "about": each.ref, "anchor": REMIND_AT}
        for each in memos
        if (each.owner, each.id) in wanted - there
    ]
    if missing:
        session.create_many(Reminder, missing)
