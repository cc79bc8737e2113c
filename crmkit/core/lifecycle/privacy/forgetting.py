"""Forgetting: what the lifecycle's own tables hold of records: logged values, events, keys, and traces of imports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.lifecycle.privacy.blanking import blanked_fields
from crmkit.core.lifecycle.privacy.finding import chunks
from crmkit.core.lifecycle.timeline import ABOUT
from crmkit.core.storage.extra import stored
from crmkit.core.storage.system.outbox import WAITING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.lifecycle.session import Session

SHORTEST = 3
"""Shorter texts than this are no trace of anybody."""
KEPT = ("blank", "erase", "reveal", "disclose")
"""Entries of the change log that hold no values of the record."""


def forget_changes(session: Session, entity: EntityModel, ids: Iterable[int], *, wholly: bool) -> int:
    """Drop the values of logged changes with their salts, so that the chain still holds; return how many.

    Of records that stay, only the entries are dropped that say something personal, or something that nobody knows now.
    """
    change, sealed, connection = session.tables.system.change, session.tables.system.sealed_change, _connection(session)
    harmless = entity.fields.keys() - {*entity.protected}
    kept = KEPT if wholly else (*KEPT, *ABOUT)
    count = 0
    for chunk in chunks(ids):
        of_records = sa.and_(change.c.entity == entity.name, change.c.record_id.in_(chunk))
        has_values = sa.or_(change.c.old.is_not(None), change.c.new.is_not(None))
        query = sa.select(change.c.id, change.c.old, change.c.new)
        rows = connection.execute(query.where(of_records, has_values, change.c.action.not_in(kept))).all()
        dropped = [row.id for row in rows if wholly or fields_in(row.old, row.new) - harmless]
        for some in chunks(dropped):
            connection.execute(change.update().where(change.c.id.in_(some)).values(old=None, new=None))
            connection.execute(sealed.update().where(sealed.c.change_id.in_(some)).values(salt=None))
        count += len(dropped)
    return count


def fields_in(*texts: str | None) -> set[str]:
    """Return the names of the fields that logged values speak of."""
    return {name for text in texts if text for name in json.loads(text)}


def forget_keys(session: Session, entity: str, ids: Iterable[int]) -> None:
    """Drop what was kept to find records again or to do with them: keys, pairs, merges, commands, and who saw them."""
    system, connection = session.tables.system, _connection(session)
    for chunk in chunks(ids):
        answers = [f"{entity}:{each}" for each in chunk]
        connection.execute(system.command.delete().where(system.command.c.answer.in_(answers)))
        event = system.event
        of_records = sa.and_(event.c.entity == entity, event.c.record_id.in_(chunk))
        connection.execute(event.update().where(of_records, event.c.payload.is_not(None)).values(payload=None))
        key = system.duplicate_key
        connection.execute(key.delete().where(key.c.entity == entity, key.c.record_id.in_(chunk)))


def forget_work(session: Session, entity: str, ids: Iterable[int], traces: Iterable[str]) -> None:
    """Drop what went wrong with handlers of the records' events, and what finished jobs were given of the person."""
    work, connection = session.tables.system.work, _connection(session)
    for chunk in chunks(ids):
        of_records = sa.and_(work.c.entity == entity, work.c.record_id.in_(chunk), work.c.problem.is_not(None))
        connection.execute(work.update().where(of_records).values(problem=None))
    wanted = folded(traces)
    is_done = sa.and_(work.c.state != WAITING, sa.or_(work.c.parameters.is_not(None), work.c.problem.is_not(None)))
    rows = connection.execute(sa.select(work.c.id, work.c.parameters, work.c.problem).where(is_done)).all()
    told = [row.id for row in rows if any(text in f"{row.parameters} {row.problem}".casefold() for text in wanted)]
    for chunk in chunks(told):
        connection.execute(work.update().where(work.c.id.in_(chunk)).values(parameters=None, problem=None))


def folded(traces: Iterable[str]) -> list[str]:
    """Return the texts by which traces of a person are looked for; too short ones are left out."""
    return [text.casefold() for text in set(traces) if len(text) >= SHORTEST]


def forget_relations(session: Session, entity: str, ids: Iterable[int]) -> None:
    """Drop merges, with which they could be undone, shares, and pairs that are not the same."""
    system, connection = session.tables.system, _connection(session)
    merge, share, pair = system.merge, system.share, system.dismissal
    for chunk in chunks(ids):
        connection.execute(merge.delete().where(merge.c.entity == entity, merge.c.survivor_id.in_(chunk)))
        connection.execute(share.delete().where(share.c.entity == entity, share.c.record_id.in_(chunk)))
        either = sa.or_(pair.c.first_id.in_(chunk), pair.c.second_id.in_(chunk))
        connection.execute(pair.delete().where(pair.c.entity == entity, either))


def forget_imports(session: Session, entity: str, ids: Iterable[int]) -> None:
    """Take records out of the books of imports: the rows stay counted, and can no longer be taken back."""
    rows, connection = session.tables.system.imported_row, _connection(session)
    for chunk in chunks(ids):
        of_records = sa.and_(rows.c.entity == entity, rows.c.record_id.in_(chunk))
        same = sa.select(rows.c.import_id, rows.c.file, rows.c.row).where(of_records)
        whole_rows = sa.tuple_(rows.c.import_id, rows.c.file, rows.c.row).in_(same)
        connection.execute(rows.update().where(whole_rows, rows.c.problems.is_not(None)).values(problems=None))
        nothing = {"record_id": None, "key": None, "version": None}
        connection.execute(rows.update().where(of_records).values(nothing))


def forget_failed_rows(session: Session, traces: Iterable[str]) -> int:
    """Drop what is said of refused rows of imports in which one of these texts stands, and return their number."""
    wanted = folded(traces)
    rows, connection = session.tables.system.imported_row, _connection(session)
    place = (rows.c.import_id, rows.c.file, rows.c.row, rows.c.part)
    query = sa.select(*place, rows.c.problems).where(rows.c.problems.is_not(None))
    found = [row for row in connection.execute(query) if any(text in row.problems.casefold() for text in wanted)]
    for row in found:
        is_it = sa.and_(*(column == value for column, value in zip(place, row, strict=False)))
        connection.execute(rows.update().where(is_it).values(problems=None))
    return len(found)


def traces_of(session: Session, entity: EntityModel, ids: Iterable[int]) -> Iterator[str]:
    """Yield the texts that personal fields of records hold, or held as far as the change log tells."""
    table, change = session.tables[entity.name], session.tables.system.change
    fields = blanked_fields(entity)
    names = {each.name for each in fields}
    columns = [stored(table, each, column) for each in fields for column in each.columns]
    for chunk in chunks(ids):
        if columns:
            query = sa.select(*columns).where(table.c.id.in_(chunk))
            yield from (each for row in _connection(session).execute(query) for each in row if isinstance(each, str))
        logged = sa.select(change.c.old, change.c.new).where(
            change.c.entity == entity.name, change.c.record_id.in_(chunk)
        )
        for row in _connection(session).execute(logged):
            for text in row:
                values = json.loads(text) if text else {}
                yield from (each for name, each in values.items() if name in names and isinstance(each, str))


def _connection(session: Session) -> sa.Connection:
    return session.unit.connection
