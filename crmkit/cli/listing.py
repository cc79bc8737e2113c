"""Lists of records: rows of values by paths, as tables and as JSON."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, cast, get_args

from crmkit.cli.showing import value_json, value_text
from crmkit.core.reading.reports.columns import Column, Kind
from crmkit.core.reading.reports.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.paths import Path
    from crmkit.core.reading.reports.columns import Cell

MOST_COLUMNS = 7
AS_THEY_ARE = frozenset(get_args(Kind)) - {"text", "money"}
"""The kinds of fields whose values a table shows by itself; others are put into words here."""


def found_paths(session: Session, entity: EntityModel, paths: Iterable[str]) -> list[Path]:
    """Return where the values of the paths are found."""
    return [session.reader.finder.find(entity, each) for each in paths]


def listed_json(
    session: Session, entity: EntityModel, paths: Sequence[str], rows: Iterable[Sequence[object]]
) -> list[dict[str, object]]:
    """Return rows as JSON objects by path."""
    kinds = [each.kind for each in found_paths(session, entity, paths)]
    return [
        {path: value_json(kind, value) for path, kind, value in zip(paths, kinds, row, strict=True)} for row in rows
    ]


def worth_showing(paths: Sequence[str], rows: Sequence[Sequence[object]]) -> list[int]:
    """Return the positions of the paths for which any row has a value, and of the first two in any case."""
    filled = [position for position in range(len(paths)) if any(row[position] is not None for row in rows)]
    return sorted({*range(min(2, len(paths))), *filled})[:MOST_COLUMNS]


def listed_table(
    session: Session, entity: EntityModel, paths: Sequence[str], rows: Iterable[Sequence[object]]
) -> Table:
    """Return rows as a table with a column for every path."""
    found = found_paths(session, entity, paths)
    columns = [Column(each.text, label_of(each), column_kind(each)) for each in found]
    return Table(
        columns, [[cell(session, path, value) for path, value in zip(found, row, strict=True)] for row in rows]
    )


def label_of(path: Path) -> str:
    """Return the heading of a path: the label of its last reference, if it ends in a title, or of its field."""
    if path.hops and path.field.name == path.entity.declared.title:
        return path.hops[-1].label
    return path.field.label if path.part is None else f"{path.field.label} {path.text.rpartition('.')[2]}"


def column_kind(path: Path) -> Kind:
    """Return the kind of a path's column."""
    return cast("Kind", path.kind.name if path.kind.name in AS_THEY_ARE else "text")


def cell(session: Session, path: Path, value: object) -> Cell:
    """Return a value as a cell of its column."""
    if column_kind(path) != "text" and isinstance(value, (int, Decimal, date, datetime, timedelta)):
        return value
    if path.field.name == "stage" and path.part is None and value is not None:
        return stage_label(session, path.entity, str(value))
    return value_text(path.kind, value, session.model.conventions) or None


def stage_label(session: Session, entity: EntityModel, name: str) -> str:
    """Return the label of a stage, by the first pipeline that has it."""
    for pipeline in session.model.pipelines_of(entity.name):
        if name in pipeline.positions:
            return pipeline.stage(name).label
    return name
