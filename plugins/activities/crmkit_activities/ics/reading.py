"""Reading iCalendar files: what is in them, and why the rest of it is not imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_activities.ics.alarms import alarms_beside, read_alarms
from crmkit_activities.ics.attached import read_attached
from crmkit_activities.ics.component import read_event
from crmkit_activities.ics.parsing import parse
from crmkit_activities.ics.values import IcsEvent, Problem, recurrence, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

MOST_BYTES, MOST_COMPONENTS, DEEPEST = 10_000_000, 20_000, 20
SILENT = frozenset({"VCALENDAR", "VTIMEZONE"})


@frozen(kw_only=True)
class Reading:
    """What is in a file: events, each series before its changed occurrences, and what is not imported, and why."""

    events: tuple[IcsEvent, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_calendar(data: bytes, home: str, now: datetime | None = None) -> Reading:
    """Return the events of an iCalendar file; times without a zone are in the home zone (an IANA name).

    Nothing in a file makes this fail: what can't be read is a problem. So is an alarm for a moment that lies behind
    `now` (UTC), if that is given.
    """
    refused = too_much(data)
    if refused is not None:
        return Reading(problems=(refused,))
    try:
        found = parse(data)
    except Exception as error:  # noqa: BLE001  (whatever a parser stumbles over, the file is what is wrong)
        return Reading(problems=(Problem(component="VCALENDAR", uid="", text=unreadable(error)),))
    problems: list[Problem] = []
    components = [each for top in found for each in events_of(top, problems)]
    if not components and not problems:
        problems.append(Problem(component="VCALENDAR", uid="", text=_("There is no event in it.")))
    return Reading(events=tuple(read_events(components, home, now, problems)), problems=tuple(problems))


def too_much(data: bytes) -> Problem | None:
    """Return why a file is too large to be read, None if it isn't."""
    text = None
    if len(data) > MOST_BYTES:
        text = _("The file is larger than {most} bytes.", most=MOST_BYTES)
    elif data.upper().count(b"BEGIN:") > MOST_COMPONENTS:
        text = _("The file has more than {most} components.", most=MOST_COMPONENTS)
    return None if text is None else Problem(component="VCALENDAR", uid="", text=text)


def events_of(top: Any, problems: list[Problem]) -> Iterator[Any]:
    """Yield the VEVENTs of a component, and note what else is in it."""
    waiting = [(top, 0)]
    while waiting:
        component, depth = waiting.pop(0)
        name = str(component.name or "?")
        if name == "VEVENT":
            yield component
        elif name not in SILENT or depth > 1:
            uid = str(component.get("UID", ""))
            problems.append(Problem(component=name, uid=uid, text=_("Only events are imported.")))
        elif name == "VCALENDAR" and depth < DEEPEST:
            waiting += [(each, depth + 1) for each in component.subcomponents]


def read_events(components: list[Any], home: str, now: datetime | None, problems: list[Problem]) -> Iterator[IcsEvent]:
    """Yield series and single events, then changed occurrences; note what can't be read, and what is there twice."""
    masters: dict[str, IcsEvent] = {}
    for component in components:
        if "RECURRENCE-ID" in component:
            continue
        event = attempt(component, home, None, problems)
        if event is None:
            continue
        if event.uid in masters:
            problems.append(problem_of(component, _("There is another event with this UID in the file.")))
            continue
        masters[event.uid] = whole(component, event, now, problems)
        yield masters[event.uid]
    seen: set[tuple[str, object]] = set()
    for component in components:
        if "RECURRENCE-ID" not in component:
            continue
        series = masters.get(str(component.get("UID", "")).strip())
        event = attempt(component, home, series, problems)
        if event is None or series is None or event.occurrence is None:
            continue
        if (event.uid, event.occurrence) in seen:
            problems.append(problem_of(component, _("This occurrence is changed twice in the file.")))
        elif not recurrence(series).takes_place(event.occurrence):
            problems.append(problem_of(component, _("Its series doesn't take place then.")))
        else:
            seen.add((event.uid, event.occurrence))
            event = whole(component, event, now, problems)
            yield evolve(event, alarms=alarms_beside(event.alarms, series.alarms))


def whole(component: Any, event: IcsEvent, now: datetime | None, problems: list[Problem]) -> IcsEvent:
    """Return an event with what belongs to it; note what of that can't be held."""
    files, links = read_attached(component, event.uid, problems)
    return evolve(event, alarms=read_alarms(component, event, now, problems), files=files, links=links)


def attempt(component: Any, home: str, series: IcsEvent | None, problems: list[Problem]) -> IcsEvent | None:
    """Return what a VEVENT says, or note why it can't be read."""
    try:
        return read_event(component, home, series)
    except InvalidValue as error:
        problems.append(problem_of(component, str(error)))
    except Exception as error:  # noqa: BLE001  (values that the parser let through, and that are none)
        problems.append(problem_of(component, unreadable(error)))
    return None


def problem_of(component: Any, text: str) -> Problem:
    """Return a problem with a component."""
    return Problem(component=str(component.name), uid=str(component.get("UID", "")), text=text)
