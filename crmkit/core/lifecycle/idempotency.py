"""Idempotency keys: a retried command finds what it did the first time, stored in the transaction of the work."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.kinds.references import REFERENCE
from crmkit.errors import KeyReusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


def once(session: Session, key: str, command: tuple[object, ...], act: Callable[[], Record]) -> Record:
    """Run a command unless its key was used before; then return the record it was about, as it is now.

    Raises:
        KeyReusedError: if the key came with another command, or from another actor.
    """
    session.unit.check_writable()
    session.serialise(f"command {key}")
    table = session.tables.system.command
    fingerprint = fingerprint_of((session.principal.user, *command))
    found = session.unit.connection.execute(sa.select(table).where(table.c.key == key)).mappings().first()
    if found is not None:
        if found["fingerprint"] != fingerprint:
            raise KeyReusedError(key=key)
        answer = REFERENCE.match(found["answer"])
        assert answer is not None
        return session.get(session.model.entity(answer[1]).record_class, int(answer[2]))
    record = act()
    with session.unit.writing():
        session.unit.connection.execute(
            table.insert().values(
                key=key,
                fingerprint=fingerprint,
                answer=str(record.ref),
                at=session.unit.now,
                actor_id=session.principal.user,
            )
        )
        session.unit.written += 1
    return record


def fingerprint_of(command: tuple[object, ...]) -> str:
    """Return a digest of a command and its values, equal for equal commands."""
    text = json.dumps(command, default=lambda value: str(getattr(value, "ref", value)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
