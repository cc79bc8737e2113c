"""What is done outside of the transactions of users: handlers of events, and jobs."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.declare.names import as_text, check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit.core.declare.declarations import Parameter
    from crmkit.core.declare.schedules import Schedule

LOGGED = (
    "created",
    "updated",
    "moved",
    "deleted",
    "restored",
    "shared",
    "unshared",
    "merged",
    "unmerged",
    "blanked",
    "erased",
)
"""The events that every entity has, named like `customer.created`."""
HANDLER, JOB = "handler", "job"
DEADLINE = timedelta(seconds=30)


@frozen(kw_only=True)
class Handler:
    """What is done about events once the transaction that they come from is committed: at least once for each.

    Events about one record come one after the other, in their order; the next one comes when the one before is done,
    or is given up. A handler that raises is tried again, with growing pauses, for 72 hours; then what it was to do is
    a dead letter. Whatever it writes through its session is there exactly once; effects elsewhere may come twice, so
    pass the occurrence's `id` on.

    Attributes:
        events: their names, such as `customer.created`; `*` stands for anything: `customer.*`, `*.deleted`, `*`.
        run: a function of a session of the system and an `Occurrence`; or where it is (`package.module:function`).
        deadline: how long it may take.
    """

    name: str
    events: tuple[str, ...]
    run: Callable[..., object] | str
    deadline: timedelta = DEADLINE
    help: str = field(default="", converter=as_text)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "handler")


@frozen(kw_only=True)
class Job:
    """Work that is done by a worker: at the times of a schedule, and whenever `session.enqueue` asks for it.

    It is tried again as a `Handler` is. What it writes through its session is there exactly once.

    Attributes:
        run: a function of a session of the system, a `JobRun`, and the parameters; or where it is
            (`package.module:function`).
        schedule: `Every`, `Daily`, `Weekly` or `Monthly`; None if it is only done when asked for. Times that nobody
            was there for are caught up with by a single run.
        deadline: how long it may take.
    """

    name: str
    run: Callable[..., object] | str
    schedule: Schedule | None = None
    parameters: tuple[Parameter, ...] = ()
    deadline: timedelta = DEADLINE
    help: str = field(default="", converter=as_text)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "job")


def consumer_name(kind: str, plugin: str, name: str) -> str:
    """Return the name of a handler or job in the outbox: `handler:greetings.welcome`; without `name`, its beginning."""
    return f"{kind}:{plugin}.{name}"


def matches(patterns: Iterable[str], event: str) -> bool:
    """Return whether an event is among those that some patterns stand for."""
    return any(fnmatchcase(event, each) for each in patterns)
