"""Erasing a person in tests, and looking for what is left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit import Customer
from crmkit.core.declare.values import ref_class

if TYPE_CHECKING:
    from crmkit import CRM, Ref


def erase(crm: CRM, number: int) -> None:
    """Erase a person as the officer."""
    with crm.session(actor="olga") as session:
        session.erase(session.get(Customer, number), reason="asked on 1 March")


def bytes_of(crm: CRM) -> bytes:
    """Return every byte of the database: the file of SQLite and its log, or all rows of all tables."""
    crm.compact()
    if crm.engine.dialect.name == "sqlite":
        file = crm.engine.url.database
        assert file is not None
        return b"".join(each.read_bytes() for each in sorted(Path(file).parent.glob(f"{Path(file).name}*")))
    with crm.engine.connect() as connection:
        rows = [connection.execute(sa.select(table)).all() for table in crm.tables.all]
    return repr(rows).encode()


def clinic_ref(number: int) -> Ref[object]:
    """Return the reference to a customer."""
    return ref_class("customer")(number)
