"""A pool of databases for tests: made once for what CRMs declare, then copied or emptied instead of made again."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from copy import copy
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from crmkit.app import CRM
from crmkit.core.assemble.plugins import installed
from crmkit.core.lifecycle.conditions import check_conditions
from crmkit.core.storage.places import OwnPlace
from crmkit.testing.databases import create_schema, drop_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from pathlib import Path

    from crmkit.core.assemble.model import Model
    from crmkit.core.storage.tables import Tables
    from crmkit.testing.as_made import AsMade

NOWHERE = "sqlite://"
MOST_KEPT = 24
"""How many prepared schemas wait for their next test, and for how many databases the tables are remembered."""


@frozen(kw_only=True)
class PooledPlace(OwnPlace):
    """A place whose tables need not be derived anew: another CRM that declares the same has had them there."""

    pool: DatabasePool
    key: Hashable

    def tables(self, model: Model) -> Tables:
        """Return the tables of a Model."""
        return self.pool.tables_for((self.key, self.schema), model, super().tables)


@define(eq=False)
class DatabasePool:
    """Databases that have their tables and the administrator `admin`, by what the CRMs that they were made for declare.

    Attributes:
        folder: where SQLite files are kept, to be copied.
        worker: keeps the schemas of processes that share a PostgreSQL apart.
        entries: the names of the installed plugins.
        crms: CRMs of installed plugins alone, by their names.
        files: the SQLite files.
        schemas: the prepared schemas, those that were used last at the end.
        server: the PostgreSQL that was used, if any.
    """

    folder: Path
    worker: str
    entries: frozenset[str] = field(factory=lambda: frozenset(installed()))
    crms: dict[tuple[str, ...], CRM] = field(factory=dict)
    files: dict[Hashable, Path] = field(factory=dict)
    schemas: OrderedDict[str, tuple[Hashable, AsMade]] = field(factory=OrderedDict)
    tables: OrderedDict[Hashable, tuple[Tables, int]] = field(factory=OrderedDict)
    made: int = 0
    server: str | None = None

    def assembled(self, plugins: tuple[object, ...], options: Mapping[str, object]) -> CRM:
        """Return a CRM that is nowhere yet; its Model, which never changes, is that of others with the same plugins.

        Plugins that are given as objects or files, and other settings, make a Model of their own, and a CRM that makes
        sure that the database is the right one.
        """
        names = tuple(each for each in plugins if isinstance(each, str) and each in self.entries)
        if options or len(names) < len(plugins):
            crm = CRM(NOWHERE, plugins, **options)  # type: ignore[arg-type]
            check_conditions(crm.model)
            return crm
        if names not in self.crms:
            self.crms[names] = CRM(NOWHERE, plugins)
            check_conditions(self.crms[names].model)
        found = copy(self.crms[names])
        found.is_checked = True
        return found

    def file(self, key: Hashable, target: Path) -> bool:
        """Copy the SQLite file for a key, if there is one, and say so."""
        if key in self.files:
            shutil.copyfile(self.files[key], target)
        return key in self.files

    def keep_file(self, key: Hashable, crm: CRM, source: Path) -> None:
        """Keep a SQLite file, just made, to be copied."""
        with crm.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.files[key] = self.folder / f"template{len(self.files)}.db"
        shutil.copyfile(source, self.files[key])

    def schema(self, key: Hashable) -> AsMade | None:
        """Take a prepared schema out of the pool, if there is one."""
        found = next((name for name, (its_key, _made) in self.schemas.items() if its_key == key), None)
        return None if found is None else self.schemas.pop(found)[1]

    def new_schema(self, server: str) -> str:
        """Make an empty schema on a PostgreSQL."""
        self.server = server
        name = f"t_{self.worker}_{self.made}"
        self.made += 1
        drop_schema(server, name)
        create_schema(server, name)
        return name

    def give_back(self, key: Hashable, crm: CRM, made: AsMade) -> None:
        """Make a schema hold what it held when it was made, to be used again; drop it if its tables were changed."""
        assert self.server is not None
        with crm.engine.begin() as connection:
            is_restored = made.restore(connection)
        if is_restored:
            self.schemas[made.schema] = key, made
        else:
            drop_schema(self.server, made.schema)
        if len(self.schemas) > MOST_KEPT:
            drop_schema(self.server, self.schemas.popitem(last=False)[0])

    def tables_for(self, key: Hashable, model: Model, derive: Callable[[Model], Tables]) -> Tables:
        """Return the tables for a key and a Model, derived if there are none yet, or if somebody has added others."""
        known, count = self.tables.pop(key, (None, 0))
        if known is None or len(known.metadata.tables) != count:
            known = derive(model)
            known.all  # noqa: B018  (so that it is remembered, too)
        self.tables[key] = known, len(known.metadata.tables)
        if len(self.tables) > MOST_KEPT:
            self.tables.popitem(last=False)
        found = copy(known)
        found.model = model
        return found

    def close(self) -> None:
        """Drop the schemas."""
        while self.schemas:
            drop_schema(str(self.server), self.schemas.popitem()[0])
