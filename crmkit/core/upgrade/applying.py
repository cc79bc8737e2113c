"""Applying: a plan carried out under a lock, in one transaction; killed anywhere, nothing of it is there."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from crmkit.core.lifecycle.conditions import check_conditions
from crmkit.core.lifecycle.duplicates.refreshing import refresh
from crmkit.core.lifecycle.merging.replaying import replay
from crmkit.core.lifecycle.opening import connecting
from crmkit.core.lifecycle.session import Session
from crmkit.core.lifecycle.unit import Unit, begin
from crmkit.core.reading.permission import SYSTEM, Principal
from crmkit.core.storage.engine import DEFERRED
from crmkit.core.storage.locks import hold
from crmkit.core.storage.statistics import analyse
from crmkit.core.storage.system.generations import raise_generation
from crmkit.core.upgrade import once
from crmkit.core.upgrade.exporting import export_plugins
from crmkit.core.upgrade.planning import make_plan
from crmkit.errors import DestructiveError, LiftedRestrictionError, StalePlanError, UpgradeRefused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import sqlalchemy as sa

    from crmkit.app import CRM
    from crmkit.core.upgrade.plan import Plan

LOCK = "upgrade"
TOPIC = "plugins"
AT_ONCE = 500


def plan_for(crm: CRM, purge: Iterable[str] = ()) -> Plan:
    """Return what an upgrade, and a purge of some plugins, would do; nothing is written.

    Raises:
        DatabaseTooNewError: if the database was made for newer plugins.
        UnknownNameError: if a plugin to be purged has nothing in the database.
        ConnectionFailed: if the database can't be reached.
    """
    check_conditions(crm.model)
    with connecting(crm.engine), crm.engine.connect().execution_options(**{DEFERRED: True}) as connection:
        return make_plan(connection, crm.model, crm.tables, crm.clock(), purge=purge, move=mover(crm))


def apply_plan(
    crm: CRM,
    plan: Plan | None = None,
    *,
    purge: Iterable[str] = (),
    destructive: bool = False,
    lift_restrictions: bool = False,
    export: Path | None = None,
) -> list[str]:
    """Carry out a plan, or what is due if none is given, and return what was done, a line each.

    Everything but the upgrade steps that come last is one transaction. A second one at the same time waits for the
    first, and then finds what is left to do.

    Raises:
        StalePlanError: if the database or the plugins have changed since the plan was made.
        UpgradeRefused: if something stands against it.
        DestructiveError: if it would delete data for good, and that isn't said to be meant.
        LiftedRestrictionError: if it would lift restrictions that may hide records, and that isn't said to be meant.
        DatabaseTooNewError, UnknownNameError, ConnectionFailed: as `plan_for`.
        PluginFailedError: if an upgrade step of a plugin raises.
    """
    check_conditions(crm.model)
    with connecting(crm.engine), crm.engine.connect() as connection, without_cascades(connection):
        with connection.begin():
            hold(connection, crm.tables, LOCK)
            wished = plan.purged if plan else tuple(purge)
            found = make_plan(connection, crm.model, crm.tables, crm.clock(), purge=wished, move=mover(crm))
            check(found, plan, destructive=destructive, lift_restrictions=lift_restrictions)
            if export is not None:
                export_plugins(connection, crm.tables, found.purged, export)
            for step in found.steps:
                step.does(connection)
            if found.steps:
                check_references(connection)
                raise_generation(connection, crm.tables.system.generation, TOPIC)
                analyse(connection, crm.tables)
        crm.is_checked = False
    later = list(once.finish(lambda: system_session(crm), crm.model, crm.tables, crm.clock()))
    later += refresh(lambda: system_session(crm))
    later += replay(lambda: system_session(crm))
    crm.is_checked = True
    done = [each.text for each in found.steps]
    return [*done, *(each for each in later if each not in done)]


def check(found: Plan, plan: Plan | None, *, destructive: bool, lift_restrictions: bool) -> None:
    """Refuse a plan that is out of date, that can't be carried out, or that deletes or shows data unasked."""
    if plan is not None and plan.fingerprint != found.fingerprint:
        raise StalePlanError
    if found.problems:
        raise UpgradeRefused(problems=found.problems)
    if found.is_destructive and not destructive:
        raise DestructiveError(losses=found.losses)
    if found.lifted and not lift_restrictions:
        raise LiftedRestrictionError(restrictions=found.lifted)


@contextmanager
def without_cascades(connection: sa.Connection) -> Iterator[None]:
    """Keep SQLite from deleting what refers to a table that is made anew; it can be said outside transactions only."""
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.connection.cursor().execute("PRAGMA foreign_keys=ON")


def check_references(connection: sa.Connection) -> None:
    """Refuse to commit on SQLite if a row refers to one that isn't there.

    Raises:
        UpgradeRefused: naming the tables.
    """
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            found = sorted({f"{row[0]} > {row[2]}" for row in broken})
            problem = _("Rows refer to others that aren't there: {tables}.", tables=", ".join(found))
            raise UpgradeRefused(problems=(problem,))


def system_session(crm: CRM, connection: sa.Connection | None = None) -> Session:
    """Return a session of the system on a database that isn't fit for others yet."""
    opened = connection if connection is not None else begin(crm.engine, readonly=False)
    unit = Unit(opened, crm.clock, crm.ids, crm.statistics, is_hosted=connection is not None)
    principal = Principal(model=crm.model, tables=crm.tables, user=None, name=repr(SYSTEM), reaches_all=True)
    return Session(crm.model, crm.tables, unit, principal, crm.declared.statements(opened))


def mover(crm: CRM) -> Callable[[str, str, str], Callable[[sa.Connection], None]]:
    """Return what makes, for a pipeline and two stages, the function that moves all records from one to the other."""

    def moving(pipeline: str, source: str, target: str) -> Callable[[sa.Connection], None]:
        def run(connection: sa.Connection) -> None:
            entity = crm.model.entities[crm.model.pipelines[pipeline].entity].declared.declared
            inside = {"pipeline": pipeline, "stage": source}
            with system_session(crm, connection) as session:
                while True:
                    found = session.find(entity, inside, limit=AT_ONCE)
                    if not found:
                        return
                    session.move_many(found, target)

        return run

    return moving
