"""The report `data_quality`: what is missing, what is filler, and where, by field or by owner."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.standard.choosing import chosen, readable, user_named
from crmkit.core.reading.reports.standard.inspecting import EMPTY, REPEATED, Tally, inspection_of
from crmkit.core.reading.reports.table import Table
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.reports.columns import Cell
    from crmkit.core.reading.reports.standard.choosing import Choice
    from crmkit.core.reading.reports.standard.inspecting import Inspection

BY_FIELD = [
    Column("field", _("Field")),
    Column("empty", _("Empty"), "integer"),
    Column("empty_share", _("Empty share"), "percent"),
    Column("filler", _("Filler"), "integer"),
    Column("repeated", _("In many records"), "integer"),
    Column("sorts", _("What sort")),
    Column("examples", _("For example")),
]
BY_OWNER = [
    Column("owner", _("Owner")),
    Column("records", _("Records"), "integer"),
    Column("doubtful", _("Doubtful records"), "integer"),
    Column("doubtful_share", _("Doubtful share"), "percent"),
    Column("empty_share", _("Empty share"), "percent"),
    Column("examples", _("For example")),
]


def data_quality(
    session: Session,
    *,
    entity: str,
    by: str,
    fields: str | None,
    many: int,
    where: str | None,
    owner: str | None,
) -> Table:
    """Return how many values are empty, filler, or the same in many records, by field or by owner.

    Raises:
        AccessDeniedError: if the actor may read no such records.
        FilterError: if the filter is wrong; it says where.
        Refused: if there is no such owner.
        UnknownNameError: if there is no such entity or field.
    """
    found = readable(session, entity)
    owned = found.owner or "created_by"
    user = user_named(session, owner)
    choice = chosen(session, found, where, tests={f"{owned} == given.value": user})
    inspection = inspection_of(session, found, fields, many, choice)
    make = by_owner if by == "owner" else by_field
    given = {"entity": found.name, "by": by, "fields": fields, "many": many, "where": where, "owner": owner}
    columns, rows, count = make(session, found, inspection, choice)
    return Table(
        columns,
        rows,
        title=_("Quality of data: {entities}", entities=found.plural),
        notes=[_("Records looked at: {count}.", count=count)],
        parameters={name: value for name, value in given.items() if value is not None},
    )


def by_field(
    session: Session, entity: EntityModel, inspection: Inspection, choice: Choice
) -> tuple[list[Column], list[tuple[Cell, ...]], int]:
    """Return columns and rows by field, and how many records there are."""
    tallies = {name: Tally() for name in inspection.fields}
    count = 0
    for number, *values in walked(session, entity, ["id", *inspection.fields], choice):
        count += 1
        for each in inspection.findings(values):
            tallies[each.field].add(entity.name, int(str(number)), [each])
    labels = {rule.name: rule.label for rule in inspection.rules}
    rows: list[tuple[Cell, ...]] = [
        (
            inspection.fields[name].label,
            tally.sorts[EMPTY],
            share(tally.sorts[EMPTY], count),
            tally.doubtful - tally.sorts[REPEATED],
            tally.sorts[REPEATED],
            ", ".join(labels[sort] for sort in sorted(tally.sorts) if sort in labels) or None,
            "; ".join(tally.examples) or None,
        )
        for name, tally in tallies.items()
    ]
    return BY_FIELD, rows, count


def by_owner(
    session: Session, entity: EntityModel, inspection: Inspection, choice: Choice
) -> tuple[list[Column], list[tuple[Cell, ...]], int]:
    """Return columns and rows by owner, the most doubtful first; where there are no owners, by who created a record."""
    owned = entity.owner or "created_by"
    tallies: dict[tuple[object, object], Tally] = {}
    for number, owner, name, *values in walked(
        session, entity, ["id", owned, f"{owned}.name", *inspection.fields], choice
    ):
        tally = tallies.setdefault((owner, name), Tally())
        tally.add(entity.name, int(str(number)), inspection.findings(values))
    rows: list[tuple[Cell, ...]] = [
        (
            None if owner is None else str(name or owner),
            tally.records,
            tally.doubtful,
            share(tally.doubtful, tally.records),
            share(tally.sorts[EMPTY], tally.records * len(inspection.fields)),
            "; ".join(tally.examples) or None,
        )
        for (owner, name), tally in sorted(tallies.items(), key=lambda each: -each[1].doubtful / each[1].records)
    ]
    return BY_OWNER, rows, sum(tally.records for tally in tallies.values())


def walked(session: Session, entity: EntityModel, paths: Sequence[str], choice: Choice) -> Iterator[tuple[object, ...]]:
    """Yield values of the records that are chosen, holding few at once."""
    for row in session.reader.iterate(entity, paths, choice.where, given=choice.given):
        assert isinstance(row, tuple)
        yield row


def share(part: int, whole: int) -> Decimal | None:
    """Return a part in percent of the whole, None of nothing."""
    return round(Decimal(100 * part) / whole, 2) if whole else None
