"""A batch: the rows of one transaction, and what is known about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from crmkit.core.exchange.results import RowOutcome
from crmkit.translation import about

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.exchange.bookkeeping import Books
    from crmkit.core.exchange.mapping import FileMapping
    from crmkit.core.exchange.matching import Key
    from crmkit.core.exchange.rowmapping import MappedRow, RowMapper
    from crmkit.core.lifecycle.session import Session


@define(eq=False, kw_only=True)
class Batch:
    """The rows of one transaction.

    Attributes:
        books: the bookkeeping of the import.
        file: the number of the file in it.
        found: by field of a reference, the ids of records that earlier batches looked up.
        records: by id of a record, the row of this batch that it came from.
        remembered: by the id in the file, the id of the record that this batch made.
        created: rows and look-ups for which a record was created.
        outcomes: what became of the rows so far.
    """

    session: Session
    mapper: RowMapper
    books: Books
    file: int
    found: dict[str, dict[Key, int]] = field(factory=dict)
    records: dict[int, int] = field(factory=dict)
    remembered: dict[str, int] = field(factory=dict)
    created: set[tuple[int, str]] = field(factory=set)
    outcomes: list[RowOutcome] = field(factory=list)

    @property
    def mapping(self) -> FileMapping:
        """The mapping of the file."""
        return self.mapper.mapping

    @property
    def entity(self) -> EntityModel:
        """The entity of the rows."""
        return self.mapper.entity

    @property
    def model(self) -> Model:
        """The assembled model."""
        return self.session.model

    def column_of(self, name: str) -> str | None:
        """Return the column that a field comes from."""
        return self.mapper.columns_of.get(name)

    def refuse(self, row: MappedRow, name: str, message: str) -> None:
        """Note a problem with what a row says about a field."""
        column = self.column_of(name)
        row.refuse(column, message if column else about(name, message))

    def sound(self, rows: Iterable[MappedRow]) -> Iterator[MappedRow]:
        """Yield the rows that nothing is wrong with so far; the others have failed."""
        for row in rows:
            if row.problems:
                self.fail(row)
            else:
                yield row

    def fail(self, row: MappedRow) -> None:
        """Note that a row was refused."""
        secrets = self.mapper.secret_columns
        problems = [
            (each.column, None if each.column in secrets else each.value, each.message) for each in row.problems
        ]
        made = RowOutcome(row=row.number, outcome="failed", entity=self.entity.name, problems=problems)
        self.outcomes.append(made)

    def note(self, row: MappedRow, outcome: str, record: int | None = None, version: int | None = None) -> None:
        """Note what became of a row."""
        if record is not None:
            self.records.setdefault(record, row.number)
            if row.source_id is not None:
                self.remembered.setdefault(row.source_id, record)
        self.outcomes.append(
            RowOutcome(
                row=row.number,
                outcome=outcome,
                entity=self.entity.name,
                record=record,
                version=version,
                key=row.source_id,
            )
        )
