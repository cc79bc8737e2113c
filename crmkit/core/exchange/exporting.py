"""Exporting: records to a file, row by row, in a form that an import brings back unchanged."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, TextIO

from crmkit.core.exchange import vcards
from crmkit.core.exchange.columns import all_columns, named_columns
from crmkit.core.exchange.files import write_rows
from crmkit.core.exchange.files.options import format_of
from crmkit.errors import AccessDeniedError, Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

    Target = str | os.PathLike[str] | IO[bytes] | TextIO

AT_ONCE = 1000


def export(
    session: Session,
    entity: type[Record] | str,
    target: Target,
    /,
    *,
    fields: Sequence[str] | None = None,
    where: str | Mapping[str, object] | None = None,
    given: Mapping[str, object] | None = None,
    search: str | None = None,
    order: str | Sequence[str] | None = None,
    format: str | None = None,
) -> int:
    """Write the records that the actor may export to a file or a stream, and return their number.

    Without `fields`, everything that an import can set is written, and `mapping_for` brings it back: references by a
    unique field of the other entity if every record of it has one (`owner.external_id`), else by id (`customer.id`);
    addresses in a column for each part; amounts as `48000.00 USD @ 0.92`. With `fields`, those paths are written.
    Texts that a spreadsheet program would run are made harmless, and restored by an import. In a readonly session the
    rows are those of one moment.

    Args:
        session: whose reach counts.
        entity: what is exported.
        target: a path, which is replaced when all is written; or a stream.
        fields: paths such as `name` or `customer.owner.name`.
        where: a filter, whose `given.name` stands for a value of `given`.
        given: values for the filter.
        search: a text to be found.
        order: paths to sort by, `-` in front for descending; else by id.
        format: `csv`, `xlsx`, `jsonl`, or for contacts `vcard`; else the path decides.

    Raises:
        AccessDeniedError: if the actor may export none of the entity's records.
        FilterError: if a path, the filter or the order is wrong.
        FileError: if the file can't be written, or its format can't be told.
    """
    found = session.model.entity(entity)
    if not session.principal.may(found, "export"):
        raise AccessDeniedError(action="export", entity=found.name, actor=session.principal.name)
    chosen = format or (format_of(target, declared=None) if isinstance(target, (str, os.PathLike)) else None)
    selection: dict[str, object] = {"where": where, "given": given, "search": search, "order": order}
    if chosen == "vcard":
        if found.name != "contact" or fields is not None:
            raise Refused(
                entity=found.name, refusals=(Refusal(path="format", text=_("Only whole contacts are vCards.")),)
            )
        cards = map(vcards.card, rows_of(session, found, vcards.PATHS, selection))
        return write_rows(target, vcards.COLUMNS, cards, format=chosen)
    columns = all_columns(session, found) if fields is None else named_columns(session, found, fields)
    paths = tuple(dict.fromkeys(each.path for each in columns))
    places = [paths.index(each.path) for each in columns]
    cells = (
        [column.cell(values[place]) for column, place in zip(columns, places, strict=True)]
        for values in rows_of(session, found, paths, selection)
    )
    return write_rows(target, [each.written for each in columns], cells, format=chosen)


def rows_of(
    session: Session, entity: EntityModel, paths: Sequence[str], selection: dict[str, object]
) -> Iterator[tuple[object, ...]]:
    """Yield the values of some paths, holding no more than a thousand records at once."""
    order = selection.pop("order")
    if order is None:
        yield from session.reader_for("export").iterate(entity, paths, batch=AT_ONCE, **selection)  # type: ignore[misc, arg-type]
        return
    after: str | None = None
    reader = session.reader_for("export")
    pages = iter(lambda: reader.rows(entity, paths, order=order, limit=AT_ONCE, after=after, **selection), None)  # type: ignore[arg-type]
    for page in pages:
        yield from page
        after = page.next
        if after is None:
            return
