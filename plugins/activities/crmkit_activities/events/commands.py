"""The command and the report of calendars; what they do is imported when they are run."""

from __future__ import annotations

from crmkit import Command, Parameter, Report
from crmkit.core.declare.kinds import DateKind, DurationKind, IntegerKind
from crmkit.translation import _

SINCE = Parameter(name="since", kind=DateKind(), help=_("The first day; today if none is given."))
DAYS = Parameter(name="days", kind=IntegerKind(min=1, max=366), default=7, help=_("How many days."))
USER = Parameter(name="user", help=_("Whose: the id, external id or name of a user, or `me`."))
TEAM = Parameter(name="team", help=_("A team, with those below it: its id or name."))

DECLARATIONS = (
    Command(
        name="calendar",
        run="crmkit_activities.events.showing:show",
        help=_("Show the calendar of a user or a team, find a free time, answer invitations, import or export files."),
        public=True,  # it shows what may be read, and refuses who may read no events
        parameters=(
            SINCE,
            DAYS,
            USER,
            TEAM,
            Parameter(
                name="slot", kind=DurationKind(), help=_("Find the first time of this length that is free: 1:30.")
            ),
            Parameter(
                name="answer",
                help=_("Answer an invitation: the event's id, and accepted, tentative or declined, as 5:accepted."),
            ),
            Parameter(name="out", help=_("Write the calendar of a user to this iCalendar file.")),
            Parameter(name="file", help=_("Import this iCalendar file.")),
        ),
    ),
    Report(
        name="calendar_load",
        run="crmkit_activities.events.showing:load",
        help=_("How many hours the members of a team work, and are busy, in some days."),
        reads=("calendar_event",),
        parameters=(SINCE, DAYS, TEAM),
    ),
)
