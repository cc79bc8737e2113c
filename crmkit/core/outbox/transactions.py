"""Transactions of the outbox's own: short, and with the moment on which all workers agree."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from crmkit.core.lifecycle.opening import check_facts, connecting
from crmkit.core.lifecycle.unit import begin
from crmkit.core.storage.moments import shared_now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import sqlalchemy as sa

    from crmkit.app import CRM


@contextmanager
def writing(crm: CRM) -> Iterator[tuple[sa.Connection, datetime]]:
    """Run a short writing transaction.

    Raises:
        ConnectionFailed: if the database can't be reached.
        UpgradeNeeded: if it does not match the plugins.
    """
    with connecting(crm.engine):
        connection = begin(crm.engine, readonly=False)
    try:
        with connecting(crm.engine):
            if not crm.is_checked:
                check_facts(crm, connection)
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection, shared_now(connection, crm.clock)
            connection.commit()
    finally:
        connection.close()
