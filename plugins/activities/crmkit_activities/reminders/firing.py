"""Firing: whoever is to be reminded is told, once for each occasion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.core.lifecycle.timeline import title_of
from crmkit.translation import Text, _
from crmkit_activities.reminders.occasions import Clock, due_occasions
from crmkit_activities.reminders.reminder import Reminder, sees_anchor
from crmkit_activities.reminders.subjects import Subjects
from crmkit_activities.seeing import Eyes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crmkit import JobRun, Session
    from crmkit_activities.reminders.occasions import Occasion
    from crmkit_activities.seeing import Seen

BATCH = 500
KIND = "reminder"


def fire(session: Session, run: JobRun) -> None:
    """Remind of all that is due, and of what became due while nobody was there.

    It is done in one transaction with the notices, whose keys see to it that no occasion is reminded of twice. When
    there is more than one batch, the next one is a run of its own.
    """
    due = session.find(Reminder, "due_at <= now()", order="due_at, id", limit=BATCH)
    subjects, clock = Subjects.of(session, (each.about for each in due)), Clock.of(session)
    told: list[tuple[Reminder, Occasion]] = []
    changed = []
    is_left = due.next is not None
    for each in due:
        found, following = due_occasions(each, subjects, clock)
        told += ((each, occasion) for occasion in found)
        values: dict[str, object] = {"due_at": None, "occasion": None}
        if found:
            values |= {"fired_for": found[-1].key, "fired_at": clock.now}
        if following is not None:
            values |= {"due_at": following.due_at, "occasion": following.key}
            is_left |= following.due_at <= clock.now
        changed.append((each, values))
    tell(session, told)
    session.update_many(changed)
    if is_left:
        session.enqueue("fire_reminders", key=f"after {run.id}")


def tell(session: Session, told: Sequence[tuple[Reminder, Occasion]]) -> None:
    """Tell the owners of reminders what they are reminded of, as far as they may read it and see what it goes by."""
    eyes = Eyes(session)
    seen = eyes.reading(subjects_of(told))
    session.notify_many(
        {
            "to": each.owner,
            "text": words(session, each, occasion, seen),
            "about": each.about,
            "kind": KIND,
            "key": f"{each.ref} {occasion.key}",
        }
        for each, occasion in told
        if each.owner is not None
        and (each.about is None or ((int(each.owner), each.about) in seen and sees_anchor(eyes, each)))
    )


def subjects_of(told: Iterable[tuple[Reminder, Occasion]]) -> Iterator[tuple[Ref[object], Ref[object]]]:
    """Yield the owners of reminders with what they are to be reminded of, and with the occurrences that these are."""
    for each, occasion in told:
        if each.owner is not None and isinstance(each.about, Ref):
            yield each.owner, each.about
            if occasion.record is not None:
                yield each.owner, occasion.record.ref


def words(session: Session, reminder: Reminder, occasion: Occasion, seen: Seen) -> Text:
    """Return what a reminder says: its text, the name of the record, and the day or moment that it goes by.

    Of a changed occurrence that its owner may not read, it says the name of the series.
    """
    about = occasion.record
    if about is None:
        return _("Reminder: {text}", text=reminder.text or "")
    entity = session.model.entity(about)
    if about.ref != reminder.about and reminder.owner is not None and (int(reminder.owner), about.ref) not in seen:
        about = session.get(entity.record_class, int(reminder.about))  # type: ignore[arg-type]
    name = title_of(entity, about)
    text = name if reminder.text is None else f"{reminder.text} ({name})"
    if reminder.anchor is None:
        return _("Reminder: {text}", text=text)
    when = entity.fields[reminder.anchor].kind.format(occasion.when, session.model.conventions)
    return _("Reminder: {text}, {when}", text=text, when=when)
