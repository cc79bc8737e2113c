"""Attending: how people take part in what is on their calendars."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from crmkit import Ref
from crmkit_activities.events.event import ABSENT, INFORMED


@frozen(kw_only=True)
class Attending:
    """How somebody takes part: the state of attendance, and the part; an owner who isn't invited has accepted."""

    state: str = "accepted"
    part: str = "required"

    @property
    def takes_time(self) -> bool:
        """Whether it takes the time of who takes part so."""
        return takes_time(self.state, self.part)


Attendance = Mapping[Ref[object], Attending]
"""How people take part in one event."""


def takes_time(state: object, part: object) -> bool:
    """Return whether it takes somebody's time to attend so: who is offered an event or informed of it is free."""
    return state not in ABSENT and part != INFORMED
