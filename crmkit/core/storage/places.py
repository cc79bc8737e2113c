"""Places: where the tables of a CRM live, and who may open a session on them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import sqlalchemy as sa

    from crmkit.core.assemble.model import Model
    from crmkit.core.storage.tables import Tables


class Place(Protocol):
    """Where the tables of one CRM live."""

    @property
    def tenant(self) -> str | None:
        """The name of the tenant whose place it is, None if it is nobody's."""

    def tables(self, model: Model) -> Tables:
        """Return the tables of a Model at this place."""

    def engine(self) -> sa.Engine:
        """Return the engine that leads to them; nothing is connected yet."""

    def close(self, engine: sa.Engine) -> None:
        """Close the connections of an engine that this place opened."""

    def check_open(self, connection: sa.Connection | None = None) -> None:
        """Refuse sessions if none may be opened now; a connection, if one is given, is one to this place."""

    def check_connection(self, connection: sa.Connection) -> None:
        """Refuse a host's connection that leads somewhere else."""

    def explaining(self) -> AbstractContextManager[None]:
        """Let an error of the database say what it comes from, if the place is why."""


@frozen(kw_only=True)
class OwnPlace:
    """A database of the host's choice.

    Attributes:
        database: its URL, or the host's engine.
        metadata: the host's, if its tables are to refer to the CRM's.
        prefix: what every table's name begins with.
        schema: the schema; if there is none, the connection's own.
    """

    database: str | sa.URL | sa.Engine
    metadata: sa.MetaData | None = None
    prefix: str = "crm_"
    schema: str | None = None

    @property
    def tenant(self) -> str | None:
        """None: it is no tenant's."""
        return None

    def tables(self, model: Model) -> Tables:
        """Return the tables of a Model, in the host's `MetaData` if it gave one."""
        from crmkit.core.storage.tables import Tables

        return Tables(model, self.metadata, prefix=self.prefix, schema=self.schema)

    def engine(self) -> sa.Engine:
        """Return an engine for the URL, or the host's own.

        Raises:
            UnpreparedEngineError: if it is a host's SQLite engine that has not been prepared.
            UnsupportedDatabaseError: if it is neither SQLite nor PostgreSQL.
        """
        from sqlalchemy import Engine

        from crmkit.core.storage.engine import check_prepared, open_engine

        if not isinstance(self.database, Engine):
            return open_engine(self.database)
        check_prepared(self.database)
        return self.database

    def close(self, engine: sa.Engine) -> None:
        """Close the connections; a host's engine is left alone."""
        if engine is not self.database:
            engine.dispose()

    def check_open(self, connection: sa.Connection | None = None) -> None:
        """Refuse nothing: a CRM of its own is always open."""

    def check_connection(self, connection: sa.Connection) -> None:
        """Refuse nothing: which database is meant is the host's choice."""

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Leave errors as they are."""
        yield
