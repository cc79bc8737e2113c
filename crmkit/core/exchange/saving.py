"""Saving: rows created and changed through the session, and why one was refused in words of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import asdict, frozen

from crmkit.core.declare.values import Address, Location, Money
from crmkit.core.exchange.targets import OWN_KEYS, STAGE_TARGETS
from crmkit.core.exchange.writing import write_all
from crmkit.core.lifecycle import moving
from crmkit.core.lifecycle.changing import current
from crmkit.core.lifecycle.moving import pipeline_of, stage_of
from crmkit.errors import CRMKitError, Refused
from crmkit.translation import _, about

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.declare.records import Record
    from crmkit.core.exchange.batch import Batch
    from crmkit.core.exchange.rowmapping import MappedRow


@frozen(eq=False)
class Update:
    """A row, the record that it is about, and what it changes; with a stage, the record moves there."""

    row: MappedRow
    record: Record
    values: dict[str, object]
    stage: str | None = None
    pipeline: str | None = None


def create_rows(batch: Batch, rows: Sequence[MappedRow]) -> None:
    """Create records of rows."""
    session, entity = batch.session, batch.entity

    def write(chunk: Sequence[MappedRow]) -> list[Record]:
        values = [values_of(batch, row, None) for row in chunk]
        records = session.create_many(entity.record_class, values)
        if batch.mapping.empty == "clear":
            clear(batch, zip(records, values, strict=True))
        return records

    for row, result in write_all(session, entity.name, rows, write):
        if isinstance(result, Exception):
            refuse(batch, row, result)
        else:
            batch.note(row, "created", result.id, current(session, result).version)


def clear(batch: Batch, made: Iterable[tuple[Record, dict[str, object]]]) -> None:
    """Take out of new records what defaults and plugins have put where the file says that there is nothing."""
    changes = [
        (record, cleared)
        for record, values in made
        if (cleared := {name: None for name, value in values.items() if value is None and is_filled(record, name)})
    ]
    batch.session.update_many(changes)


def is_filled(record: Record, name: str) -> bool:
    """Return whether a record has a value of its own in a field; a stage is never empty."""
    return name not in STAGE_TARGETS and dict(record.items()).get(name) is not None


def update_rows(batch: Batch, pairs: Sequence[tuple[MappedRow, int]]) -> None:
    """Change records by rows."""
    if not pairs:
        return
    session, entity = batch.session, batch.entity
    records = session.by_id(entity, [number for _, number in pairs])
    updates = list(prepared(batch, ((row, records[number]) for row, number in pairs)))

    def write(chunk: Sequence[Update]) -> list[Record]:
        return session.update_many((each.record, each.values) for each in chunk)

    def move(chunk: Sequence[Update]) -> list[Record]:
        return [
            moved
            for each in chunk
            for moved in moving.move(session, entity, [(each.record, each.values)], str(each.stage), each.pipeline)
        ]

    note_updates(batch, write_all(session, entity.name, [each for each in updates if each.stage is None], write))
    for each in updates:
        if each.stage is not None:
            note_updates(batch, write_all(session, entity.name, [each], move))


def prepared(batch: Batch, pairs: Iterable[tuple[MappedRow, Record]]) -> Iterable[Update]:
    """Yield what rows change of their records; a stage that can't be is refused."""
    for row, record in pairs:
        values = values_of(batch, row, record)
        if not batch.entity.staged:
            yield Update(row, record, values)
            continue
        pipeline, stage, _since = (values.pop(name, None) for name in STAGE_TARGETS)
        try:
            yield Update(row, record, values, *new_stage(batch, record, pipeline, stage))
        except Refused as error:
            refuse(batch, row, error)


def new_stage(batch: Batch, record: Record, pipeline: object, stage: object) -> tuple[str | None, str | None]:
    """Return the stage that a record is to enter, and its pipeline if that is another one; None if it stays."""
    present = record.pipeline
    found = pipeline_of(batch.session, batch.entity, pipeline or present)
    if not stage:
        return None, None
    wanted = stage_of(batch.entity, found, stage).name
    if found.name != present:
        return wanted, found.name
    return (None if wanted == record.stage else wanted), None


def note_updates(batch: Batch, results: Iterable[tuple[Update, Record | Exception]]) -> None:
    """Note what became of changes."""
    for update, result in results:
        if isinstance(result, Exception):
            refuse(batch, update.row, result)
        else:
            outcome = "unchanged" if result.version == update.record.version else "updated"
            batch.note(update.row, outcome, result.id, result.version)


def values_of(batch: Batch, row: MappedRow, record: Record | None) -> dict[str, object]:
    """Return the values of a row; parts are put together with those that the record has."""
    values = {name: value for name, value in row.values.items() if name not in OWN_KEYS}
    clears = batch.mapping.empty == "clear"
    for name, parts in row.parts.items():
        before = None if record is None else dict(record.items()).get(name)
        whole = whole_of(before, parts, clears=clears)
        if whole or clears:
            values[name] = whole or None
    return values


def whole_of(before: object, parts: dict[str, object], *, clears: bool) -> dict[str, object]:
    """Return parts as one value, as JSON; empty if there is nothing of it."""
    if "amount" in parts or "currency" in parts:
        given = {name: part for name, part in parts.items() if part is not None}
        return given if "amount" in given else {}
    known = asdict(before) if isinstance(before, (Address, Location)) else {}
    assert not isinstance(before, Money)
    given = {name: part for name, part in parts.items() if part is not None or clears}
    return {name: part for name, part in {**known, **given}.items() if part is not None}


def refuse(batch: Batch, row: MappedRow, error: Exception) -> None:
    """Note why a row was refused, by its columns."""
    for path, text in reasons(error):
        name = path.split(",")[0].split(".")[0]
        if path and name in batch.entity.fields:
            batch.refuse(row, name, text)
        else:
            row.refuse(None, about(path, text) if path else text)
    batch.fail(row)


def reasons(error: Exception) -> list[tuple[str, str]]:
    """Return the reasons of an error, each with the path of the field that it is about."""
    if isinstance(error, Refused):
        return [(each.path, each.text) for each in error.refusals]
    if isinstance(error, CRMKitError):
        return [("", str(error))]
    return [("", _("The database does not take this row; a value may be taken by a record that you can't see."))]
