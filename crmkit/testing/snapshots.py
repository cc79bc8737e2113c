"""Snapshots: what is in the database, to be sure that what was refused has changed nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from crmkit.core.reading.permission import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

    from crmkit.app import CRM
    from crmkit.core.lifecycle.session import Session

Rows = dict[str, list[tuple[object, ...]]]


def snapshot(crm: CRM, connection: sa.Connection | None = None) -> Rows:
    """Return all rows of all tables of a CRM as the driver gives them, by table, sorted by primary key.

    They are read in a transaction of their own, or on a connection, as its transaction sees them. The sequence of ids
    is left out: ids that were taken and not used do no harm.
    """
    if connection is None:
        with crm.session(actor=SYSTEM) as session:
            return snapshot(crm, session.unit.connection)
    sequence = crm.tables.system.sequence
    preparer = connection.dialect.identifier_preparer
    found: Rows = {}
    for table in crm.tables.all:
        if table is not sequence:
            keys = ", ".join(preparer.quote(column.name) for column in table.primary_key)
            query = f"SELECT * FROM {preparer.format_table(table)} ORDER BY {keys}"  # noqa: S608  (names of our own)
            found[table.name] = [tuple(row) for row in connection.exec_driver_sql(query)]
    return found


@contextmanager
def unchanged(crm: CRM) -> Iterator[None]:
    """Check that what is inside leaves every committed row of every table as it was."""
    before = snapshot(crm)
    yield
    assert snapshot(crm) == before


@contextmanager
def refused(crm: CRM, session: Session, *errors: type[BaseException]) -> Iterator[pytest.ExceptionInfo[BaseException]]:
    """Check that a command raises one of these errors, and that the session's transaction is as it was before.

    A session that the failure has doomed can't keep anything: see `unchanged` for that.
    """
    before = snapshot(crm, session.unit.connection)
    with pytest.raises(errors) as caught:
        yield caught
    if not session.unit.doomed:
        assert snapshot(crm, session.unit.connection) == before
