"""The week: the scenes of all plugins carried out in their order, with workers that do what is due in between."""

from __future__ import annotations

from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from attrs import define

from crmkit.core.declare.demonstrations import Demonstration
from crmkit.core.reading.permission import SYSTEM
from crmkit.core.reading.reports.running import function_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from random import Random

    from crmkit.app import CRM
    from crmkit.cli.demo.clock import MovingClock
    from crmkit.core.declare.demonstrations import Scene

HOUR = timedelta(hours=1)
END = timedelta(days=4, hours=18)
"""When the week is over: on Friday evening."""


def last_monday(now: datetime) -> datetime:
    """Return the midnight (UTC) at which the last week began that is over."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    return monday if now >= monday + END else monday - timedelta(days=7)


@define(kw_only=True)
class Week:
    """A week of work, which begins at the time that the clock shows."""

    crm: CRM
    clock: MovingClock
    random: Random

    def run(self) -> Iterator[tuple[datetime, str]]:
        """Carry out the scenes, and yield what they tell, each with its time."""
        monday = self.clock.now
        for scene in sorted(self.scenes(), key=attrgetter("at")):
            self.work_until(monday + scene.at)
            with self.crm.session(actor=scene.actor or SYSTEM) as session:
                told = scene.run(session)
            if told:
                yield self.clock.now, told
        self.work_until(monday + END)

    def scenes(self) -> list[Scene]:
        """Return the scenes of all plugins."""
        return [
            scene
            for demonstration, _plugin in self.crm.model.of(Demonstration)
            for scene in cast("Iterable[Scene]", function_of(demonstration.scenes)(self.random))
        ]

    def work_until(self, end: datetime) -> None:
        """Let the time pass, with a worker that looks every hour, and at the end, for what is due."""
        worker = self.crm.worker()
        while self.clock.now < end:
            self.clock.now = min(self.clock.now + HOUR, end)
            worker.run_once()
