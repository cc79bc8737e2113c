"""Conflicts: an event for whose time somebody is busy is refused, or its writer is told, as a setting says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Choice, Ref, Setting
from crmkit.core.declare.kinds import ChoiceKind, DateTimeKind, IntegerKind
from crmkit.core.declare.values import ref_class
from crmkit.translation import _
from crmkit_activities.events.coming import comes
from crmkit_activities.events.diaries import Booking, clash
from crmkit_activities.events.entries import attendances
from crmkit_activities.events.event import ABSENT, CANCELLED, CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of, user_ref
from crmkit_activities.events.occurrences import moved_of
from crmkit_activities.events.timing import recurrence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crmkit import Batch, Change, Record, Session
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit_activities.events.diaries import Conflict

    Tell = Callable[[list[Conflict], int], None]

REFUSE, TELL, IGNORE = "refuse", "tell", "ignore"
DECLARATIONS = (
    Setting(
        name="calendar_conflicts",
        kind=ChoiceKind(choices=(Choice(TELL), Choice(REFUSE), Choice(IGNORE))),
        default=TELL,
        help=_("What becomes of an event for whose time somebody is busy: the session is told, or it is refused."),
    ),
    Setting(
        name="calendar_horizon",
        kind=IntegerKind(min=1, max=3_650),
        default=366,
        help=_("For so many days, from its beginning or from now on, an event that recurs is compared with others."),
    ),
)
MATTERING = frozenset(
    {
        "wall_start",
        "length",
        "time_zone",
        "all_day",
        "recurrence",
        "extra_dates",
        "except_dates",
        "busy",
        "status",
        "owner",
    }
)


def refuse_clashes(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse events and invitations for whose time somebody is busy, where the setting says so.

    Whoever is asked for is held by this transaction from here on: of two that want one person, the second one waits,
    and then sees what the first one wrote.
    """
    if session.setting("calendar_conflicts") != REFUSE:
        return

    def refusing(draft: Draft, path: str) -> Tell:
        def tell(found: list[Conflict], more: int) -> None:
            for text in texts(session, found, more):
                draft.refuse(path, text)

        return tell

    wanted = [
        (dict_of(draft), draft.record, refusing(draft, "starts_at"))
        for draft in drafts.of(CalendarEvent)
        if not draft.refusals and matters(draft.record, draft.sets, draft.get)
    ]
    bookings = of_events(session, wanted)
    guests = [each for each in drafts.of(EventAttendee) if draft_attends(each)]
    bookings += of_guests(session, [(each.get("event"), each.get("who"), refusing(each, "who")) for each in guests])
    for who in sorted({who for each in bookings for who in each.people}, key=str):
        session.serialise(f"calendar of {who}")
    clash(session, bookings)


def tell_clashes(session: Session, changes: Batch[Change]) -> None:
    """Tell the session of events and invitations for whose time somebody is busy, where the setting says so."""
    if session.setting("calendar_conflicts") != TELL:
        return

    def telling(record: object, path: str) -> Tell:
        def tell(found: list[Conflict], more: int) -> None:
            text = " ".join(texts(session, found, more))
            assert isinstance(record, Ref)
            session.caution(record, path, text, detail=tuple(found))

        return tell

    wanted = [
        (dict(change.after.items()), change.after, telling(change.after.ref, "starts_at"))
        for change in changes.of(CalendarEvent)
        if comes(change) or change.changed & MATTERING
    ]
    new = {change.after.id for change in changes.of(CalendarEvent) if change.before is None}
    bookings = of_events(session, wanted, new)
    guests = [
        change.after
        for change in changes.of(EventAttendee)
        if attends(change.changed | ({"who"} if comes(change) else set()), change.after.attendance)
    ]
    bookings += of_guests(session, [(each.event, each.who, telling(each.event, "who")) for each in guests])
    clash(session, bookings)


def matters(record: Record | None, sets: Callable[..., bool], get: Callable[[str], object]) -> bool:
    """Return whether an event that is written may be in somebody's way where it wasn't before."""
    return (record is None or sets(*MATTERING)) and bool(get("busy")) and get("status") != CANCELLED


def draft_attends(draft: Draft) -> bool:
    """Return whether somebody is invited, or accepts, with this write."""
    changed = frozenset(draft.values) if draft.record is not None else frozenset({"who"})
    return not draft.refusals and attends(changed, draft.get("attendance"))


def attends(changed: frozenset[str], attendance: object) -> bool:
    """Return whether a change of an attendee asks for somebody's time."""
    return bool(changed & {"who", "attendance", "event"}) and attendance not in ABSENT


def dict_of(draft: Draft) -> dict[str, object]:
    """Return the values that an event will have."""
    return {name: draft.get(name) for name in draft.entity.writable}


def of_events(
    session: Session, wanted: Sequence[tuple[dict[str, object], Record | None, Tell]], new: Iterable[int] = ()
) -> list[Booking]:
    """Return what events ask for: the time of their owners and of those who are invited already.

    An occurrence that isn't written yet asks for the time of the guests of its series. The guests of `new` events are
    left out: their invitations ask for themselves.
    """
    busy = [each for each in wanted if each[0]["busy"] and each[0]["status"] != CANCELLED]
    known = {record.id: record for _values, record, _tell in busy if record is not None}
    series = {
        int(each) for values, record, _tell in busy if record is None and isinstance(each := values["series"], Ref)
    }
    invited = attendances(session, (known.keys() | series).difference(new)) if busy else {}
    moved = moved_of(session, known) if known else {}
    found = []
    for index, (values, record, tell) in enumerate(busy):
        part_of = values["series"]
        of = record.id if record is not None else int(part_of) if isinstance(part_of, Ref) else 0
        people = dict(invited.get(of, {}))
        if values["owner"] is not None:
            people.setdefault(user_ref(values["owner"]), "accepted")
        own = int(part_of) if isinstance(part_of, Ref) else record.id if record is not None else -index - 1
        event = session.make(session.model.entity(CalendarEvent), values)
        recurrence = recurrence_of(event, session.model.conventions.time_zone, moved.get(own, ()))
        attending = tuple(who for who, state in people.items() if state not in ABSENT)
        found.append(Booking(family=("calendar_event", own), people=attending, recurrence=recurrence, tell=tell))
    return found


def of_guests(session: Session, wanted: list[tuple[object, object, Tell]]) -> list[Booking]:
    """Return what invitations ask for: the time of who is invited."""
    guests = [(event, who, tell) for event, who, tell in wanted if isinstance(event, Ref) and isinstance(who, Ref)]
    if not guests:
        return []
    numbers = {number_of(event) for event, _who, _tell in guests}
    events = session.by_id(session.model.entity(CalendarEvent), numbers)
    moved = moved_of(session, events)
    found = []
    for number, who, tell in guests:
        event = events.get(int(number))
        if event is None or not event.busy or event.status == CANCELLED:
            continue
        own = int(event.series) if isinstance(event.series, Ref) else event.id
        recurrence = recurrence_of(event, session.model.conventions.time_zone, moved.get(event.id, ()))
        found.append(Booking(family=("calendar_event", own), people=(who,), recurrence=recurrence, tell=tell))
    return found


def texts(session: Session, found: list[Conflict], more: int) -> list[str]:
    """Return sentences that say who is busy when; of whom the actor doesn't see, without a name."""
    actor = session.acting
    names: dict[Ref[object], str] = {}
    for entity in {each.who.entity for each in found}:
        numbers = {int(each.who) for each in found if each.who.entity == entity}
        rows = actor.rows(
            session.model.entities[entity].record_class,
            ["id", "name"],
            "id in given.ids",
            given={"ids": sorted(numbers)},
        )
        names |= {ref_class(entity)(number_of(number)): str(name) for number, name in rows}
    form, conventions = DateTimeKind().format, session.model.conventions
    said: list[str] = [
        _(
            "{who} is busy from {start} to {end}.",
            who=names.get(each.who) or _("Somebody"),
            start=form(each.start, conventions),
            end=form(each.end, conventions),
        )
        for each in found
    ]
    return [*said, _("There are {more} more conflicts.", more=more)] if more else said
