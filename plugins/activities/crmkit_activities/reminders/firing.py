"""Firing: whoever is to be reminded is told, once for each occasion."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.core.lifecycle.timeline import title_of
from crmkit.translation import Text, _
from crmkit_activities.filling import records_of
from crmkit_activities.reminders.following import about_of
from crmkit_activities.reminders.occasions import Clock, next_occasion
from crmkit_activities.reminders.reminder import Reminder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit import JobRun, Record, Session, User

BATCH = 500
KIND = "reminder"


def fire(session: Session, run: JobRun) -> None:
    """Remind of all that is due, and of what became due while nobody was there.

    It is done in one transaction with the notices, whose keys see to it that no occasion is reminded of twice. When
    there is more than one batch, the next one is a run of its own.
    """
    due = session.find(Reminder, "due_at <= now()", order="due_at, id", limit=BATCH)
    records = records_of(session, (each.about for each in due))
    seen = seen_by_owners(session, due)
    session.notify_many(
        {
            "to": each.owner,
            "text": words(session, each, about_of(each, records)),
            "about": each.about,
            "kind": KIND,
            "key": f"{each.ref} {each.occasion}",
        }
        for each in due
        if each.owner is not None and (each.about is None or (int(each.owner), each.about) in seen)
    )
    clock, now = Clock.of(session), session.unit.now
    changed = []
    for each in due:
        done = session.make(session.model.entity(Reminder), dict(each.items()) | {"fired_for": each.occasion})
        found = next_occasion(done, about_of(each, records), clock)
        values = {"fired_for": each.occasion, "fired_at": now, "due_at": None, "occasion": None}
        changed.append((each, values | ({"due_at": found.due_at, "occasion": found.key} if found else {})))
    session.update_many(changed)
    if due.next is not None:
        session.enqueue("fire_reminders", key=f"after {run.id}")


def seen_by_owners(session: Session, due: Sequence[Reminder]) -> set[tuple[int, Ref[object]]]:
    """Return who may read which of the records that they are to be reminded of."""
    wanted: dict[Ref[User], dict[str, list[Ref[object]]]] = {}
    for each in due:
        if each.owner is not None and isinstance(each.about, Ref):
            wanted.setdefault(each.owner, {}).setdefault(each.about.entity, []).append(each.about)
    found: set[tuple[int, Ref[object]]] = set()
    for owner, by_entity in wanted.items():
        eyes = session.seen_by(owner)
        for entity, refs in by_entity.items():
            readable = eyes.readable_ids(entity, [int(ref) for ref in refs])
            found.update((int(owner), ref) for ref in refs if int(ref) in readable)
    return found


def words(session: Session, reminder: Reminder, about: Record | None) -> Text:
    """Return what a reminder says: its text, the name of the record, and the day or moment that it goes by."""
    if about is None:
        return _("Reminder: {text}", text=reminder.text or "")
    entity = session.model.entity(about)
    name = title_of(entity, about)
    text = name if reminder.text is None else f"{reminder.text} ({name})"
    value = getattr(about, reminder.anchor, None) if reminder.anchor else None
    if value is None or reminder.anchor is None:
        return _("Reminder: {text}", text=text)
    moment = datetime.fromisoformat(str(reminder.occasion)) if isinstance(value, datetime) else value
    when = entity.fields[reminder.anchor].kind.format(moment, session.model.conventions)
    return _("Reminder: {text}, {when}", text=text, when=when)
