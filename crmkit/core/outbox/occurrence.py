"""What handlers and jobs are given: an event that occurred, or the run of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crmkit.core.declare.values import Ref


@frozen(kw_only=True)
class Occurrence:
    """An event that occurred, as a handler is given it.

    Attributes:
        id: the same however often the event is delivered, and different for every event, after a restore as well.
        name: such as `customer.updated`.
        record: the record it is about, which may be deleted by now.
        version: the record's version with which it came.
        at: the moment, UTC.
        actor: the id of the user who caused it, None for the system.
        payload: what was said along with it.
        tries: how often it was tried before.
    """

    id: str
    name: str
    record: Ref[object]
    version: int
    at: datetime
    actor: int | None
    payload: Mapping[str, object] = field(factory=dict)
    tries: int = 0


@frozen(kw_only=True)
class JobRun:
    """The run of a job.

    Attributes:
        id: the same however often the run is tried, and different for every run.
        due: the moment of the schedule, or the one for which it was enqueued, UTC.
        tries: how often it was tried before.
    """

    id: str
    due: datetime
    tries: int = 0
