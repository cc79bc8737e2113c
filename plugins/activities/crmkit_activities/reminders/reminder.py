"""The entity `reminder`, and what can't be one."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from datetime import time
from datetime import timedelta as Duration  # noqa: N812
from typing import TYPE_CHECKING

from crmkit import Every, Handler, Job, Record, Ref, Setting, User, record
from crmkit.core.declare import fields as f
from crmkit.core.declare.kinds import DateKind, DateTimeKind, TextKind
from crmkit.core.declare.names import nearest
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_activities.filling import records_of
from crmkit_activities.seeing import Eyes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit import Batch, Model, Session
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.lifecycle.drafts import Draft

LONGEST = Duration(days=3660)
TICK = Duration(minutes=1)


class TimeOfDayKind(TextKind):
    """A time of day, such as 08:00."""

    def parse(self, value: object, conventions: Conventions) -> str | None:
        """Return the time as hours and minutes."""
        found = TextKind.parse(self, value, conventions)
        try:
            return None if found is None else time.fromisoformat(found).strftime("%H:%M")
        except ValueError:
            raise InvalidValue(_("{found!r} is no time of day; write it like 08:00.", found=found)) from None


@record(owner="owner", title="text", private_by="private")
class Reminder(Record):
    """Reminds its owner: at a moment, or a while before the day or moment that a field of a record holds."""

    owner: Ref[User] | None = f.ref(help="Who is reminded.")
    about: Ref[object] | None = f.any_ref(person="about", help="The record that it is about, of any entity.")
    text: str | None = f.text(privacy="personal", help="What it says beside the name of the record.")
    at: Moment | None = f.datetime(help="When it reminds, if not by a field of the record.")
    anchor: str | None = f.text(max=41, help="The field of the record that it goes by, such as due or planned_start.")
    before: Duration | None = f.duration(help="How long before that day or moment it reminds.")
    private: bool = f.boolean(default=True, help="Whether it is open to nobody else, whatever roles say.")
    off: bool = f.boolean(
        default=False, help="Of a changed occurrence: whether reminders about its series don't remind of it."
    )
    due_at: Moment | None = f.locked(f.datetime(index=True, help="When it reminds next."))
    occasion: str | None = f.locked(f.text(max=64, help="What for it reminds next."))
    fired_for: str | None = f.locked(f.text(max=64, help="What for it reminded last."))
    fired_at: Moment | None = f.locked(f.datetime(help="When it reminded last."))


DECLARATIONS = (
    Reminder,
    Setting(
        name="reminder_time",
        kind=TimeOfDayKind(),
        default="08:00",
        help=_("The time of day, in the home time zone, at which is reminded of what is due on a day."),
    ),
    Handler(
        name="reminders_restored",
        events=("*.restored",),
        run="crmkit_activities.reminders.following:follow_restored",
        help=_("Have reminders about records that were brought back remind again."),
    ),
    Job(
        name="fire_reminders",
        run="crmkit_activities.reminders.firing:fire",
        schedule=Every(TICK),
        help=_("Remind of what is due."),
    ),
)


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse reminders that say no moment, or two, or that go by what the record has not or somebody may not see."""
    check_off(session, [draft for draft in drafts.of(Reminder) if draft.get("off")])
    eyes = Eyes(session)
    for draft in drafts.of(Reminder):
        at, anchor, before = draft.get("at"), draft.get("anchor"), draft.get("before")
        if not draft.get("off") and (at is None) == (anchor is None):
            draft.refuse("at", _("Say either a moment, or a field of the record that it goes by (anchor)."))
        if anchor is not None and draft.sets("anchor", "about"):
            check_anchor(session, eyes, draft)
        if isinstance(before, Duration) and not Duration(0) <= before <= LONGEST:
            draft.refuse("before", _("It is from nothing to ten years before."))
        if at is not None and before is not None and draft.sets("at", "before"):
            draft.refuse(
                "before", _("It reminds at its own moment. Say before what by a field of the record (anchor).")
            )
        if isinstance(at, Moment) and draft.sets("at") and at < session.unit.now:
            draft.refuse("at", _("This moment has passed."))


def check_off(session: Session, drafts: Sequence[Draft]) -> None:
    """Refuse to switch reminders off where there are none of a series, or to remind at the same time."""
    records = records_of(session, (draft.get("about") for draft in drafts if draft.sets("off", "about")))
    for draft in drafts:
        if any(draft.get(name) is not None for name in ("at", "anchor", "before")):
            draft.refuse("off", _("What switches reminders off says no moment. Make another reminder."))
        about = draft.get("about")
        event = records.get((about.entity, int(about))) if isinstance(about, Ref) else None
        if draft.sets("off", "about") and getattr(event, "series", None) is None:
            draft.refuse("about", _("Reminders are switched off for a changed occurrence of an event that recurs."))


def check_anchor(session: Session, eyes: Eyes, draft: Draft) -> None:
    """Refuse a field that holds no day and no moment; one that is hidden is not there."""
    about, anchor = draft.get("about"), str(draft.get("anchor"))
    if not isinstance(about, Ref):
        draft.refuse("about", _("Say which record's field it goes by."))
        return
    known = anchors_for(session, eyes, about.entity, draft.get("owner"))
    if anchor not in known:
        close = nearest(anchor, known)
        hint = _(" Did you mean {close!r}?", close=close) if close else ""
        draft.refuse(
            "anchor",
            _("{entity} has no day or moment {anchor!r}.{hint}", entity=about.entity, anchor=anchor, hint=hint),
        )


def anchors_for(session: Session, eyes: Eyes, entity: str, owner: object) -> frozenset[str]:
    """Return the fields that a reminder of a record may go by: those that both the actor and its owner see."""
    model, acting = session.model.entities[entity], session.acting.principal
    return frozenset(
        name
        for name in time_fields(session.model, entity)
        if acting.sees(model, model.fields[name]) and (not isinstance(owner, Ref) or eyes.see(owner, entity, name))
    )


def sees_anchor(eyes: Eyes, reminder: Record) -> bool:
    """Return whether the owner of a reminder sees what it goes by."""
    if reminder.anchor is None or not isinstance(reminder.about, Ref) or not isinstance(reminder.owner, Ref):
        return True
    return eyes.see(reminder.owner, reminder.about.entity, str(reminder.anchor))


def time_fields(model: Model, entity: str) -> frozenset[str]:
    """Return the fields of an entity that hold a day or a moment and that people give values to."""
    fields = model.entities[entity].fields.items()
    return frozenset(
        name for name, each in fields if isinstance(each.kind, (DateKind, DateTimeKind)) and not each.is_system
    )
