"""Alerts: that a clock will be due soon, or is, is told once each.

A worker looks every minute for clocks whose moment has come. What it finds is marked, written down and told in one
transaction, so a worker that is killed has told nothing, and the next one tells it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.declare.names import as_label
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.writing import write_all
from crmkit.translation import Text, _
from crmkit_workflow.clocks.entities import Clock, ClockAlert
from crmkit_workflow.clocks.terms import terms_of
from crmkit_workflow.receivers import readable
from crmkit_workflow.staff import superiors_by_user

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crmkit import JobRun, Session

JOB = "clock_alerts"
EVENTS = {"warning": "warned", "breach": "breached"}
BATCH = 500


@frozen(kw_only=True)
class Alert:
    """What is to be told of a clock: `warning` or `breach`, and the moment at which that was due."""

    clock: Clock
    what: str
    due_at: datetime


def alerts_job(session: Session, run: JobRun) -> None:
    """Tell of the clocks whose moment has come, so many at once, and ask for the next run if there may be more."""
    if tell_due(session) == BATCH:
        session.enqueue(JOB, key=f"{run.id} +", at=session.unit.now)


def tell_due(session: Session) -> int:
    """Tell of clocks whose moment has come, the longest due first; return how many were looked at."""
    session.serialise(f"workflow.{JOB}")
    now = session.unit.now
    page = session.find(Clock, "next_at <= given.now", given={"now": now}, order="next_at", limit=BATCH)
    due = [alert for each in page if (alert := alert_of(each, now)) is not None]

    def write(some: Sequence[Alert]) -> Sequence[Alert]:
        told = session.update_many((each.clock, marks_of(each)) for each in some)
        rows = ({"clock": each.clock, "what": each.what, "due_at": each.due_at} for each in some)
        session.create_many(ClockAlert, rows)
        for each, clock in zip(some, told, strict=True):
            payload = {"measure": clock.measure, "record": str(clock.record), "due_at": each.due_at.isoformat()}
            session.emit(f"clock.{EVENTS[each.what]}", clock, payload)
        tell(session, some)
        return some

    for _alert, _result in write_all(session, "clock", due, write):
        pass  # what somebody changes at this very moment is looked at again in the next run
    return len(page)


def tell(session: Session, alerts: Sequence[Alert]) -> None:
    """Tell the owners of records, and of a breach the nearest superior, too, where the clock's terms say so.

    Who may not read the record is told nothing: it may be private.
    """
    terms, superior_of = terms_of(session, (each.clock for each in alerts)), superiors_by_user(session)
    receivers: list[tuple[Alert, list[int]]] = []
    for each in alerts:
        if each.clock.owner is None:
            continue
        owner, own = int(each.clock.owner), terms.get(int(each.clock.terms))
        superior = superior_of(owner) if each.what == "breach" and (own is None or own.tell_superior) else None
        receivers.append((each, [user for user in (owner, superior) if user is not None]))
    seen = readable(session, [(user, each.clock.record) for each, users in receivers for user in users])
    session.notify_many(
        {
            "to": [ref_class("user")(user) for user in users if (user, each.clock.record) in seen],
            "text": words(session, each),
            "about": each.clock.record,
            "kind": f"clock_{EVENTS[each.what]}",
            "key": f"clock {each.clock.id} {each.what}",
        }
        for each, users in receivers
    )


def words(session: Session, alert: Alert) -> Text:
    """Return what is told of an alert; it names the record by its number, which hides nothing and shows nothing."""
    record = alert.clock.record
    entity = session.model.entities[record.entity].label
    if alert.what == "breach":
        return _(
            "{entity} {number} took longer than it may: {measure}.",
            entity=entity,
            number=int(record),
            measure=as_label(alert.clock.measure),
        )
    return _(
        "{entity} {number} will soon take longer than it may: {measure}.",
        entity=entity,
        number=int(record),
        measure=as_label(alert.clock.measure),
    )


def alert_of(clock: Clock, now: datetime) -> Alert | None:
    """Return what is to be told of a clock. A warning that would come no sooner than the breach is left out."""
    if clock.due_at is not None and clock.due_at <= now and not clock.breached:
        return Alert(clock=clock, what="breach", due_at=clock.due_at)
    if clock.warning_at is not None and clock.warning_at <= now and not clock.warned and clock.state == "running":
        return Alert(clock=clock, what="warning", due_at=clock.warning_at)
    return None


def marks_of(alert: Alert) -> dict[str, object]:
    """Return the values by which a clock remembers that it was told of."""
    if alert.what == "breach":
        return {"breached": True, "next_at": None}
    return {"warned": True, "next_at": alert.clock.due_at}
