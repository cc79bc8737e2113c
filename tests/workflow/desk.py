"""A service desk for the tests: tickets with stages, priorities, customers and owners, and people who work on them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crmkit import BusinessCalendar, Customer, Pipeline, Record, Ref, Stage, Staged, User, record
from crmkit.core.declare import fields as f
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.clocks.entities import Clock, ClockInterval, ClockRule, ClockTarget

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from crmkit import Session

BERLIN = ZoneInfo("Europe/Berlin")
CLOSED = "stage.kind in ('done', 'void')"


@record(owner="owner")
class Ticket(Staged):
    """What a customer wants to have solved."""

    name: str = f.text()
    priority: str = f.choice("low", "normal", "high", default="normal")
    customer: Ref[Customer] | None = f.ref()
    owner: Ref[User] | None = f.ref()
    answered: bool = f.boolean(default=False)


STAGES = Pipeline(
    name="ticket",
    entity="ticket",
    stages=(
        Stage("new"),
        Stage("working"),
        Stage("waiting", kind="waiting"),
        Stage("solved", kind="done"),
        Stage("dropped", kind="void"),
    ),
)


def desk() -> ModuleType:
    """Return the plugin."""
    return make_plugin("desk", Ticket, STAGES)


def berlin(*parts: int) -> datetime:
    """Return a moment by Berlin's clock, in UTC."""
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[misc, arg-type]


def office(session: Session) -> BusinessCalendar:
    """Create the calendar of the desk."""
    return session.create(BusinessCalendar, name="Desk", time_zone="Europe/Berlin", hours="Mo-Fr 09:00-17:00")


def make_rule(session: Session, targets: Mapping[str, str] | None = None, **values: Any) -> ClockRule:
    """Create a rule for tickets; of resolution, four hours, paused while they wait, unless something else is said."""
    given = {
        "name": "Resolution",
        "entity": "ticket",
        "pauses_if": "stage.kind == 'waiting'",
        "stops_if": CLOSED,
        "target": "4:00",
        **values,
    }
    rule = session.create(ClockRule, **given)
    for position, (applies_if, target) in enumerate((targets or {}).items()):
        session.create(ClockTarget, rule=rule, applies_if=applies_if, target=target, position=position)
    return rule


def answering(session: Session, **values: Any) -> ClockRule:
    """Create the rule for first responses: one hour, never resumed."""
    given = {"measure": "first_response", "stops_if": f"answered or {CLOSED}", "pauses_if": None, "resumes": False}
    return make_rule(session, **{"name": "First response", "target": "1:00", **given, **values})


def clocks_of(session: Session, ticket: Record) -> dict[str, Clock]:
    """Return the clocks of a ticket by what they measure."""
    return {each.measure: each for each in session.find(Clock, {"record": ticket})}


def clock_of(session: Session, ticket: Record, measure: str = "resolution") -> Clock:
    """Return one of its clocks."""
    return clocks_of(session, ticket)[measure]


def intervals_of(session: Session, clock: Clock) -> list[tuple[str, datetime, datetime | None]]:
    """Return the intervals of a clock."""
    found = session.find(ClockInterval, {"clock": clock}, order="since, id")
    return [(each.state, each.since, each.until) for each in found]
