"""Consumers: everything that work is done by, under the name that its rows of work carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.declare.outbox import HANDLER, JOB, Handler, Job, consumer_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from crmkit.core.assemble.model import Model


@frozen
class Consumer:
    """A handler or a job, and the plugin that declared it."""

    declared: Handler | Job
    plugin: str

    @property
    def name(self) -> str:
        """The name in the rows of work: `handler:greetings.welcome`, `job:core.prune_outbox`."""
        kind = HANDLER if isinstance(self.declared, Handler) else JOB
        return consumer_name(kind, self.plugin, self.declared.name)

    @property
    def deadline(self) -> timedelta:
        """How long one piece of work may take."""
        return self.declared.deadline


def consumers_of(model: Model) -> dict[str, Consumer]:
    """Return all consumers by their names."""
    return {each.name: each for each in _each(model)}


def _each(model: Model) -> Iterator[Consumer]:
    for handler, plugin in model.of(Handler):
        yield Consumer(handler, plugin)
    for job, plugin in model.of(Job):
        yield Consumer(job, plugin)
