"""The ledger of a write: its row in the change log, its events in the outbox, its row in the stage history.

All are written in the transaction of the write itself.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from crmkit.core.lifecycle.files import note_files
from crmkit.core.reading.plans import ReadPlans
from crmkit.core.storage.extra_statements import ExtendedStatements
from crmkit.core.storage.statements import EntityStatements, TableStatements
from crmkit.core.storage.system.generations import raise_generation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import sqlalchemy as sa
    from sqlalchemy.engine import Dialect

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.storage.tables import Tables

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

CHANGE = ("entity", "record_id", "version", "action", "at", "actor_id", "old", "new")
EVENT = ("name", "entity", "record_id", "version", "ordinal", "at", "actor_id", "payload")
LINK = ("source_entity", "source_id", "kind", "target_entity", "target_id", "at", "actor_id")
HISTORY = (
    "entity",
    "record_id",
    "pipeline",
    "source",
    "target",
    "kind",
    "at",
    "actor_id",
    "amount",
    "seconds",
)


GOVERNING = frozenset({"custom_field"})
"""The entities whose records change what processes remember of the database."""


class Statements:
    """The prepared statements of a CRM on one kind of database.

    Attributes:
        plans: filters once read and queries once built.
    """

    def __init__(self, tables: Tables, dialect: Dialect) -> None:
        self._tables = tables
        self._dialect = dialect
        self.plans = ReadPlans()
        self._entities: dict[str, EntityStatements] = {}

    def of(self, entity: EntityModel) -> EntityStatements:
        """Return the statements of an entity."""
        found = self._entities.get(entity.name)
        if found is None:
            table = self._tables[entity.name]
            made = ExtendedStatements if any(each.in_extra for each in entity.fields.values()) else EntityStatements
            found = self._entities[entity.name] = made(table, entity, self._dialect)
        return found

    @cached_property
    def change(self) -> tuple[TableStatements, str]:
        """The insert into the change log."""
        return self._append(self._tables.system.change, CHANGE)

    @cached_property
    def event(self) -> tuple[TableStatements, str]:
        """The insert into the outbox."""
        return self._append(self._tables.system.event, EVENT)

    @cached_property
    def stage_history(self) -> tuple[TableStatements, str]:
        """The insert into the stage history."""
        return self._append(self._tables.system.stage_history, HISTORY)

    @cached_property
    def link(self) -> tuple[TableStatements, str]:
        """The insert into the links, which leaves out one that is there already."""
        return self._append(self._tables.system.link, LINK)

    def _append(self, table: sa.Table, columns: tuple[str, ...]) -> tuple[TableStatements, str]:
        made = TableStatements(table, self._dialect)
        return made, made.insert(columns)


def log(
    session: Session,
    action: str,
    event: str,
    entity: EntityModel,
    entries: Iterable[tuple[int, int, Mapping[str, object] | None, Mapping[str, object] | None]],
) -> None:
    """Write a change and its event for every `(id, version, old values, new values)`."""
    unit, actor, name = session.unit, session.principal.user, entity.name
    changes, statement = session.statements.change
    at = _converted(changes, "at", unit.now)
    change_rows, event_rows, files = [], [], []
    event_name = f"{name}.{event}"
    for record, version, old, new in entries:
        old_text = None if old is None else encode(as_json(entity, old))
        new_text = None if new is None else encode(as_json(entity, new))
        change_rows.append((name, record, version, action, at, actor, old_text, new_text))
        ordinal = unit.next_ordinal(name, record, version)
        event_rows.append((event_name, name, record, version, ordinal, at, actor, None))
        if entity.files:
            files.append((record, new))
    unit.execute_many(statement, change_rows)
    unit.execute_many(session.statements.event[1], event_rows)
    if files:
        note_files(session, entity, files)
    if name in GOVERNING:
        raise_generation(unit.connection, session.tables.system.generation, name)


def emit(session: Session, name: str, record: Record, payload: Mapping[str, object] | None) -> None:
    """Write a further event about a record into the outbox."""
    unit, entity = session.unit, record.__crmkit_entity__.name
    events, statement = session.statements.event
    ordinal = unit.next_ordinal(entity, record.id, record.version)
    text = None if payload is None else encode(payload)
    at = _converted(events, "at", unit.now)
    unit.execute(statement, (name, entity, record.id, record.version, ordinal, at, session.principal.user, text))


def note(session: Session, entity: EntityModel, record: Record, action: str, said: Mapping[str, object]) -> None:
    """Note what was done about a record that stays as it is, and write its event."""
    unit, actor = session.unit, session.principal.user
    changes, statement = session.statements.change
    at = _converted(changes, "at", unit.now)
    unit.execute(statement, (entity.name, record.id, record.version, action, at, actor, None, encode(said)))
    ordinal = unit.next_ordinal(entity.name, record.id, record.version)
    event = (f"{entity.name}.{action}d", entity.name, record.id, record.version, ordinal, at, actor, encode(said))
    unit.execute(session.statements.event[1], event)


def witness(session: Session, record: Ref[object], version: int, action: str, said: Mapping[str, object]) -> None:
    """Note in the change log what was done with a record that neither changes it nor concerns anybody else."""
    changes, statement = session.statements.change
    at = _converted(changes, "at", session.unit.now)
    row = (record.entity, int(record), version, action, at, session.principal.user, None, encode(said))
    session.unit.execute(statement, row)


def log_emptied(
    session: Session, record: Ref[object], version: int, action: Literal["blank", "erase"], fields: Sequence[str]
) -> None:
    """Write the change and the event of a record whose values were taken out for good."""
    witness(session, record, version, action, {"fields": list(fields)})
    entity, number, (events, statement) = record.entity, int(record), session.statements.event
    ordinal = session.unit.next_ordinal(entity, number, version)
    at = _converted(events, "at", session.unit.now)
    name = f"{entity}.{action.rstrip('e')}ed"
    session.unit.execute(statement, (name, entity, number, version, ordinal, at, session.principal.user, None))


def log_stages(session: Session, entity: EntityModel, entries: Iterable[tuple[Record | None, Record]]) -> None:
    """Write a row of stage history for every `(before, after)`, with the seconds in the stage that was left."""
    history, statement = session.statements.stage_history
    amount = entity.fields.get("amount")
    rows = []
    for before, after in entries:
        worth = getattr(after, "amount", None) if amount is not None else None
        since = getattr(before, "stage_since", None)
        entered = after.stage_since
        rows.append(
            (
                entity.name,
                after.id,
                after.pipeline,
                getattr(before, "stage", None),
                after.stage,
                after.stage_kind,
                _converted(history, "at", entered),
                session.principal.user,
                None if worth is None or amount is None else amount.kind.dump(worth)[2],
                None if since is None else int((entered - since).total_seconds()),
            )
        )
    session.unit.execute_many(statement, rows)


def as_json(entity: EntityModel, values: Mapping[str, object]) -> dict[str, object]:
    """Return values by field name as JSON; references travel as ids, times as ISO texts."""
    writers = entity.json_writers
    return {
        name: value if value is None or (write := writers[name]) is None else write(value)
        for name, value in values.items()
    }


def _converted(statements: TableStatements, column: str, value: object) -> object:
    convert = statements.convert[column]
    return value if convert is None or value is None else convert(value)
