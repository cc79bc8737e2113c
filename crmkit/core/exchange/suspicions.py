"""Suspicions: rows that were imported although their records look like others, kept in the books of the import."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.exchange.bookkeeping import MOST_PROBLEMS, chunks
from crmkit.core.exchange.results import RowSuspicion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.exchange.bookkeeping import Books, ImportedFile
    from crmkit.core.exchange.results import RowOutcome
    from crmkit.core.lifecycle.duplicates.finding import Duplicate, Suspicion
    from crmkit.core.lifecycle.session import Session

Place = tuple[str, int]
"""The name of a file, and a row of it."""


def note(outcomes: Iterable[RowOutcome], warnings: Iterable[Suspicion]) -> None:
    """Note with what became of rows what their records look like."""
    told = {(each.record.entity, int(each.record)): each.duplicates for each in warnings}
    for outcome in outcomes:
        if outcome.record is not None and outcome.outcome != "failed":
            alike = told.get((outcome.entity, outcome.record), ())
            outcome.suspicions = [as_kept(each) for each in alike]


def as_kept(found: Duplicate) -> dict[str, object]:
    """Return what a record looks like as JSON; no value is quoted."""
    return {
        "other": None if found.record is None else str(found.record),
        "score": found.score,
        "fields": [reason.fields[0] for reason in found.reasons],
        "rule": found.rule,
    }


def suspicions(session: Session, books: Books, files: Sequence[ImportedFile]) -> list[RowSuspicion]:
    """Return the first suspicions of an import, in the order of the rows."""
    rows = session.tables.system.imported_row.c
    query = (
        sa.select(rows.file, rows.row, rows.entity, rows.record_id, rows.problems)
        .where(rows.import_id == books.id, rows.outcome != "failed", rows.problems.is_not(None))
        .order_by(rows.file, rows.row, rows.part)
        .limit(MOST_PROBLEMS)
    )
    found = session.unit.connection.execute(query).all()
    kept = [(row, each) for row in found for each in json.loads(row.problems)][:MOST_PROBLEMS]
    places = places_of(session, books, files, {each["other"] for _row, each in kept if each["other"] is not None})
    return [
        RowSuspicion(
            file=files[row.file].name,
            row=row.row,
            record=f"{row.entity}:{row.record_id}",
            other=each["other"],
            other_file=place[0],
            other_row=place[1],
            score=each["score"],
            fields=tuple(each["fields"]),
            rule=each["rule"],
        )
        for row, each in kept
        for place in [places.get(each["other"], (None, None))]
    ]


def places_of(
    session: Session, books: Books, files: Sequence[ImportedFile], records: Iterable[str]
) -> dict[str, Place]:
    """Return the rows of the import by which records were created, of those that were."""
    rows = session.tables.system.imported_row.c
    wanted: dict[str, list[int]] = {}
    for record in records:
        entity, _colon, number = record.partition(":")
        wanted.setdefault(entity, []).append(int(number))
    found: dict[str, Place] = {}
    for entity, numbers in wanted.items():
        for chunk in chunks(list(numbers)):
            query = sa.select(rows.record_id, rows.file, rows.row).where(
                rows.import_id == books.id,
                rows.entity == entity,
                rows.record_id.in_(chunk),
                rows.outcome == "created",
            )
            for row in session.unit.connection.execute(query):
                found[f"{entity}:{row.record_id}"] = (files[row.file].name, row.row)
    return found
