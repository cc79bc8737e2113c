"""Users and teams. Users belong to the host program: crmkit keeps no passwords, only the host's id for each."""

from __future__ import annotations

from crmkit.core.declare.fields import boolean, email, ref, tags, text
from crmkit.core.declare.records import Record, record
from crmkit.core.declare.values import Ref
from crmkit.core.nouns.business_calendars import BusinessCalendar


@record
class Team(Record):
    """A team, in a tree of any depth."""

    name: str = text(search=True)
    parent: Ref[Team] | None = ref(label="Part of")
    business_calendar: Ref[BusinessCalendar] | None = ref(help="When its members work, if not as the team above.")


@record
class User(Record):
    """A person or program that acts. An inactive user can't open a session; what it did stays."""

    name: str = text(search=True, privacy="personal")
    external_id: str = text(unique=True, help="The id by which the host program knows the user.")
    email: str | None = email(privacy="personal")
    active: bool = boolean(default=True)
    roles: tuple[str, ...] | None = tags(help="The names of the roles whose grants the user has.")
    team: Ref[Team] | None = ref()
    manager: Ref[User] | None = ref()
    business_calendar: Ref[BusinessCalendar] | None = ref(help="When the user works, if not as the team.")
