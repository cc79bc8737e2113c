"""Watches as records, each its owner's alone, and metrics: figures from outside that can be watched."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from decimal import Decimal

from crmkit import Record, Ref, User, record
from crmkit.core.declare import fields as f
from crmkit_workflow.automation.entities import DIRECTIONS, RISES


@record(owner="owner", title="field", private=True, plural="Watches")
class Watch(Record):
    """That a user wants to be told when a field of a record reaches a value: once, until it is armed again."""

    owner: Ref[User] = f.ref()
    record: Ref[object] = f.any_ref(help="The record that is watched, such as a metric.")
    field: str = f.text(max=41, help="The field that is watched: a number, an amount, a date or a duration.")
    direction: str = f.choice(*DIRECTIONS, default=RISES, help="From which side the value is reached.")
    value: str = f.text(help="The value; of money, in any currency.")
    armed: bool = f.boolean(default=True, index=True, help="Whether its owner is to be told.")
    armed_at: Moment | None = f.locked(f.datetime(help="Since when it is armed."))
    fired_at: Moment | None = f.locked(f.datetime(help="When the value was reached last."))
    fired_value: str | None = f.locked(f.text(help="Which value it was then."))


@record
class Metric(Record):
    """A figure from outside, such as a price or a rate, which another program writes and users watch."""

    name: str = f.text(unique=True, search=True)
    value: Decimal | None = f.decimal(scale=6)
    unit: str | None = f.text(max=41)
    measured_at: Moment | None = f.datetime(help="When the value was so.")
