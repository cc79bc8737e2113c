"""Accesses: who was shown which sensitive values, written into the audit trail when the session ends.

In a transaction of its own, so that neither a rollback nor a read-only session leaves anything out; in a host's
transaction, in that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.lifecycle.ledger import encode
from crmkit.errors import AccessNotRecordedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from crmkit.core.lifecycle.session import Session

Shown = dict[tuple["datetime", str, tuple[str, ...]], set[int]]
"""By moment, entity and fields, the ids of the records whose values were shown."""


def note(session: Session, entity: str, fields: Iterable[str], ids: Iterable[int]) -> None:
    """Remember that fields of records were shown, or asked about, to be written when the session ends."""
    unit = session.unit
    unit.shown.setdefault((unit.now, entity, tuple(sorted(fields))), set()).update(ids)


def keep(session: Session, *, failed: bool) -> None:
    """Write what was shown in a session that has ended.

    Raises:
        AccessNotRecordedError: if it can't be written, and the session didn't fail anyway.
    """
    unit = session.unit
    if not unit.shown:
        return
    rows = list(entries(session))
    unit.shown.clear()
    insert = session.tables.system.change.insert()
    try:
        if unit.is_hosted:
            unit.connection.execute(insert, rows)
            return
        with unit.connection.engine.begin() as connection:
            connection.execute(insert, rows)
    except sa.exc.SQLAlchemyError as error:
        if not failed:
            raise AccessNotRecordedError from error


def entries(session: Session) -> Iterator[dict[str, object]]:
    """Yield an entry of the change log for every command, with the ids of all its records."""
    for (at, entity, fields), ids in session.unit.shown.items():
        said: dict[str, object] = {"fields": list(fields), "ids": as_ranges(ids)}
        if session.unit.reason:
            said["reason"] = session.unit.reason
        yield {
            "entity": entity,
            "record_id": 0,
            "version": 0,
            "action": "read",
            "at": at,
            "actor_id": session.principal.user,
            "old": None,
            "new": encode(said),
        }


def as_ranges(ids: Iterable[int]) -> str:
    """Return ids as a short text: `1-5,9`."""
    found: list[list[int]] = []
    for each in sorted(ids):
        if found and each == found[-1][1] + 1:
            found[-1][1] = each
        else:
            found.append([each, each])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def is_among(number: int, ranges: str) -> bool:
    """Return whether an id is among those of a text that `as_ranges` made."""
    for each in filter(None, ranges.split(",")):
        first, _dash, last = each.partition("-")
        if int(first) <= number <= int(last or first):
            return True
    return False
