"""The life of plugins: `crm.plugins`, which plans and applies what is to become of them in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.assemble.plugins import installed
from crmkit.core.lifecycle.opening import connecting
from crmkit.core.storage.engine import DEFERRED
from crmkit.core.storage.plugin_ledger import facts_of
from crmkit.core.upgrade.applying import apply_plan, plan_for
from crmkit.core.upgrade.planning import kept_rows
from crmkit.core.upgrade.present import Present

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from crmkit.app import CRM
    from crmkit.core.storage.plugin_ledger import Fact
    from crmkit.core.upgrade.plan import Plan

AVAILABLE, ENABLED, DISABLED = "available", "enabled", "disabled"


@frozen(kw_only=True)
class PluginState:
    """A plugin, as it stands.

    Attributes:
        state: `available` (installed, and unknown to the database), `enabled` or `disabled`.
        is_wished: whether it is on the CRM's list of plugins.
        version: the version in the database; of one that isn't there, the assembled one's; else empty.
        rows: how many records and values it keeps in the database.
    """

    name: str
    state: str
    is_wished: bool
    version: str = ""
    rows: int = 0


class PluginLife:
    """Plans and applies what is to become of plugins in the database of a CRM."""

    def __init__(self, crm: CRM) -> None:
        self._crm = crm

    def list(self) -> tuple[PluginState, ...]:
        """Return all plugins that are assembled, in the database, or installed, in this order.

        Raises:
            ConnectionFailed: if the database can't be reached.
        """
        crm = self._crm
        facts: dict[str, Fact] = {}
        rows: dict[str, int] = {}
        with connecting(crm.engine), crm.engine.connect().execution_options(**{DEFERRED: True}) as connection:
            if crm.tables.system.plugin.name in Present.of(connection, crm.tables).tables:
                facts = facts_of(connection, crm.tables)
                rows = {name: kept_rows(connection, crm.tables, fact) for name, fact in facts.items()}
        wished = {each.name: each.manifest.version for each in crm.model.plugins}
        return tuple(
            PluginState(
                name=name,
                state=facts[name].state if name in facts else AVAILABLE,
                is_wished=name in wished,
                version=facts[name].version if name in facts else wished.get(name, ""),
                rows=rows.get(name, 0),
            )
            for name in dict.fromkeys([*wished, *facts, *sorted(installed())])
        )

    def plan(self, *, purge: Iterable[str] = ()) -> Plan:
        """Return what bringing the database to the CRM's plugins, and purging others, would do; nothing is written.

        Raises:
            DatabaseTooNewError: if the database was made for newer plugins.
            UnknownNameError: if a plugin to be purged has nothing in the database.
            ConnectionFailed: if the database can't be reached.
        """
        return plan_for(self._crm, purge)

    def apply(
        self,
        plan: Plan,
        /,
        *,
        destructive: bool = False,
        lift_restrictions: bool = False,
        export: str | PathLike[str] | None = None,
    ) -> tuple[str, ...]:
        """Carry out a plan under a lock, and return what was done, a line each.

        `destructive` says that deleting data for good is meant, `lift_restrictions` that it is to show people records
        which restrictions keep from them now; `export` is a folder into which what the purged plugins
        keep is written first.

        Raises:
            StalePlanError: if the database or the plugins have changed since.
            UpgradeRefused: if something stands against it.
            DestructiveError: if it would delete data for good, and that isn't said to be meant.
            LiftedRestrictionError: if it would lift restrictions that may hide records, and that isn't meant either.
            PluginFailedError: if an upgrade step of a plugin raises.
        """
        from pathlib import Path

        folder = None if export is None else Path(export)
        return tuple(
            apply_plan(self._crm, plan, destructive=destructive, lift_restrictions=lift_restrictions, export=folder)
        )
