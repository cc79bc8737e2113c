"""Conflicts: an event for whose time somebody is busy is refused, or its writer is told, as a setting says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Choice, Ref, Setting
from crmkit.core.declare.kinds import ChoiceKind, DateTimeKind, IntegerKind
from crmkit.core.declare.values import ref_class
from crmkit.translation import _, ngettext
from crmkit_activities.activity import Activity, ActivityParticipant
from crmkit_activities.events.attending import takes_time
from crmkit_activities.events.bookings import of_activities, of_events, of_guests, of_participants
from crmkit_activities.events.coming import comes
from crmkit_activities.events.diaries import clash
from crmkit_activities.events.event import CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of

if TYPE_CHECKING:
    from collections.abc import Callable

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
OF_EVENT = frozenset(
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
OF_ACTIVITY = frozenset({"planned_start", "planned_end", "owner"})
OF_GUEST = frozenset({"event", "who", "attendance", "part"})
"""The fields by which what is written may be in somebody's way where it wasn't before."""
OPEN = frozenset({"open", "waiting"})


def refuse_clashes(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse events, appointments and invitations for whose time somebody is busy, where the setting says so.

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

    bookings = of_events(
        session,
        [
            (dict_of(draft), draft.record, refusing(draft, "starts_at"))
            for draft in drafts.of(CalendarEvent)
            if not draft.refusals and (draft.record is None or draft.sets(*OF_EVENT))
        ],
    )
    bookings += of_activities(
        session,
        [
            (dict_of(draft), draft.record, refusing(draft, "planned_start"))
            for draft in drafts.of(Activity)
            if not draft.refusals and (draft.record is None or draft.sets(*OF_ACTIVITY)) and not draft.is_closed
        ],
    )
    bookings += of_guests(
        session,
        [
            (draft.get("event"), draft.get("who"), refusing(draft, "who"))
            for draft in drafts.of(EventAttendee)
            if not draft.refusals and (draft.record is None or draft.sets(*OF_GUEST))
            if takes_time(draft.get("attendance"), draft.get("part"))
        ],
    )
    bookings += of_participants(
        session,
        [
            (draft.get("activity"), draft.get("person"), refusing(draft, "person"))
            for draft in drafts.of(ActivityParticipant)
            if not draft.refusals and (draft.record is None or draft.sets("person", "activity"))
        ],
    )
    for who in sorted({who for each in bookings for who in each.people}, key=str):
        session.serialise(f"calendar of {who}")
    clash(session, bookings)


def tell_clashes(session: Session, changes: Batch[Change]) -> None:
    """Tell the session of what is planned for a time for which somebody is busy, where the setting says so."""
    if session.setting("calendar_conflicts") != TELL:
        return

    def telling(record: object, path: str) -> Tell:
        def tell(found: list[Conflict], more: int) -> None:
            text = " ".join(texts(session, found, more))
            assert isinstance(record, Ref)
            session.caution(record, path, text, detail=tuple(found))

        return tell

    def those(entity: type[Record], fields: frozenset[str]) -> list[Record]:
        return [each.after for each in changes.of(entity) if comes(each) or each.changed & fields]

    new = {change.after.id for change in changes.of(CalendarEvent) if comes(change)}
    bookings = of_events(
        session,
        [(dict(each.items()), each, telling(each.ref, "starts_at")) for each in those(CalendarEvent, OF_EVENT)],
        new,
    )
    bookings += of_activities(
        session,
        [
            (dict(each.items()), each, telling(each.ref, "planned_start"))
            for each in those(Activity, OF_ACTIVITY)
            if each.stage_kind in OPEN
        ],
    )
    bookings += of_guests(
        session,
        [
            (each.event, each.who, telling(each.event, "who"))
            for each in those(EventAttendee, OF_GUEST)
            if takes_time(each.attendance, each.part)
        ],
    )
    bookings += of_participants(
        session,
        [
            (each.activity, each.person, telling(each.activity, "person"))
            for each in those(ActivityParticipant, frozenset({"person", "activity"}))
        ],
    )
    clash(session, bookings)


def dict_of(draft: Draft) -> dict[str, object]:
    """Return the values that an event will have."""
    return {name: draft.get(name) for name in draft.entity.writable}


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
    return (
        [*said, ngettext("There is {count} more conflict.", "There are {count} more conflicts.", more)]
        if more
        else said
    )
