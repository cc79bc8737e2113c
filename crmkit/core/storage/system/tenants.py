"""Tenants: the register of a CRM that has tenants.

It is none of the tables of a CRM: no tenant has one, and backups neither take it along nor put an older one in its
place, since it says which databases are there beside the CRM's own.
"""

from __future__ import annotations

import sqlalchemy as sa

from crmkit.core.storage.column_types import MOMENT, TEXT
from crmkit.core.storage.system.making import number_column


def tenant_table(prefix: str, schema: str | None) -> sa.Table:
    """Return the table: one row per tenant, with its state and the schema or file where it lives."""
    return sa.Table(
        f"{prefix}tenant",
        sa.MetaData(),
        number_column(),
        sa.Column("name", TEXT, nullable=False, unique=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("location", TEXT, nullable=False, unique=True),
        sa.Column("created_at", MOMENT, nullable=False),
        schema=schema,
        sqlite_autoincrement=True,  # a number never comes back: it tells a tenant from one that was dropped
    )


def is_register(name: str, prefix: str) -> bool:
    """Return whether this is the name of the register, or of the sequence of its numbers."""
    return name in {f"{prefix}tenant", f"{prefix}tenant_id_seq"}
