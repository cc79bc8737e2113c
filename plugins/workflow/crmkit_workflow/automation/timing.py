"""Timing: when it is time for a rule. Pure functions."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from crmkit import Daily, Every, Monthly
from crmkit.core.declare.schedules import Weekly

if TYPE_CHECKING:
    from crmkit.core.declare.schedules import Schedule
    from crmkit_workflow.automation.entities import AutomationRule


def schedule_of(rule: AutomationRule) -> Schedule:
    """Return when it is time for a rule that repeats, in the home time zone."""
    at = time.fromisoformat(rule.at) if rule.at else time(0)
    match rule.repeats:
        case "hourly":
            return Every(timedelta(hours=1))
        case "weekly":
            return Weekly(rule.day or 1, at)
        case "monthly":
            return Monthly(rule.day or 1, at)
        case _:
            return Daily(at)


def time_of(rule: AutomationRule, now: datetime, zone: str) -> datetime | None:
    """Return the last time that it was time for a rule and that it has not been asked for, None if there is none.

    Of several times that nobody was there for, the last one counts. It begins when the rule is made.
    """
    return schedule_of(rule).latest(rule.timed_at or rule.created_at, now, zone)
