"""What the plugin shows in `crmkit demo`: a visit that is given away and reports back, and what waits for whom."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from attrs import define, field

from crmkit import Customer, Demonstration, Notice, Scene, User
from crmkit.translation import _, joined
from crmkit_activities.activity import Activity
from crmkit_activities.events.attendance import invite
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.worklist.listing import worklist

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from crmkit import Session

GIVER, TAKER, COLLEAGUE = "ann", "bob", "chen"
TUESDAY, WEDNESDAY, FRIDAY = (timedelta(days=each) for each in (1, 2, 4))


def scenes(_random: Random) -> Iterable[Scene]:
    """Return the scenes of a week."""
    week = Week()
    return (
        Scene(at=timedelta(hours=8, minutes=30), actor=GIVER, run=week.give),
        Scene(at=timedelta(hours=9), actor=TAKER, run=week.look),
        Scene(at=timedelta(hours=9, minutes=15), actor=COLLEAGUE, run=week.clash),
        Scene(at=TUESDAY + timedelta(hours=11), actor=TAKER, run=week.report),
        Scene(at=TUESDAY + timedelta(hours=11, minutes=5), actor=GIVER, run=week.hear),
        Scene(at=WEDNESDAY + timedelta(hours=10), actor=TAKER, run=week.follow_up),
        Scene(at=FRIDAY + timedelta(hours=9), actor=TAKER, run=week.look),
    )


@define
class Week:
    """A visit, from one scene to the next."""

    visit: Activity | None = field(default=None)

    def give(self, session: Session) -> str:
        """Give a visit to somebody."""
        [taker] = session.find(User, {"external_id": TAKER})
        customer = session.find(Customer, {"owner": taker}, order="id", limit=1)[0]
        start = session.unit.now.replace(minute=0) + timedelta(days=1, hours=1, minutes=30)
        self.visit = session.create(
            Activity,
            kind="visit",
            subject=f"Visit {customer.name}",
            customer=customer,
            owner=taker,
            due=start.date(),
            planned_start=start,
            planned_end=start + timedelta(hours=1),
        )
        names = {"giver": session.principal.name, "taker": taker.name}
        return _("{giver} gives {taker} a visit for tomorrow: {subject}.", subject=self.visit.subject, **names)

    def look(self, session: Session) -> str:
        """Look at one's worklist."""
        waiting = [
            _("{kind}: {count}", kind=work.kind.label, count=work.count) for work in worklist(session) if work.count
        ]
        return _("{user} looks at the worklist. {waiting}", user=session.principal.name, waiting=joined(waiting, "; "))

    def clash(self, session: Session) -> str:
        """Invite somebody who is busy then."""
        assert self.visit is not None
        event = session.create(
            CalendarEvent, subject="Price list", starts_at=self.visit.planned_start, length=timedelta(hours=1)
        )
        [guest] = session.find(User, {"external_id": TAKER})
        invite(session, event, [guest])
        text = _("{user} invites {guest} to a meeting at that time.", user=session.principal.name, guest=guest.name)
        return joined([text, *(each.text for each in session.cautions)], " ")

    def report(self, session: Session) -> str:
        """Do the visit."""
        assert self.visit is not None
        self.visit = session.move(
            session.get(Activity, self.visit.id), "done", outcome="held", need="More seats in May"
        )
        return _("{user} has been there and notes what was said.", user=session.principal.name)

    def hear(self, session: Session) -> str:
        """Read what one was told."""
        [told] = session.find(Notice, order="-id", limit=1)
        return _("{user} is told: {text}", user=session.principal.name, text=told.words)

    def follow_up(self, session: Session) -> str:
        """Plan what comes next."""
        assert self.visit is not None
        task = session.create(
            Activity,
            kind="task",
            subject="Send an offer for more seats",
            customer=self.visit.customer,
            due=session.today + timedelta(days=2),
            follow_up_of=self.visit,
        )
        return _(
            "{user} plans what follows, due on Friday: {subject}.", user=session.principal.name, subject=task.subject
        )


DECLARATIONS = (Demonstration(name="activities", scenes=scenes, reports=("workload", "touchpoints")),)
