"""Following: reminders move with the records that they are about, in the transaction that moves those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit_activities.activity import Activity
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.referring import chunks
from crmkit_activities.reminders.occasions import Clock, next_occasion
from crmkit_activities.reminders.reminder import Reminder, anchors_for, sees_anchor, time_fields
from crmkit_activities.reminders.subjects import Subjects
from crmkit_activities.seeing import Eyes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crmkit import Batch, Change, Occurrence, Record, Session
    from crmkit.core.lifecycle.drafts import Draft

GIVEN = ("about", "at", "anchor", "before", "off")
OTHERS = {"stage", "status", "recurrence", "extra_dates", "except_dates", "series", "occurrence", "deleted_at"}
"""What else than its times says whether, and when, a record is still ahead."""
ABOUT = "about.entity == given.entity and about.id in given.numbers"


def reckon(session: Session, drafts: Batch[Draft]) -> None:
    """Set when new reminders, and those that are changed, remind next."""
    listed = [draft for draft in drafts.of(Reminder) if draft.record is None or draft.sets(*GIVEN)]
    if not listed:
        return
    subjects = Subjects.of(session, (draft.get("about") for draft in listed))
    clock = Clock.of(session)
    for draft in listed:
        if draft.refusals:
            continue
        values = {name: draft.get(name) for name in (*GIVEN, "fired_for")}
        reminder = session.make(session.model.entity(Reminder), values)
        found = next_occasion(reminder, subjects, clock)
        draft.set("due_at", found and found.due_at)
        draft.set("occasion", found and found.key)


def follow(session: Session, changes: Batch[Change]) -> None:
    """Move the reminders about records whose times or stages were changed, or that were deleted or brought back.

    Reminders about a series follow each of its occurrences that becomes, or was, an event of its own, and those that
    are switched off for one of them.
    """
    entity = changes.entity.name
    mattering = time_fields(session.model, entity) | OTHERS
    moved = [each for each in changes if each.changed & mattering]
    numbers = {each.after.id for each in moved if each.before is not None}
    if any(True for _each in changes.of(CalendarEvent)):
        numbers |= series_of(record for each in moved for record in (each.before, each.after))
    if numbers:
        follow_records(session, entity, numbers)
    follow_switched(session, changes)


def follow_switched(session: Session, changes: Batch[Change]) -> None:
    """Have the reminders about series follow where they are switched off for an occurrence, or no longer are."""
    reminders = [each for change in changes.of(Reminder) for each in (change.before, change.after) if each is not None]
    numbers = {int(each.about) for each in reminders if each.off and isinstance(each.about, Ref)}
    if numbers:
        occurrences = session.by_id(session.model.entity(CalendarEvent), sorted(numbers))
        follow_records(session, "calendar_event", series_of(occurrences.values()))


def follow_restored(session: Session, occurrence: Occurrence) -> None:
    """Have the reminders about a record that was brought back remind again."""
    entity, number = occurrence.record.entity, int(occurrence.record)
    numbers = {number}
    if entity == "calendar_event":
        numbers |= series_of(session.by_id(session.model.entity(CalendarEvent), [number]).values())
    follow_records(session, entity, numbers)


def series_of(records: Iterable[Record | None]) -> set[int]:
    """Return the ids of the series of which some events are occurrences."""
    return {int(each.series) for each in records if each is not None and isinstance(each.series, Ref)}


def follow_records(session: Session, entity: str, numbers: Iterable[int]) -> None:
    """Set anew when the reminders about some records remind next."""
    reminders = list(about_records(session, entity, sorted(numbers)))
    subjects = Subjects.of(session, (each.about for each in reminders))
    clock = Clock.of(session)
    eyes, changed = Eyes(session), []
    for each in reminders:
        found = next_occasion(each, subjects, clock) if sees_anchor(eyes, each) else None
        changed.append((each, {"due_at": found and found.due_at, "occasion": found and found.key}))
    session.update_many(changed)


def hand_on(session: Session, changes: Batch[Change]) -> None:
    """Remind of a task that follows another one as it was reminded of that one."""
    next_of = {
        int(change.after.repeat_of): change.after
        for change in changes.of(Activity)
        if isinstance(change.after.repeat_of, Ref)
    }
    if not next_of:
        return
    eyes, kept = Eyes(session), about_records(session, "activity", sorted(next_of))
    session.create_many(
        Reminder,
        [
            {name: getattr(each, name) for name in ("owner", "text", "anchor", "before", "private")}
            | {"about": next_of[int(each.about)]}
            for each in kept
            if isinstance(each.about, Ref) and each.anchor in anchors_for(session, eyes, "activity", each.owner)
        ],
    )


def about_records(session: Session, entity: str, numbers: Sequence[int]) -> Iterator[Reminder]:
    """Yield the reminders about some records of an entity."""
    for some in chunks(numbers):
        yield from session.find(Reminder, ABOUT, given={"entity": entity, "numbers": list(some)})
