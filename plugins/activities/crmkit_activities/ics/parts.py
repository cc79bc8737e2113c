"""Parts: what belongs to events that were imported, and comes with them: reminders of their alarms, and files."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmkit import File, Ref
from crmkit.core.exchange.saving import reasons
from crmkit.core.exchange.writing import write_all
from crmkit.translation import _
from crmkit.translation.text import joined
from crmkit_activities.attachments import Attachment
from crmkit_activities.events.members import number_of
from crmkit_activities.ics.alarms import is_ahead
from crmkit_activities.ics.values import NO_ALARM, Alarm, Problem
from crmkit_activities.referring import chunks
from crmkit_activities.reminders.reminder import Reminder
from crmkit_activities.reminders.series import ANCHORS
from crmkit_activities.seeing import seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import Record, Session
    from crmkit.core.declare.access import Action
    from crmkit_activities.ics.values import IcsEvent

    Rows = list[tuple[IcsEvent, dict[str, object]]]
    Written = Sequence[tuple[IcsEvent, Record]]

REMINDERS = "owner == given.owner and about.entity == 'calendar_event' and about.id in given.some"
FILES = "record.entity == 'calendar_event' and record.id in given.some"


def remind_all(session: Session, written: Written, owner: Ref[object] | None, problems: list[Problem]) -> None:
    """Have the owner of a calendar reminded as the alarms of its events say, and not otherwise.

    An event that has no alarm in the file, nor has its series, keeps the reminders that it has here.
    """
    speaking = {event.uid for event, _record in written if event.alarms and event.occurrence is None}
    alarmed = [(event, record) for event, record in written if event.alarms or event.uid in speaking]
    needing = [(event, record) for event, record in alarmed if event.alarms]
    if owner is None or not needing or not may_create(session, Reminder, "VALARM", needing, problems):
        return
    # They are the owner's alone, and whoever may write into the calendar brings them up to what the file says.
    there = reminders_of(session.elevated, (record.id for _event, record in alarmed), owner)
    rows: Rows = []
    gone: list[Record] = []
    for event, record in alarmed:
        known = there.get(record.id, {})
        for alarm in event.alarms:
            if known.pop(alarm, None) is None:
                values = {"at": alarm.at, "anchor": alarm.anchor, "before": alarm.before, "text": alarm.text}
                rows.append((event, {"owner": owner, "about": record, "off": alarm == NO_ALARM, **values}))
        gone += [each for alarm, each in known.items() if is_ahead(alarm, session.unit.now)]
    session.elevated.delete_many(gone)
    create_parts(session, Reminder, "VALARM", rows, problems)


def reminders_of(
    session: Session, events: Iterable[int], owner: Ref[object], action: Action = "read"
) -> dict[int, dict[Alarm, Record]]:
    """Return the reminders that somebody has about events, by the events' ids and as what an alarm would say.

    They are those with which the actor may do this.
    """
    reader, entity = session.reader_for(action), session.model.entity(Reminder)
    found: dict[int, dict[Alarm, Record]] = {}
    for some in chunks(sorted(events)):
        for each in reader.find(entity, REMINDERS, given={"some": some, "owner": owner}):
            assert isinstance(each.about, Ref)
            alarm = alarm_of(each)
            if alarm is not None:
                found.setdefault(int(each.about), {})[alarm] = each
    return found


def alarm_of(reminder: Record) -> Alarm | None:
    """Return what an alarm would say; None of a reminder that goes by something else than when its event is."""
    if reminder.off:
        return NO_ALARM
    text = seen(reminder, "text")
    if isinstance(reminder.at, datetime):
        return Alarm(at=reminder.at.replace(microsecond=0), text=text)
    if reminder.anchor not in ANCHORS:
        return None
    before = reminder.before if isinstance(reminder.before, timedelta) else timedelta(0)
    return Alarm(anchor=str(reminder.anchor), before=before, text=text)


def attach_all(session: Session, written: Written, problems: list[Problem]) -> None:
    """Attach the files of events that are not attached to them yet. None is taken away."""
    attached = [(event, record) for event, record in written if event.files]
    if not attached or not may_create(session, Attachment, "VEVENT", attached, problems):
        return
    present = attachments_of(session, (record.id for _event, record in attached))
    there = {(number, each.file.sha256) for number, each in present if isinstance(each.file, File)}
    rows: Rows = []
    for event, record in attached:
        for each in event.files:
            file = File(each.name, content=each.content)
            if (record.id, file.sha256) not in there:
                rows.append((event, {"record": record, "file": file}))
    create_parts(session, Attachment, "VEVENT", rows, problems)


def attachments_of(session: Session, events: Iterable[int], action: Action = "read") -> list[tuple[int, Record]]:
    """Return what is attached to events, beside the events' ids, as far as the actor may do this with it."""
    reader, entity = session.reader_for(action), session.model.entity(Attachment)
    return [
        (number_of(each.record), each)
        for some in chunks(sorted(events))
        for each in reader.find(entity, FILES, given={"some": some}, order="id")
    ]


def may_create(
    session: Session, entity: type[Record], component: str, written: Written, problems: list[Problem]
) -> bool:
    """Return whether the actor may create parts; if not, note it for each event."""
    model = session.model.entity(entity)
    if session.principal.may(model, "create"):
        return True
    text = _("You may not create {entity}.", entity=model.name)
    problems += (Problem(component=component, uid=event.uid, text=text) for event, _record in written)
    return False


def create_parts(
    session: Session,
    entity: type[Record],
    component: str,
    rows: Rows,
    problems: list[Problem],
) -> None:
    """Create parts; those that are refused are problems, and left out."""

    def create(some: Sequence[tuple[IcsEvent, dict[str, object]]]) -> Sequence[Record]:
        return session.create_many(entity, [values for _event, values in some])

    for (event, _values), made in write_all(session, session.model.entity(entity).name, rows, create):
        if isinstance(made, Exception):
            problems.append(Problem(component=component, uid=event.uid, text=why(made)))


def why(error: Exception) -> str:
    """Return why something could not be written."""
    return joined(text for _path, text in reasons(error))
