"""The lifecycle's own tables: those that are not entities, a file for each idea."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.system.closures import ClosureTables
from crmkit.core.storage.system.duplicates import DuplicateTables
from crmkit.core.storage.system.files import FileTables
from crmkit.core.storage.system.generations import GenerationTables
from crmkit.core.storage.system.imports import ImportTables
from crmkit.core.storage.system.making import TableMaker
from crmkit.core.storage.system.merges import MergeTables
from crmkit.core.storage.system.outbox import OutboxTables
from crmkit.core.storage.system.seals import SealTables
from crmkit.core.storage.system.shares import ShareTables
from crmkit.core.storage.system.upgrades import UpgradeTables
from crmkit.core.storage.system.writes import WriteTables

if TYPE_CHECKING:
    from collections.abc import Iterator


class SystemTables(
    WriteTables,
    ClosureTables,
    DuplicateTables,
    FileTables,
    GenerationTables,
    ImportTables,
    MergeTables,
    OutboxTables,
    SealTables,
    ShareTables,
    UpgradeTables,
):
    """The tables that are not entities."""

    def __init__(self, metadata: sa.MetaData, *, prefix: str, schema: str | None) -> None:
        make = TableMaker(metadata, prefix, schema)
        self.add_writes(make)
        self.add_closures(make)
        self.add_duplicates(make)
        self.add_files(make)
        self.add_generations(make)
        self.add_imports(make)
        self.add_merges(make)
        self.add_outbox(make)
        self.add_seals(make)
        self.add_shares(make)
        self.add_upgrades(make)

    @property
    def all(self) -> tuple[sa.Table, ...]:
        """All of them."""
        return tuple(self._each())

    def _each(self) -> Iterator[sa.Table]:
        for each in vars(self).values():
            if isinstance(each, sa.Table):
                yield each
