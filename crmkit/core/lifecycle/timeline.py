"""History and timeline: what was changed in a record, and what happened around it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.declare.values import Ref, ref_class
from crmkit.core.lifecycle.origins import Origin, origins
from crmkit.core.lifecycle.seeing import shown_values
from crmkit.core.reading.page import Page
from crmkit.errors import InvalidValue, NotFoundError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

MOST = 200
AROUND = ("create", "move", "delete", "restore")
"""What a timeline shows of the records around: their coming and going and their stages, not every edit."""
ABOUT = frozenset({"share", "unshare", "merge", "unmerge"})
"""What is done about a record without changing it."""
WRITTEN = frozenset({"create", "update", "move"})
"""What an import does to records."""


@frozen(kw_only=True)
class HistoryEntry:
    """One change of a record; `old` and `new` hold the fields that changed, as JSON.

    Attributes:
        action: `create`, `update`, `move`, `delete`, `restore`, `share`, `unshare`, `merge`, `unmerge` or `reveal`.
        at: the moment, UTC.
        actor: the user, None for the system.
        origin: the row of an imported file that it came from, None if it came from elsewhere.
    """

    version: int
    action: str
    at: datetime
    actor: Ref[object] | None
    old: Mapping[str, object]
    new: Mapping[str, object]
    origin: Origin | None = None


@frozen(kw_only=True)
class TimelineEntry:
    """One thing that happened to a record or around it.

    Attributes:
        record: the record it happened to.
        title: what people call that record.
        action: `create`, `update`, `move`, `delete`, `restore`, `share`, `unshare`, `merge`, `unmerge` or `reveal`.
        at: the moment, UTC.
        actor: the user, None for the system.
    """

    record: Ref[object]
    title: str
    action: str
    at: datetime
    actor: Ref[object] | None
    new: Mapping[str, object]


def history(session: Session, record: Record) -> list[HistoryEntry]:
    """Return the changes of a record, newest first.

    Raises:
        NotFoundError: if the actor doesn't see the record.
    """
    entity = session.model.entity(record)
    if not session.reader.by_id(entity, [record.id], deleted=True):
        raise NotFoundError(entity=entity.name, id=record.id)
    table = session.tables.system.change
    query = (
        sa.select(table)
        .where(table.c.entity == entity.name, table.c.record_id == record.id)
        .order_by(table.c.version.desc(), table.c.id.desc())
    )
    found = origins(session, entity.name, record.id)
    return [
        HistoryEntry(
            version=row.version,
            action=row.action,
            at=row.at,
            actor=_actor(row.actor_id),
            old=shown_values(session, entity, _values(row.old), record.id),
            new=_said(row) or shown_values(session, entity, _values(row.new), record.id),
            origin=found.get(row.version) if row.action in WRITTEN else None,
        )
        for row in session.unit.connection.execute(query)
    ]


def timeline(session: Session, record: Record, *, limit: int, after: str | None) -> Page[TimelineEntry]:
    """Return a page of what happened to a record and to those that refer to it, newest first.

    Raises:
        NotFoundError: if the actor doesn't see the record.
        InvalidValue: if `after` is not a cursor of a timeline.
    """
    entity = session.model.entity(record)
    if record.id not in session.readable_ids(entity.name, [record.id]):
        raise NotFoundError(entity=entity.name, id=record.id)
    table = session.tables.system.change
    size = max(1, min(limit, MOST))
    selects = [_of_record(table, entity.name, record.id), *_around(session, table, entity.name, record.id)]
    everything = sa.union_all(*selects).subquery()
    query = sa.select(everything).order_by(everything.c.id.desc()).limit(size + 1)
    if after is not None:
        query = query.where(everything.c.id < _position(after))
    found = list(session.unit.connection.execute(query))
    titles = _titles(session, found[:size])
    entries = (
        TimelineEntry(
            record=ref_class(row.entity)(row.record_id),
            title=titles.get((row.entity, row.record_id), ""),
            action=row.action,
            at=row.at,
            actor=_actor(row.actor_id),
            new=_said(row)
            or shown_values(session, session.model.entities.get(row.entity), _values(row.new), row.record_id),
        )
        for row in found[:size]
    )
    return Page(entries, next=str(found[size - 1].id) if len(found) > size else None)


def _of_record(table: sa.Table, entity: str, number: int) -> sa.Select[tuple[object, ...]]:
    return sa.select(table).where(table.c.entity == entity, table.c.record_id == number)


def _around(session: Session, table: sa.Table, target: str, number: int) -> Iterable[sa.Select[tuple[object, ...]]]:
    """Yield a selection for every entity with a reference to the target, within the actor's reach.

    What is private has no place in what everybody sees.
    """
    for entity in session.model.entities.values():
        if entity.declared.private:
            continue
        fields = [entity.fields[name] for name in entity.references]
        columns = [
            each.columns for each in fields if each.target in {target, None} and session.principal.sees(entity, each)
        ]
        source = session.tables[entity.name]
        points = [_points_at(source, each, target, number) for each in columns]
        if points:
            condition = sa.and_(sa.or_(*points), source.c.deleted_at.is_(None))
            reach = session.reacher.reach(entity, source, "read")
            ids = sa.select(source.c.id).where(condition if reach is None else condition & reach)
            yield sa.select(table).where(
                table.c.entity == entity.name, table.c.action.in_(AROUND), table.c.record_id.in_(ids)
            )


def _points_at(source: sa.Table, columns: tuple[str, ...], target: str, number: int) -> sa.ColumnElement[bool]:
    points = source.c[columns[-1]] == number
    return points if len(columns) == 1 else points & (source.c[columns[0]] == target)


def _titles(session: Session, rows: list[sa.Row[tuple[object, ...]]]) -> dict[tuple[str, int], str]:
    """Return what people call the records of some entries, those of the actor's reach, in one statement."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        wanted.setdefault(row.entity, set()).add(row.record_id)
    if not wanted:
        return {}
    query = sa.union_all(*(_titles_of(session, session.model.entities[name], ids) for name, ids in wanted.items()))
    return {
        (row.entity, row.id): row.title or f"{session.model.entities[row.entity].label} {row.id}"
        for row in session.unit.connection.execute(query)
    }


def _titles_of(session: Session, entity: EntityModel, ids: Iterable[int]) -> sa.Select[tuple[object, ...]]:
    source, field = session.tables[entity.name], entity.fields[entity.declared.title]
    is_text = isinstance(source.c[field.columns[0]].type, sa.String) and session.principal.sees(entity, field)
    title = source.c[field.columns[0]] if is_text else sa.null()
    condition, reach = source.c.id.in_(ids), session.principal.reach(entity, source, "read")
    named = sa.literal(entity.name, sa.String()).label("entity")
    columns = (named, source.c.id, sa.cast(title, sa.String()).label("title"))
    return sa.select(*columns).where(condition if reach is None else condition & reach)


def title_of(entity: EntityModel, record: Record) -> str:
    """Return what people call a record."""
    named = dict(record.items()).get(entity.declared.title)
    return f"{entity.label} {record.id}" if named is None else str(named)


def _position(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit()):
        raise InvalidValue(_("{cursor!r} is not a cursor of a timeline.", cursor=cursor))
    return int(cursor)


def _actor(number: int | None) -> Ref[object] | None:
    return None if number is None else ref_class("user")(number)


def _said(row: sa.Row[tuple[object, ...]]) -> Mapping[str, object]:
    """Return what an entry says that is about the record, and not about its fields."""
    return _values(row.new) if row.action in ABOUT else {}


def _values(text: str | None) -> Mapping[str, object]:
    return {} if text is None else json.loads(text)
