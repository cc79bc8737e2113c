"""Secrets: the one way by which a program reads the value of a secret field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.assemble.model import known
from crmkit.core.lifecycle import ledger
from crmkit.core.storage.extra import stored
from crmkit.errors import AccessDeniedError, NotFoundError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


def secret(session: Session, record: Record, name: str, *, reason: str) -> object:
    """Return the value of a secret field, having noted in the change log that it was read, and why.

    Raises:
        AccessDeniedError: if the session has no system reach.
        UnknownNameError: if the entity has no secret field of that name.
        NotFoundError: if there is no such record.
        ReadOnlyError: in a readonly session, which can note nothing.
    """
    session.unit.check_writable()
    entity = session.model.entity(record)
    if not session.principal.reaches_all:
        raise AccessDeniedError(action=_("read a secret of"), entity=entity.name, actor=session.principal.name)
    field = known({each: entity.fields[each] for each in entity.secrets}, name, _("secret of {name}", name=entity.name))
    table = session.tables[entity.name]
    query = sa.select(table.c.version, *(stored(table, field, column) for column in field.columns))
    row = session.unit.connection.execute(query.where(table.c.id == record.id, table.c.deleted_at.is_(None))).first()
    if row is None:
        raise NotFoundError(entity=entity.name, id=record.id)
    ledger.witness(session, record.ref, row[0], "reveal", {"fields": [name], "reason": reason})
    raw = row[1:]
    return None if all(part is None for part in raw) else field.kind.load(*raw)
