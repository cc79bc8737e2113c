"""Profiles: all that is around a record, as JSON and as tables."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from crmkit.cli.happenings import timeline_json, timeline_rows
from crmkit.cli.language import echo
from crmkit.cli.listing import found_paths, listed_table, worth_showing
from crmkit.cli.output import print_pairs, print_table, print_texts
from crmkit.cli.showing import record_answer, record_pairs, value_json
from crmkit.core.declare.kinds import DateKind, DateTimeKind, DecimalKind, IntegerKind, MoneyKind
from crmkit.core.declare.values import Money
from crmkit.core.lifecycle.timeline import title_of
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.table import Table
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.declare.kinds import Kind
    from crmkit.core.lifecycle.profiles import Profile, ProfilePart, ProfileRow
    from crmkit.core.lifecycle.session import Session

KINDS: tuple[tuple[type, Kind], ...] = (
    (Money, MoneyKind()),
    (datetime, DateTimeKind()),  # before date, because a datetime is one
    (date, DateKind()),
    (Decimal, DecimalKind()),
    (int, IntegerKind()),
)
"""The kinds by which figures are written."""


def profile_json(session: Session, profile: Profile) -> dict[str, object]:
    """Return a profile: `entity`, `record`, `related`, `sections`, `timeline`."""
    entities = session.model.entities
    return record_answer(session, profile.record) | {
        "related": {
            name: {"record": str(each.ref), "title": title_of(entities[each.ref.entity], each)}
            for name, each in profile.related.items()
        },
        "sections": {name: part_json(session, part) for name, part in profile.parts.items()},
        "timeline": timeline_json(profile.timeline),
    }


def part_json(session: Session, part: ProfilePart) -> dict[str, object]:
    """Return a section: `entity`, `figures`, `records` (each with its values by path and its sections), `is_cut`."""
    return {
        "entity": part.section.entity,
        "figures": {name: figure_json(value) for name, value in part.figures.items()},
        "records": [row_json(session, part, row) for row in part.rows],
        "is_cut": part.is_cut,
    }


def row_json(session: Session, part: ProfilePart, row: ProfileRow) -> dict[str, object]:
    """Return a record of a section."""
    found = found_paths(session, session.model.entities[part.section.entity], row.values)
    values = {each.text: value_json(each.kind, row[each.text]) for each in found}
    nested = {name: part_json(session, inner) for name, inner in row.nested.items()}
    return {"record": str(row.ref), "values": values, "sections": nested}


def print_profile(session: Session, profile: Profile) -> None:
    """Print the record, every section that has something to show, and the latest of the timeline."""
    print_pairs(record_pairs(session, profile.record))
    for part in profile.parts.values():
        if part.rows:
            print_part(session, part)
    echo()
    echo(_("Timeline"))
    rows = timeline_rows(session, profile.timeline)
    print_texts((_("When"), _("Who"), _("What"), _("Record")), rows, session.model.conventions)


def print_part(session: Session, part: ProfilePart) -> None:
    """Print a section: its figures, its records, and below them those of the nested sections."""
    conventions = session.model.conventions
    echo()
    echo(part.section.label)
    print_pairs(
        (each.label, figure_text(session, part.figures[each.name]))
        for each in part.section.figures
        if part.figures.get(each.name) is not None
    )
    print_table(table_of(session, part.section.entity, [("", row) for row in part.rows]), conventions)
    if part.is_cut:
        echo(_("There are more."))
    for name in part.section.nested:
        nested = [(title(row), row.nested[name]) for row in part.rows if name in row.nested]
        rows = [(whole, row) for whole, inner in nested for row in inner.rows]
        if rows:
            echo()
            echo(nested[0][1].section.label)
            print_table(table_of(session, nested[0][1].section.entity, rows), conventions)


def table_of(session: Session, name: str, rows: Sequence[tuple[str, ProfileRow]]) -> Table:
    """Return records as a table of the paths that tell something, each behind the title of what it belongs to."""
    entity, paths = session.model.entities[name], list(rows[0][1].values)
    values = [list(row.values.values()) for _whole, row in rows]
    shown = worth_showing(paths, values)
    listed = listed_table(
        session, entity, [paths[each] for each in shown], [[row[each] for each in shown] for row in values]
    )
    if not any(whole for whole, _row in rows):
        return listed
    cells = [[whole, *row] for (whole, _row), row in zip(rows, listed.rows, strict=True)]
    return Table([Column("belongs_to", _("Belongs to")), *listed.columns], cells)


def title(row: ProfileRow) -> str:
    """Return what a row is called: the first of its values, or its reference."""
    first = next(iter(row.values.values()), None)
    return str(row.ref) if first is None else str(first)


def figure_text(session: Session, value: object) -> str:
    """Return a figure as a person reads it."""
    kind = next((kind for held, kind in KINDS if isinstance(value, held)), None)
    return str(value) if kind is None else kind.format(value, session.model.conventions)


def figure_json(value: object) -> object:
    """Return a figure as JSON."""
    kind = next((kind for held, kind in KINDS if isinstance(value, held)), None)
    return value if kind is None else kind.to_json(value)
