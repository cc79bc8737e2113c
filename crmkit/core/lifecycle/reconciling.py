"""The report `reconciliation`: where records here and those of another system differ."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, cast

from attrs import evolve, frozen

from crmkit.core.assemble.model import known
from crmkit.core.declare.values import ref_class
from crmkit.core.lifecycle.lookups import read
from crmkit.core.nouns.identities import ExternalId
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.running import function_of
from crmkit.core.reading.reports.standard.choosing import chosen, readable
from crmkit.core.reading.reports.table import Table
from crmkit.errors import AccessDeniedError, FilterError, InvalidValue, Refusal, Refused, SourceFailedError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.external_sources import ExternalSource
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.paths import Path
    from crmkit.core.reading.reports.columns import Cell

BATCH = 500

DIFFERS, LACKS_ID, GONE, UNKNOWN = "differs", "lacks_id", "gone", "unknown"
SAID = {
    DIFFERS: _("differs"),
    LACKS_ID: _("has no id there"),
    GONE: _("isn't there any more"),
    UNKNOWN: _("isn't here"),
}


@frozen(kw_only=True)
class Difference:
    """What is not the same here and there.

    Attributes:
        record: the record's id here; None if only the other system has it.
        title: what people call the record.
        id: its id there, if it has one.
        what: `differs`, `lacks_id`, `gone` or `unknown`.
        field: the labels of the field that differs, and of the references that lead to it.
        here: its value here, as text.
        there: its value there, as text.
    """

    what: str
    record: int | None = None
    title: str | None = None
    id: str | None = None
    field: str | None = None
    here: str | None = None
    there: str | None = None


def reconciliation(session: Session, *, source: str, where: str | None, limit: int) -> Table:
    """Return where the actor's records and those of another system differ.

    Fields that the actor may not see are not compared. Records that only the other system has are listed for those who
    may read all records here: for others, nothing tells them from records beyond their reach.

    Raises:
        AccessDeniedError: if the actor may not look up in the system, or may read no such records.
        FilterError: if the filter is wrong; it says where.
        Refused: if the source isn't declared to be comparable.
        SourceFailedError: if the other system can't be read.
        UnknownNameError: if there is no such source.
    """
    found = known(session.model.external_sources, source, _("external source"))
    if not session.principal.may_run(found):
        raise AccessDeniedError(action=_("look up in"), entity=found.name, actor=session.principal.name)
    if not found.compares:
        text = _("{source} doesn't say what is compared: it needs entity= and compares=.", source=found.name)
        raise Refused(entity="report", refusals=(Refusal(path="source", text=text),))
    counts: Counter[str] = Counter()
    rows: list[tuple[Cell, ...]] = []
    for each in differences(session, found, where):
        counts[each.what] += 1
        if len(rows) < limit:
            rows.append((each.record, each.title, each.id, SAID[each.what], each.field, each.here, each.there))
    more = sum(counts.values()) - len(rows)
    entity = session.model.entities[found.entity]
    given: dict[str, Cell] = {"source": found.name, "limit": limit}
    return Table(
        [
            Column("id", _("Id"), "integer"),
            Column("record", entity.label),
            Column("external_id", _("Id there")),
            Column("what", _("What")),
            Column("field", _("Field")),
            Column("here", _("Here")),
            Column("there", found.label),
        ],
        rows,
        title=_("Differences: {entities} and {source}", entities=entity.plural, source=found.label),
        notes=[
            *(_("{what}: {count}", what=SAID[what], count=counts[what]) for what in SAID if counts[what]),
            *([_("There are more. Raise the limit to see them.")] if more else []),
        ],
        parameters=given if where is None else given | {"where": where},
    )


def differences(session: Session, source: ExternalSource, where: str | None) -> Iterator[Difference]:
    """Yield the differences by the records' ids, and then what only the other system has; holding few at once."""
    entity = readable(session, source.entity)
    paths = visible_paths(session, entity, source.compares)
    title = entity.declared.title
    titled = title == "id" or session.principal.sees(entity, entity.fields[title])
    asked = ["id", title if titled else "id", *(path.text for path in paths)]
    choice = chosen(session, entity, where)
    records = session.reader.iterate(entity, asked, choice.where, given=choice.given)
    while batch := list(islice(records, BATCH)):
        yield from differences_of(session, source, paths, batch)
    if source.ids is not None and where is None and session.principal.reads_all(entity):
        yield from unknown_here(session, source)


def visible_paths(session: Session, entity: EntityModel, compares: Iterable[str]) -> list[Path]:
    """Return the paths that the actor may see of those that are compared."""
    found = []
    for text in compares:
        try:
            found.append(session.reader.finder.find(entity, text))
        except FilterError:  # one that is hidden is like one that doesn't exist
            continue
    return found


def differences_of(
    session: Session, source: ExternalSource, paths: Sequence[Path], batch: Sequence[object]
) -> Iterator[Difference]:
    """Yield the differences of some records, given as their ids, titles, and values by path."""
    rows = {int(row[0]): row[1:] for row in batch if isinstance(row, tuple)}
    ids = ids_of(session, source, rows)
    there = read(session, source, [value for values in ids.values() for value in values]) if ids else {}
    for number, (title, *values) in rows.items():
        record = Difference(what=LACKS_ID, record=number, title=str(title))
        if number not in ids:
            yield record
        for value in ids.get(number, ()):
            if value in there:
                compared = zip(paths, values, strict=True)
                yield from differing(session, source, evolve(record, what=DIFFERS, id=value), compared, there[value])
            else:
                yield evolve(record, what=GONE, id=value)


def ids_of(session: Session, source: ExternalSource, numbers: Iterable[int]) -> dict[int, list[str]]:
    """Return the ids that records have in the other system, by the records' ids."""
    given = {"system": source.name, "records": [ref_class(source.entity)(number) for number in numbers]}
    ids: dict[int, list[str]] = {}
    for each in session.find(ExternalId, "system == given.system and record in given.records", given=given, order="id"):
        ids.setdefault(int(each.record), []).append(each.value)
    return ids


def differing(
    session: Session,
    source: ExternalSource,
    record: Difference,
    compared: Iterable[tuple[Path, object]],
    there: Mapping[str, object],
) -> Iterator[Difference]:
    """Yield the fields of one record that have another value there."""
    for path, here in compared:
        given = there.get(source.compares[path.text])
        if not is_same(session, path, here, given):
            yield evolve(
                record,
                field=" / ".join(each.label for each in (*path.hops, path.field)),
                here=None if here is None else path.kind.to_text(here),
                there=None if given is None else str(given),
            )


def is_same(session: Session, path: Path, here: object, given: object) -> bool:
    """Return whether a value of the other system, read as an import would read it, is the value here."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return here is None
    for form in (given, str(given)):
        try:
            value = path.kind.parse(form, session.model.conventions)
        except InvalidValue:
            continue
        if value == here or (here is not None and path.kind.to_text(value) == path.kind.to_text(here)):
            return True
    return False


def unknown_here(session: Session, source: ExternalSource) -> Iterator[Difference]:
    """Yield the ids that no record here has, in the order in which the other system lists them."""
    listed = ids_there(session, source)
    while wanted := list(islice(listed, BATCH)):
        given = {"system": source.name, "entity": source.entity, "ids": wanted}
        where = "system == given.system and entity == given.entity and value in given.ids"
        here = {each.value for each in session.find(ExternalId, where, given=given)}
        yield from (Difference(what=UNKNOWN, id=each) for each in wanted if each not in here)


def ids_there(session: Session, source: ExternalSource) -> Iterator[str]:
    """Yield the ids of all records of the other system.

    Raises:
        SourceFailedError: if it can't be read; what it said is the cause, and is not quoted, as it may hold secrets.
    """
    assert source.ids is not None
    try:
        yield from map(str, cast("Iterable[object]", function_of(source.ids)(session)))
    except Exception as error:
        raise SourceFailedError(system=source.name, problem=type(error).__name__) from error
