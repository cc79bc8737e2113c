"""Care dates as declarations: which dates of which records are celebrated, and how that is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from attrs import field as attribute
from attrs import frozen

from crmkit import Choice, Daily, Job, Parameter, Report, Setting, WorklistKind
from crmkit.core.declare.kinds import ChoiceKind, IntegerKind
from crmkit.core.declare.names import as_label, as_text, check_name
from crmkit.translation import _
from crmkit_activities.care.anniversaries import filter_for, within

if TYPE_CHECKING:
    from datetime import date

    from crmkit import Model, Session
    from crmkit_activities.care.anniversaries import LeapDay

WEEK = 7


@frozen(kw_only=True)
class CareDate:
    """A date of an entity's records that comes back every year, such as the birthday of contacts.

    Attributes:
        field: the field with the date.
        owner: the field with the user who is told of it.
    """

    name: str
    entity: str
    field: str
    owner: str = "owner"
    label: str = attribute(default="", converter=as_text)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "care date")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))

    def worklist_kind(self, *, days: int = WEEK, position: int = 40) -> WorklistKind:
        """Return the kind of work that these dates are within so many days, at most 31: yield it beside the date."""
        return WorklistKind(
            name=f"{self.name}_soon"[:41],
            label=self.label,
            entity=self.entity,
            where=_Soon(self.field, self.owner, days),
            order=_InOrder(self.field, days),
            until=self.field,
            day=_Next(days),
            position=position,
        )


@frozen
class _Soon:
    """The filter for dates that are celebrated soon, of what the actor owns."""

    field: str
    owner: str
    days: int

    def __call__(self, session: Session) -> str:
        soon = filter_for(self.field, session.today, self.days, leap_day_of(session))
        return f"{self.owner} == me() and {soon}"


@frozen
class _InOrder:
    """The order of the days on which dates are celebrated soon: over the end of the year, December comes first."""

    field: str
    days: int

    def __call__(self, session: Session) -> str:
        last = session.today + timedelta(days=self.days - 1)
        return f"{'-' if last.year > session.today.year else ''}{self.field}.month, {self.field}.day, id"


@frozen
class _Next:
    """The day on which a date is celebrated soon."""

    days: int

    def __call__(self, session: Session, first: date) -> date | None:
        found = within(first, session.today, self.days, leap_day_of(session))
        return None if found is None else found.day


def leap_day_of(session: Session) -> LeapDay:
    """Return when 29 February is celebrated in other years."""
    return cast("LeapDay", session.setting("leap_day"))


def care_dates_of(model: Model) -> dict[str, CareDate]:
    """Return the care dates that the enabled plugins declare, by name."""
    return {each.name: each for each, _plugin in model.of(CareDate)}


BIRTHDAY = CareDate(name="birthday", entity="contact", field="birthday", label=_("Birthdays"))

DECLARATIONS = (
    BIRTHDAY,
    BIRTHDAY.worklist_kind(),
    Setting(
        name="leap_day",
        kind=ChoiceKind(choices=(Choice("feb28", _("28 February")), Choice("mar1", _("1 March")))),
        default="feb28",
        help=_("When what happened on 29 February is celebrated in years without one."),
    ),
    Job(
        name="tell_care_dates",
        run="crmkit_activities.care.telling:tell",
        schedule=Daily(),
        help=_("Tell owners of birthdays and other care dates on their day."),
    ),
    Report(
        name="care_dates",
        run="crmkit_activities.care.report:care_dates",
        help=_("Birthdays and other dates that are celebrated within the next days."),
        public=True,
        parameters=(
            Parameter(name="date", help=_("One sort of dates only, such as birthday.")),
            Parameter(name="days", kind=IntegerKind(min=1, max=366), default=WEEK, help=_("Days from today on.")),
            Parameter(name="owner", help=_("One owner only: the id, external id or name of a user, or `me`.")),
        ),
    ),
)
