"""The audit trail: the change log as auditors read it, across all records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.declare.values import Ref, ref_class
from crmkit.core.lifecycle.renames import RENAME
from crmkit.core.lifecycle.seeing import shown_values
from crmkit.core.lifecycle.timeline import ABOUT
from crmkit.errors import AccessDeniedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

AT_ONCE = 500
TOLD = ABOUT | {"blank", "disclose", "erase", "read", RENAME, "reveal"}
"""The actions of which auditors are told all: they are about records, not about the values of fields."""


@frozen(kw_only=True)
class AuditEntry:
    """One entry of the audit trail.

    Attributes:
        number: its place in the change log.
        record: the record it is about, which may be deleted; of a `read`, with the id 0: `new` has all ids. A `rename`
            of its entity is about none, and has the id 0, too.
        actor: the user who did it, None for the system.
        at: the moment, UTC.
        seal: the seal that it is under; None if it isn't sealed yet.
        hash: the salted hash of its values, with which a third party can follow the chain.
        sealed_as: the name of the record's entity that the seal covers, if it has another one now.
    """

    number: int
    record: Ref[object]
    version: int
    action: str
    at: datetime
    actor: int | None
    old: Mapping[str, object]
    new: Mapping[str, object]
    seal: int | None
    hash: str | None
    sealed_as: str | None


class Trail:
    """Reads the audit trail; for actors with a role that may (`Role.audits`), and the system."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def entries(
        self,
        *,
        entity: str | type[Record] | None = None,
        actor: int | None = None,
        action: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> Iterator[AuditEntry]:
        """Yield the entries, oldest first: of an entity, by a user, of a sort, from `since` up to before `until` (UTC).

        Fields that the actor may not see are left out of their values. `after` is the number of an entry to go on from.

        Raises:
            AccessDeniedError: if none of the actor's roles may read the audit trail.
        """
        session = self._session
        session.unit.check_readable()
        if not session.principal.audits:
            raise AccessDeniedError(action="read", entity="audit trail", actor=session.principal.name)
        change, sealed = session.tables.system.change, session.tables.system.sealed_change
        joined = change.outerjoin(sealed, sealed.c.change_id == change.c.id)
        conditions: list[sa.ColumnElement[bool]] = []
        if entity is not None:
            conditions.append(change.c.entity == session.model.entity(entity).name)
        if actor is not None:
            conditions.append(change.c.actor_id == actor)
        if action is not None:
            conditions.append(change.c.action == action)
        if since is not None:
            conditions.append(change.c.at >= since)
        if until is not None:
            conditions.append(change.c.at < until)
        last, left = after, limit
        while left is None or left > 0:
            size = AT_ONCE if left is None else min(AT_ONCE, left)
            query = sa.select(change, sealed.c.seal, sealed.c.hash, sealed.c.entity.label("sealed_as"))
            query = query.select_from(joined)
            query = query.where(change.c.id > last, *conditions).order_by(change.c.id).limit(size)
            rows = session.unit.connection.execute(query).all()
            yield from (self._entry(row) for row in rows)
            if len(rows) < size:
                return
            last, left = rows[-1].id, None if left is None else left - len(rows)

    def _entry(self, row: sa.Row[Any]) -> AuditEntry:
        return AuditEntry(
            number=row.id,
            record=ref_class(row.entity)(row.record_id),
            version=row.version,
            action=row.action,
            at=row.at,
            actor=row.actor_id,
            old=self._shown(row, row.old),
            new=self._shown(row, row.new),
            seal=row.seal,
            hash=row.hash,
            sealed_as=row.sealed_as,
        )

    def _shown(self, row: sa.Row[Any], text: str | None) -> Mapping[str, object]:
        values: dict[str, object] = json.loads(text) if text else {}
        if row.action in TOLD:
            return values
        entity = self._session.model.entities.get(row.entity)
        return {} if entity is None else shown_values(self._session, entity, values, row.record_id)
