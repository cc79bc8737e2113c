"""Deciding: which rows create a record, which change one, which are passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from crmkit.core.exchange.matching import Key, find_ids, key_of
from crmkit.core.exchange.referring import BY_ID, remembered
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.exchange.batch import Batch
    from crmkit.core.exchange.rowmapping import MappedRow


@define(eq=False)
class Decided:
    """What is to be done with the rows of a round.

    Attributes:
        updates: rows with the ids of the records that they change.
        later: rows with the key of another row of this round, which comes first.
        keys: the keys of the rows that come first.
    """

    creates: list[MappedRow] = field(factory=list)
    updates: list[tuple[MappedRow, int]] = field(factory=list)
    later: list[MappedRow] = field(factory=list)
    keys: set[Key] = field(factory=set)


def decide(batch: Batch, rows: Sequence[MappedRow]) -> Decided:
    """Say what is to be done with each row; rows that can't be used are refused."""
    made = Decided()
    if not batch.mapping.key:
        made.creates = list(rows)
        return made
    keyed = [(row, found_key(batch, row)) for row in rows]
    matches = matching_ids(batch, [key for _, key in keyed if key is not None])
    numbers = [ids[0] for ids in matches.values() if len(ids) == 1]
    earlier = batch.books.rows_of(batch.session, batch.file, numbers, batch.entity.name) | batch.records
    for row, key in keyed:
        if row.problems:
            batch.fail(row)
        elif key is None:
            without_key(batch, row, made)
        else:
            place(batch, row, key, ids=matches.get(key, ()), earlier=earlier, made=made)
    return made


def found_key(batch: Batch, row: MappedRow) -> Key | None:
    """Return the key of a row; None if all of it is empty."""
    fields = [batch.entity.fields[name] for name in batch.mapping.key]
    try:
        return key_of(batch.model, fields, [row.values.get(name) for name in batch.mapping.key])
    except InvalidValue as error:
        batch.refuse(row, batch.mapping.key[0], str(error))
        return None


def matching_ids(batch: Batch, keys: Sequence[Key]) -> Mapping[Key, Sequence[int]]:
    """Return the records with these keys."""
    if batch.mapping.key == BY_ID and batch.entity.name in batch.books.remembering:
        found = remembered(batch, batch.entity.name, [str(key[0]) for key in keys])
        return {(int(text),): [number] for text, number in found.items()}
    fields = [batch.entity.fields[name] for name in batch.mapping.key]
    return find_ids(batch.session, batch.entity, fields, keys)


def without_key(batch: Batch, row: MappedRow, made: Decided) -> None:
    """Decide about a row that has no value for the key."""
    if batch.mapping.distinct:
        batch.note(row, "skipped")
    elif batch.mapping.mode == "update":
        names = ", ".join(batch.mapping.key)
        row.refuse(
            batch.column_of(batch.mapping.key[0]),
            _("Without {names}, the record can't be found. Fill it in.", names=names),
        )
        batch.fail(row)
    else:
        made.creates.append(row)


def place(
    batch: Batch,
    row: MappedRow,
    key: Key,
    *,
    ids: Sequence[int],
    earlier: Mapping[int, int],
    made: Decided,
) -> None:
    """Decide about a row with a key."""
    label = batch.entity.label.lower()
    column = batch.column_of(batch.mapping.key[0])
    if len(ids) > 1:
        row.refuse(
            column,
            _(
                "{count} records have this key, so it is not clear which {label} is meant. Add to the key.",
                count=len(ids),
                label=label,
            ),
        )
        batch.fail(row)
        return
    if not ids and batch.mapping.mode == "update":
        row.refuse(
            column, _("There is no {label} with this key. Correct it, or import with the mode upsert.", label=label)
        )
        batch.fail(row)
        return
    above = earlier.get(ids[0]) if ids else None
    if ids and (above is not None or batch.mapping.mode == "create") and batch.mapping.duplicates != "update":
        pass_over(batch, row, ids[0], above)
    elif key in made.keys:
        made.later.append(row)
    else:
        made.keys.add(key)
        if ids:
            made.updates.append((row, ids[0]))
        else:
            made.creates.append(row)


def pass_over(batch: Batch, row: MappedRow, record: int, above: int | None) -> None:
    """Skip or refuse a row whose record is there already."""
    if batch.mapping.duplicates == "skip":
        batch.note(row, "skipped", record)
        return
    what = (
        _("Row {above} of this file has the same key", above=above)
        if above is not None
        else _("There is such a record already")
    )
    where = batch.column_of(batch.mapping.key[0])
    row.refuse(
        where,
        _(
            '{what} ({entity} {record}). Take one out, or say duplicates = "skip" or "update".',
            what=what,
            entity=batch.entity.name,
            record=record,
        ),
    )
    batch.fail(row)
