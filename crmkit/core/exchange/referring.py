"""Referring: the records that rows refer to, looked up for a whole batch at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from crmkit.core.declare.kinds import AnyRefKind
from crmkit.core.declare.kinds.references import REFERENCE
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.matching import Key, find_ids, key_of, single
from crmkit.core.exchange.results import RowOutcome
from crmkit.core.exchange.saving import reasons
from crmkit.core.exchange.writing import write_all
from crmkit.errors import InvalidValue
from crmkit.translation import _, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.core.assemble.model import FieldModel
    from crmkit.core.exchange.batch import Batch
    from crmkit.core.exchange.mapping import Lookup
    from crmkit.core.exchange.rowmapping import MappedRow

MOST_KEPT = 20_000
BY_ID = ("id",)


@define(eq=False)
class Round:
    """What the look-ups of a round gave.

    Attributes:
        ready: rows whose references are known, or which were refused.
        waiting: rows that refer to what this round is going to create.
        creating: by look-up and key, the row for which a record is to be created.
    """

    ready: list[MappedRow] = field(factory=list)
    waiting: list[MappedRow] = field(factory=list)
    creating: dict[tuple[str, Key], tuple[Lookup, MappedRow]] = field(factory=dict)


def resolve(batch: Batch, rows: Sequence[MappedRow]) -> Round:
    """Look up what rows refer to. A row may refer to a record of its own file if that stands above it."""
    found = {each.field: looked_up(batch, each, rows) for each in batch.mapping.lookups}
    translate_any(batch, rows)
    made = Round()
    for row in rows:
        waits = False
        for lookup in batch.mapping.lookups:
            waits |= settle(batch, lookup, row, found[lookup.field], made)
        (made.waiting if waits and not row.problems else made.ready).append(row)
    create_missing(batch, made)
    return made


def looked_up(batch: Batch, lookup: Lookup, rows: Iterable[MappedRow]) -> Mapping[Key, Sequence[int]]:
    """Return the ids behind the keys that the rows name."""
    target = batch.model.entities[lookup.entity]
    fields = [target.fields[name] for name in lookup.by]
    keys = dict.fromkeys(key for row in rows if (key := wanted_key(batch, lookup, fields, row)) is not None)
    if lookup.by == BY_ID and lookup.entity in batch.books.remembering:
        texts = [str(key[0]) for key in keys]
        return {(int(text),): [number] for text, number in remembered(batch, lookup.entity, texts).items()}
    kept = batch.found.setdefault(lookup.field, {})
    found: dict[Key, Sequence[int]] = {key: [kept[key]] for key in keys if key in kept}
    fresh = find_ids(batch.session, target, fields, [key for key in keys if key not in kept])
    reach = batch.session.principal.reaches_all
    batch.session.unit.known.update((reach, target.name, ids[0]) for ids in fresh.values())
    if lookup.entity != batch.entity.name and lookup.missing != "create":
        if len(kept) > MOST_KEPT:
            kept.clear()
        kept.update({key: ids[0] for key, ids in fresh.items() if len(ids) == 1})
    return {**found, **fresh}


def wanted_key(batch: Batch, lookup: Lookup, fields: Sequence[FieldModel], row: MappedRow) -> Key | None:
    """Return the key by which a row names a record; None if it names none."""
    texts = row.wanted.get(lookup.field)
    if texts is None:
        return None
    try:
        key = key_of(batch.model, fields, [texts.get(name) for name in lookup.by])
    except InvalidValue as error:
        batch.refuse(row, lookup.field, str(error))
        key = None
    if key is None:
        del row.wanted[lookup.field]
        if batch.mapping.empty == "clear":
            row.values[lookup.field] = None
    return key


def remembered(batch: Batch, entity: str, keys: Sequence[str]) -> dict[str, int]:
    """Return the records that this import made of rows with these ids."""
    own = batch.remembered if entity == batch.entity.name else {}
    found = batch.books.remembered(batch.session, entity, [key for key in keys if key not in own])
    return found | {key: own[key] for key in keys if key in own}


def settle(batch: Batch, lookup: Lookup, row: MappedRow, found: Mapping[Key, Sequence[int]], made: Round) -> bool:
    """Give a row its reference, or refuse it; return whether it has to wait for the next round."""
    if lookup.field not in row.wanted:
        return False
    target = batch.model.entities[lookup.entity]
    texts = row.wanted[lookup.field]
    key = wanted_key(batch, lookup, [target.fields[name] for name in lookup.by], row)
    assert key is not None
    shown = ", ".join(f"{name} {texts.get(name)!r}" for name in lookup.by)
    try:
        number = single(found.get(key, ()), _("{plural} with {shown}", plural=target.plural.lower(), shown=shown))
    except InvalidValue as error:
        batch.refuse(row, lookup.field, str(error))
        return False
    if number is not None and batch.records.get(number, 0) <= row.number:
        row.values[lookup.field] = ref_class(lookup.entity)(number)
        del row.wanted[lookup.field]
        return False
    if lookup.entity == batch.entity.name and made.ready:
        return True
    return settle_missing(batch, lookup, row, (key, shown), made)


def settle_missing(batch: Batch, lookup: Lookup, row: MappedRow, wanted: tuple[Key, str], made: Round) -> bool:
    """Do what the mapping says about a record that isn't there; return whether the row has to wait for it."""
    key, shown = wanted
    if lookup.missing == "create" and (row.number, lookup.field) not in batch.created:
        made.creating.setdefault((lookup.field, key), (lookup, row))
        return True
    if lookup.missing == "empty":
        del row.wanted[lookup.field]
        return False
    what = _("There is no {label} with {shown}.", label=batch.model.entities[lookup.entity].label.lower(), shown=shown)
    batch.refuse(
        row, lookup.field, _("{what} Correct the value, map it to the right one, or import it first.", what=what)
    )
    return False


def create_missing(batch: Batch, made: Round) -> None:
    """Create the records that rows refer to and that the mapping wants created."""
    by_lookup: dict[str, list[tuple[Lookup, MappedRow]]] = {}
    for lookup, row in made.creating.values():
        by_lookup.setdefault(lookup.field, []).append((lookup, row))
    for number, items in enumerate(by_lookup.values(), start=1):
        target = batch.model.entities[items[0][0].entity]

        def write(chunk: Sequence[tuple[Lookup, MappedRow]], target: type = target.record_class) -> Sequence[object]:
            rows = [{**lookup.create, **row.wanted[lookup.field]} for lookup, row in chunk]
            return batch.session.create_many(target, rows)

        for (lookup, row), result in write_all(batch.session, target.name, items, write):
            if isinstance(result, Exception):
                why = joined(text for _path, text in reasons(result))
                text = _(
                    "There is no such {target}, and it could not be created: {why}",
                    target=target.label.lower(),
                    why=why,
                )
                batch.refuse(row, lookup.field, text)
                continue
            record = result.id  # type: ignore[attr-defined]
            outcome = RowOutcome(row=row.number, outcome="created", entity=target.name, record=record, version=1)
            outcome.part = number
            batch.outcomes.append(outcome)
            batch.created.add((row.number, lookup.field))


def translate_any(batch: Batch, rows: Iterable[MappedRow]) -> None:
    """Turn references such as `customer:12` into records of this import, if it brought ids of its own for them."""
    names = [name for name in batch.mapping.fields if isinstance(batch.entity.fields[name].kind, AnyRefKind)]
    for name in names:
        for row in rows:
            found = REFERENCE.match(str(row.values.get(name)))
            if found is None or found[1] not in batch.books.remembering:
                continue
            number = remembered(batch, found[1], [found[2]]).get(found[2])
            if number is None:
                batch.refuse(
                    row,
                    name,
                    _("This import has no {found} with the id {found_other}.", found=found[1], found_other=found[2]),
                )
            else:
                row.values[name] = ref_class(found[1])(number)
