"""Reading another database by one statement, for external sources."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import define

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.core.lifecycle.questions import Questions

BATCH = 1000


@define(kw_only=True, slots=False, eq=False)
class SqlReader:
    """Reads records of another database; nothing is ever written to it, and no connection is kept.

    Attributes:
        url: the database, as SQLAlchemy writes it; or the name of the setting that holds it.
        statement: a SELECT in which `:ids` stands for the ids that are wanted, as texts: `... WHERE no IN :ids`.
        key: the column of the statement that holds the id.
        listing: a SELECT of the ids of all records, for `ids`: `SELECT no FROM debtor`.
    """

    url: str
    statement: str
    key: str
    listing: str = ""

    def __call__(self, session: Questions, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        """Return the rows by id."""
        wanted = sa.text(self.statement).bindparams(sa.bindparam("ids", expanding=True))
        engine = self._engine(session)
        with engine.connect() as connection:
            rows = connection.execute(wanted, {"ids": list(ids)}).mappings()
            return {str(row[self.key]): dict(row) for row in rows}

    def ids(self, session: Questions) -> Iterator[str]:
        """Yield the ids of all records, holding few at once."""
        with self._engine(session).connect().execution_options(yield_per=BATCH) as connection:
            for row in connection.execute(sa.text(self.listing)):
                yield str(row[0])

    def _engine(self, session: Questions) -> sa.Engine:
        url = self.url if ":" in self.url else str(session.setting(self.url))
        if url not in self._engines:
            self._engines[url] = read_only(sa.make_url(url))
        return self._engines[url]

    @cached_property
    def _engines(self) -> dict[str, sa.Engine]:
        return {}


def read_only(url: sa.URL) -> sa.Engine:
    """Return an engine that can't write: a SQLite file is opened so, and PostgreSQL is told so."""
    path = url.database or ""
    if url.get_backend_name() == "sqlite" and path and not path.startswith((":", "file:")):
        url = url.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"})
    options = {"postgresql_readonly": True} if url.get_backend_name() == "postgresql" else {}
    return sa.create_engine(url, poolclass=sa.pool.NullPool, execution_options=options)
