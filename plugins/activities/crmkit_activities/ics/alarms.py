"""The VALARMs of an event as values: what is no reminder of ours is a problem that names the component."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from crmkit.core.calendars.wall_clock import moment_of
from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.kinds import TextKind
from crmkit.core.declare.kinds.times import zone
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_activities.ics.component import check_readable, single
from crmkit_activities.ics.values import NO_ALARM, Alarm, Problem, recurrence, unreadable
from crmkit_activities.reminders.reminder import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit_activities.ics.values import IcsEvent

CONVENTIONS = Conventions()
HELD = frozenset({"ACTION", "TRIGGER", "REPEAT", "DURATION", "DESCRIPTION", "ACKNOWLEDGED"})
"""The properties that say when and how an alarm reminds: if one of these can't be read, it is left out."""
ACTIONS = frozenset({"DISPLAY", "AUDIO", "EMAIL"})
MOST_ALARMS = 20
ANCHORS = {"START": "starts_at", "END": "ends_at"}


def read_alarms(component: Any, event: IcsEvent, now: datetime | None, problems: list[Problem]) -> tuple[Alarm, ...]:
    """Return what a VEVENT reminds of; note what can't be held, and what lies behind `now` or was acknowledged."""
    found: set[Alarm] = set()
    for each in component.subcomponents:
        if each.name != "VALARM":
            continue
        try:
            check_readable(each, HELD)
            listed = [alarm for alarm in repeated(each, event) if is_ahead(alarm, now)]
            check_open(each, event, listed)
        except InvalidValue as error:
            problems.append(Problem(component="VALARM", uid=event.uid, text=str(error)))
        except Exception as error:  # noqa: BLE001  (values that the parser let through, and that are none)
            problems.append(Problem(component="VALARM", uid=event.uid, text=unreadable(error)))
        else:
            found.update(listed)
    if len(found) > MOST_ALARMS:
        text = _("An event has at most {most} alarms.", most=MOST_ALARMS)
        problems.append(Problem(component="VALARM", uid=event.uid, text=text))
    return tuple(sorted(found, key=repr)[:MOST_ALARMS])


def alarms_beside(alarms: tuple[Alarm, ...], of_series: tuple[Alarm, ...]) -> tuple[Alarm, ...]:
    """Return what the alarms of an occurrence say beside those of its series, which come each time or at a moment."""
    if all(each in alarms for each in of_series if each.at is None):
        return tuple(each for each in alarms if each not in of_series)
    return (NO_ALARM, *(each for each in alarms if each.at is None or each not in of_series))


def repeated(component: Any, event: IcsEvent) -> Iterator[Alarm]:
    """Yield an alarm, and those by which it is repeated before what it reminds of.

    Raises:
        InvalidValue: saying why it is no reminder.
    """
    action = str(single(component, "ACTION") or "DISPLAY").upper()
    if action not in ACTIONS:
        raise InvalidValue(_("{action} is nothing that reminds.", action=action))
    trigger, text = component.get("TRIGGER"), text_of(component, event)
    if trigger is None or isinstance(trigger, list):
        raise InvalidValue(_("It has not one TRIGGER."))
    times, duration = min(int(single(component, "REPEAT") or 0), MOST_ALARMS), single(component, "DURATION")
    apart = duration.dt if times > 0 and duration is not None else timedelta(0)
    for number in range(times + 1 if apart > timedelta(0) else 1):
        later = number * apart
        if isinstance(trigger.dt, timedelta):
            related = str(trigger.params.get("RELATED", "START")).upper()
            if number == 0 or later <= -trigger.dt:
                yield Alarm(anchor=ANCHORS.get(related, "starts_at"), before=lead(trigger.dt + later), text=text)
        else:
            yield Alarm(at=moment(trigger.dt, event) + later, text=text)


def lead(trigger: timedelta) -> timedelta:
    """Return how long before an event an alarm comes.

    Raises:
        InvalidValue: if it comes after it, or years before it.
    """
    if not timedelta(0) <= -trigger <= LONGEST:
        raise InvalidValue(_("It is from nothing to ten years before."))
    return timedelta(seconds=int(-trigger.total_seconds()))


def moment(value: object, event: IcsEvent) -> datetime:
    """Return the moment of an absolute alarm; a time without a zone is one on the clock of the event.

    Raises:
        InvalidValue: if it is none.
    """
    if not isinstance(value, date):
        raise InvalidValue(_("Its TRIGGER is no time."))
    found = value if isinstance(value, datetime) else datetime.combine(value, datetime.min.time())
    if found.tzinfo is None:
        return moment_of(found.replace(microsecond=0), zone(event.zone))
    return found.astimezone(UTC).replace(microsecond=0)


def is_ahead(alarm: Alarm, now: datetime | None) -> bool:
    """Return whether an alarm still lies ahead, or goes by its event; without `now`, all do."""
    return alarm.at is None or now is None or alarm.at > now


def check_open(component: Any, event: IcsEvent, listed: list[Alarm]) -> None:
    """Refuse an alarm that was over before, or that was acknowledged; one that recurs may always come again.

    Raises:
        InvalidValue: if it is so.
    """
    if not listed:
        raise InvalidValue(_("This moment has passed."))
    known, series = single(component, "ACKNOWLEDGED"), recurrence(event)
    if known is None or series.recurs or not isinstance(known.dt, datetime) or known.dt.tzinfo is None:
        return
    span = series.span(event.start)
    for each in listed:
        due = each.at or (span.start if each.anchor == "starts_at" else span.end) - (each.before or timedelta(0))
        if due > known.dt.astimezone(UTC):
            return
    raise InvalidValue(_("It was acknowledged."))


def text_of(component: Any, event: IcsEvent) -> str | None:
    """Return what an alarm says on one line, None if that is what the event is called.

    Raises:
        InvalidValue: if it is too long.
    """
    found = " ".join(str(single(component, "DESCRIPTION") or "").split())
    return None if found == event.summary else TextKind(max=255).parse(found, CONVENTIONS)
