"""Steps: each a single thing that a plan does to the database, said for people before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa
from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable

Sort = Literal["add", "change", "hide", "lift", "drop"]


@frozen(kw_only=True)
class Step:
    """One step of a plan.

    Attributes:
        sort: whether it adds, changes, hides or drops something, or lifts what hides records.
        text: what it does, for people.
        plugin: the plugin that it is done for; empty if it is done for all.
        rows: how many rows it concerns, where that matters.
        does: the function that does it.
        tells: whether it is told when it is done; else it is told beforehand only.
    """

    sort: Sort
    text: str
    plugin: str = ""
    rows: int | None = None
    does: Callable[[sa.Connection], None] = field(eq=False, repr=False)

    @property
    def is_destructive(self) -> bool:
        """Whether data is lost for good."""
        return self.sort == "drop"

    def as_json(self) -> dict[str, object]:
        """Return the step as JSON."""
        return {"sort": self.sort, "text": str(self.text), "plugin": self.plugin, "rows": self.rows}


def nothing(_connection: sa.Connection) -> None:
    """Do nothing: the step says what comes with another."""


def execute(*statements: str) -> Callable[[sa.Connection], None]:
    """Return a function that runs statements of SQL."""

    def run(connection: sa.Connection) -> None:
        for each in statements:
            connection.exec_driver_sql(each)

    return run


def quoted(connection: sa.Connection, name: str, schema: str | None = None) -> str:
    """Return an identifier as the database wants it written."""
    preparer = connection.dialect.identifier_preparer
    return f"{preparer.quote_schema(schema)}.{preparer.quote(name)}" if schema else preparer.quote(name)


def count_rows(connection: sa.Connection, name: str, schema: str | None, *columns: str) -> int:
    """Return how many rows a table has, or how many of them have a value in one of some columns."""
    table = sa.table(name, *(sa.column(each) for each in columns), schema=schema)
    query = sa.select(sa.func.count()).select_from(table)
    if columns:
        query = query.where(sa.or_(*(table.c[each].is_not(None) for each in columns)))
    return int(connection.execute(query).scalar_one())
