"""Once: the upgrade steps that plugins declare, run a single time each, and taken up again where they stopped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.upgrades import UpgradeStep
from crmkit.core.reading.reports.running import function_of
from crmkit.core.upgrade.steps import Step, nothing
from crmkit.errors import CRMKitError, PluginFailedError
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from crmkit.core.assemble.model import Model
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.storage.tables import Tables
    from crmkit.core.upgrade.present import Situation


def due_steps(here: Situation) -> list[tuple[UpgradeStep, str]]:
    """Return the steps that this database has not begun, each with its plugin, in the plugins' order."""
    return [each for each in _unseen(here) if each[1] in here.facts]


def needless_steps(here: Situation) -> list[tuple[UpgradeStep, str]]:
    """Return the steps of plugins that are new here, which have nothing to do."""
    return [each for each in _unseen(here) if each[1] not in here.facts]


def _unseen(here: Situation) -> Iterator[tuple[UpgradeStep, str]]:
    steps = here.tables.system.upgrade_step
    seen: set[tuple[str, str]] = set()
    if steps.name in here.older:
        seen = {(row.plugin, row.name) for row in here.connection.execute(sa.select(steps.c.plugin, steps.c.name))}
    for step, plugin in here.model.of(UpgradeStep):
        if (plugin, step.name) not in seen:
            yield step, plugin


def beforehand(due: list[tuple[UpgradeStep, str]]) -> Iterator[Step]:
    """Yield the steps that come before the tables change."""
    for step, plugin in due:
        if step.before:
            yield Step(sort="change", text=said(step, plugin), plugin=plugin, does=calling(step, plugin))


def noting(
    here: Situation, due: list[tuple[UpgradeStep, str]], needless: list[tuple[UpgradeStep, str]]
) -> Iterator[Step]:
    """Yield what notes which steps are done, and which are to be run when the tables have changed."""
    table = here.tables.system.upgrade_step
    rows = [
        {"plugin": plugin, "name": step.name, "cursor": None, "done_at": None if later else here.now}
        for steps, is_due in ((due, True), (needless, False))
        for step, plugin in steps
        for later in [is_due and not step.before]
    ]
    for step, plugin in due:
        if not step.before:
            yield Step(sort="change", text=said(step, plugin), plugin=plugin, does=nothing)
    if rows:

        def run(connection: sa.Connection) -> None:
            connection.execute(table.insert(), rows)

        yield Step(
            sort="change", text=ngettext("note {count} upgrade step", "note {count} upgrade steps", len(rows)), does=run
        )


def said(step: UpgradeStep, plugin: str) -> str:
    """Return what a step does, for people."""
    if step.help:
        return _("upgrade step {name} of {plugin}: {help}", name=step.name, plugin=plugin, help=step.help)
    return _("upgrade step {name} of {plugin}", name=step.name, plugin=plugin)


def calling(step: UpgradeStep, plugin: str) -> Callable[[sa.Connection], None]:
    """Return what calls a step that comes before the tables change."""

    def run(connection: sa.Connection) -> None:
        guarded(step, plugin, connection)

    return run


def guarded(step: UpgradeStep, plugin: str, *given: object) -> object:
    """Call a step's function; an error that it raises names the plugin.

    Raises:
        PluginFailedError: if it raises anything that is no refusal of crmkit's own.
    """
    try:
        return function_of(step.run)(*given)
    except CRMKitError:
        raise
    except (Exception, SystemExit) as error:
        problem = f"{type(error).__name__}: {error}"
        raise PluginFailedError(plugin=plugin, hook=f"upgrade step {step.name!r}", problem=problem) from error


def finish(open_session: Callable[[], Session], model: Model, tables: Tables, now: datetime) -> Iterator[str]:
    """Run the steps that come after the tables have changed, each batch in a transaction of its own.

    Killed anywhere, the next upgrade goes on behind the last batch that was committed.
    """
    table = tables.system.upgrade_step
    for step, plugin in model.of(UpgradeStep):
        key = sa.and_(table.c.plugin == plugin, table.c.name == step.name)
        is_done = False
        while not is_done:
            with open_session() as session:
                session.unit.check_writable()
                connection = session.unit.connection
                row = connection.execute(
                    sa.select(table.c.cursor, table.c.done_at).where(key).with_for_update()
                ).first()
                if row is None or row.done_at is not None:
                    break
                cursor = guarded(step, plugin, session, None if row.cursor is None else json.loads(row.cursor))
                is_done = cursor is None
                values = {"cursor": None, "done_at": now} if is_done else {"cursor": json.dumps(cursor)}
                connection.execute(table.update().where(key).values(values))
        if is_done:
            yield said(step, plugin)
