"""Keys: what records must share to be compared, kept in a table that follows every write."""

from __future__ import annotations

import hashlib
from itertools import product
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.lifecycle.duplicates.comparing import Forms
from crmkit.core.lifecycle.duplicates.forms import SORTED
from crmkit.core.lifecycle.remembering import remembered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.duplicates import DuplicateRule, Key
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

AT_ONCE = 400
ROWS_AT_ONCE = 5000


def keys_of(rules: Iterable[DuplicateRule], values: Forms) -> Iterator[tuple[int, int]]:
    """Yield the keys of a record, each with its number among those of the entity's rules.

    A key is a number of 63 bits, which doesn't tell what it was made of.
    """
    for number, parts in enumerate(parts for rule in rules for parts in rule.keys):
        for combination in product(*(part_of(part, values) for part in parts)):
            text = "\n".join((str(number), *combination))
            yield number, int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


def numbers_within(rules: Iterable[DuplicateRule], names: Collection[str]) -> list[int]:
    """Return the numbers of those keys that are made of nothing but these fields."""
    keys = (parts for rule in rules for parts in rule.keys)
    return [number for number, parts in enumerate(keys) if all(name in names for part in parts for name in part.fields)]


def part_of(part: Key, values: Forms) -> list[str]:
    """Return the possible texts of a part of a key."""
    found = values.of(part.fields, part.way)
    return [" ".join(sorted(each.split())) for each in found] if part.way in SORTED else found


def follow(session: Session, entity: EntityModel, records: Iterable[Record], *, new: bool = False) -> None:
    """Bring the keys of records that were written up to date; deleted ones have none."""
    rules = session.model.duplicate_rules.get(entity.name)
    written = list({each.id: each for each in records}.values())
    if not rules or not written:
        return
    table, connection = session.tables.system.duplicate_key, session.unit.connection
    if not new:
        ids = [each.id for each in written]
        for start in range(0, len(ids), AT_ONCE):
            of_records = table.c.record_id.in_(ids[start : start + AT_ONCE])
            connection.execute(table.delete().where(table.c.entity == entity.name, of_records))
    rows = [
        {"entity": entity.name, "record_id": each.id, "key": key, "number": number}
        for each in written
        if each.deleted_at is None
        for number, key in sorted(set(keys_of(rules, Forms(dict(each.items())))))
    ]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        connection.execute(table.insert(), rows[start : start + ROWS_AT_ONCE])


def concerns(session: Session, entity: EntityModel, names: Collection[str]) -> bool:
    """Return whether a write of these fields may change keys."""
    rules = session.model.duplicate_rules.get(entity.name, ())
    if not rules or "deleted_at" in names:
        return bool(rules)
    asked = remembered(session, ("fields of keys", entity.name), lambda: named_by(rules))
    return not asked.isdisjoint(names)


def named_by(rules: Iterable[DuplicateRule]) -> frozenset[str]:
    """Return the names of all fields that any of the rules looks at."""
    return frozenset().union(*(rule.field_names for rule in rules))


def records_with(
    session: Session, entity: EntityModel, keys: Sequence[int], largest: int
) -> tuple[dict[int, list[int]], set[int]]:
    """Return the ids of the records with each of some keys, and those keys that more than `largest` records share."""
    table = session.tables.system.duplicate_key
    found: dict[int, list[int]] = {}
    crowded: set[int] = set()
    for start in range(0, len(keys), AT_ONCE):
        wanted = sa.and_(table.c.entity == entity.name, table.c.key.in_(keys[start : start + AT_ONCE]))
        # Read once, and counted in the same pass: a join with the counts may be planned badly while a table grows.
        sharing = sa.func.count().over(partition_by=table.c.key).label("sharing")
        first = sa.func.min(table.c.record_id).over(partition_by=table.c.key).label("first")
        counted = sa.select(table.c.key, table.c.record_id, sharing, first).where(wanted).subquery()
        query = sa.select(counted.c.key, counted.c.record_id, counted.c.sharing).where(
            sa.or_(counted.c.sharing <= largest, counted.c.record_id == counted.c.first)
        )
        for key, record, shared in session.unit.connection.execute(query):
            if shared > largest:
                crowded.add(key)
            else:
                found.setdefault(key, []).append(record)
    return found, crowded
