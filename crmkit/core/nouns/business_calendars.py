"""Business calendars: when a firm, a team or a person works, as data that an administrator edits."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.calendars.opening_times import CLOSED, day_text, read_day, read_week, week_text
from crmkit.core.declare import fields as f
from crmkit.core.declare.declarations import Setting, Unique
from crmkit.core.declare.fields import Field
from crmkit.core.declare.kinds import TextKind
from crmkit.core.declare.kinds.times import zone
from crmkit.core.declare.records import Record, record
from crmkit.core.declare.values import Ref
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.lifecycle.drafts import Batch, CreateDraft, DeleteDraft
    from crmkit.core.lifecycle.session import Session

WORKING_WEEK = "Mo-Fr 09:00-17:00"


@frozen(kw_only=True)
class WeeklyHoursKind(TextKind):
    """The opening times of a week, such as `Mo-Fr 09:00-12:00,13:00-17:00; Sa 10:00-14:00` or `24/7`."""

    def parse(self, value: object, conventions: Conventions) -> str | None:
        """Return them in their canonical form."""
        text = TextKind.parse(self, value, conventions)
        return None if text is None else week_text(read_week(text))


@frozen(kw_only=True)
class DayHoursKind(TextKind):
    """The openings of one day, such as `09:00-12:00,13:00-17:00`, or `off`."""

    def parse(self, value: object, conventions: Conventions) -> str | None:
        """Return them in their canonical form."""
        text = TextKind.parse(self, value, conventions)
        return None if text is None else day_text(read_day(text))


@frozen(kw_only=True)
class TimeZoneKind(TextKind):
    """An IANA time zone, such as `Europe/Paris`."""

    def parse(self, value: object, conventions: Conventions) -> str | None:
        """Return its name."""
        text = TextKind.parse(self, value, conventions)
        return None if text is None else zone(text).key


@record
class BusinessCalendar(Record):
    """When it is open, by the wall clock of a time zone. Holidays and other exceptions are its special days."""

    name: str = f.text(search=True, unique=True)
    time_zone: str | None = Field(  # type: ignore[assignment]  # typed by its annotation, as all fields are
        kind=TimeZoneKind(), help="An IANA name such as Europe/Paris; the home time zone if none is given."
    )
    hours: str = Field(  # type: ignore[assignment]
        kind=WeeklyHoursKind(),
        default=WORKING_WEEK,
        help="Such as Mo-Fr 09:00-12:00,13:00-17:00; Sa 10:00-14:00, Fr 22:00-06:00 or 24/7.",
    )


@record
class SpecialDay(Record):
    """A day on which a calendar has other hours than its week says: a holiday, or a Saturday on which people work."""

    calendar: Ref[BusinessCalendar] = f.ref(part_of=True)
    day: dt.date = f.date()
    name: str | None = f.text(help="Such as Christmas.")
    hours: str = Field(  # type: ignore[assignment]
        kind=DayHoursKind(), default=CLOSED, help="The openings that begin on this day, such as 09:00-12:00, or off."
    )


DECLARATIONS = (
    Setting(
        name="business_calendar",
        kind=TextKind(),
        default=None,
        help="The name of the calendar that applies where none is said; without one, work is Monday to Friday from "
        "9 to 17 in the home time zone.",
    ),
    Unique(entity="special_day", fields=("calendar", "day"), message="The calendar has this special day already."),
)


def fill(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Give new calendars the home time zone, if they are given none."""
    for draft in drafts.of(BusinessCalendar):
        if draft.get("time_zone") is None:
            draft.set("time_zone", session.model.conventions.time_zone)


def refuse_used(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete the calendar that applies where none is said."""
    for draft in drafts.of(BusinessCalendar):
        if draft.get("name") == session.setting("business_calendar"):
            draft.refuse("name", _("This calendar is the setting business_calendar. Set another one first."))
