"""The report `records`: records of any entity as a table."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.declare import kinds
from crmkit.core.declare.values import Money
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.standard.choosing import readable
from crmkit.core.reading.reports.table import Table
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.paths import Path
    from crmkit.core.reading.reports.columns import Cell
    from crmkit.core.reading.reports.columns import Kind as ColumnKind

COLUMN_KINDS: Mapping[type[Kind], ColumnKind] = {
    kinds.IntegerKind: "integer",
    kinds.PercentKind: "percent",
    kinds.DecimalKind: "decimal",
    kinds.MoneyKind: "money",
    kinds.DateKind: "date",
    kinds.DateTimeKind: "datetime",
    kinds.DurationKind: "duration",
    kinds.BooleanKind: "boolean",
}
"""What kind of column a kind of field gets; all others are text. Percents are decimals, so they come first."""
UNSHOWN = (kinds.LongTextKind, kinds.JsonKind, kinds.TagsKind, kinds.AddressKind, kinds.LocationKind)
MOST_BY_DEFAULT = 8


@frozen(kw_only=True)
class Shown:
    """One column: the path that is read for it, and the column itself."""

    path: Path
    column: Column


def records(
    session: Session, *, entity: str, fields: str | None, where: str | None, order: str | None, limit: int
) -> Table:
    """Return records with the fields that are named, commas between; a reference shows the title of its record.

    Amounts are in the base currency; `amount.amount` and `amount.currency` are as they were written.

    Raises:
        AccessDeniedError: if the actor may read no such records.
        FilterError: if a field, the filter or the order is wrong; it says where.
        UnknownNameError: if there is no such entity.
    """
    found = readable(session, entity)
    names = [name.strip() for name in fields.split(",") if name.strip()] if fields else default_fields(session, found)
    shown = [column_of(session, found, name) for name in dict.fromkeys(names)]
    paths = [each.path.text for each in shown]
    declared = found.declared.declared
    page = session.rows(declared, paths, where, order=order, limit=limit)
    count = session.count(declared, where) if page.next else len(page)
    given = {"entity": found.name, "fields": fields, "where": where, "order": order, "limit": limit}
    return Table(
        [each.column for each in shown],
        [tuple(cell(each, value) for each, value in zip(shown, row, strict=True)) for row in page],
        title=found.plural,
        notes=[_("Shown: {count} of {count_other}. Raise the limit to see more.", count=len(page), count_other=count)]
        if page.next
        else [],
        parameters={name: value for name, value in given.items() if value is not None},
    )


def default_fields(session: Session, entity: EntityModel) -> list[str]:
    """Return the fields that tell most: id, title, stage and the first ones that fit into a cell."""
    sees = session.principal.sees
    own = [name for name, each in entity.writable.items() if not isinstance(each.kind, UNSHOWN) and sees(entity, each)]
    first = ["id", entity.declared.title, *(["stage"] if entity.staged else [])]
    return list(dict.fromkeys([*first, *own]))[:MOST_BY_DEFAULT]


def column_of(session: Session, entity: EntityModel, name: str) -> Shown:
    """Return the column for a path; one that ends with a reference reads the title of the record."""
    finder = session.reader.finder
    path = finder.find(entity, name)
    label = path.field.label if path.part is None else f"{path.field.label}: {path.part.name}"
    if path.hops:
        label = f"{path.hops[-1].label}: {label}"
    if path.field.target is not None and path.part is None:
        title = session.model.entities[path.field.target].declared.title
        path = finder.find(entity, f"{name}.{title}")
    kind: ColumnKind = next((COLUMN_KINDS[each] for each in COLUMN_KINDS if isinstance(path.kind, each)), "text")
    currency = session.model.conventions.currency if kind == "money" else None
    return Shown(path=path, column=Column(name, label, kind, currency=currency))


def cell(shown: Shown, value: object) -> Cell:
    """Return a value as its column holds it."""
    if isinstance(value, Money):
        return value.base
    if value is None or shown.column.kind == "text":
        return None if value is None else shown.path.kind.to_text(value)
    assert isinstance(value, (bool, int, Decimal, date, datetime, timedelta))
    return value
