"""Row mapping: the cells of a row become values by field, parts of values, and keys of references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field, frozen

from crmkit.core.exchange.files import BadRow
from crmkit.core.lifecycle.seeing import unfit
from crmkit.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.exchange.files import SourceRow
    from crmkit.core.exchange.mapping import ColumnMapping, FileMapping
    from crmkit.core.exchange.targets import Target

SHOWN = 200
"""How much of a wrong value is shown, in characters."""


@frozen
class CellProblem:
    """What is wrong with a row: the column (None if it is the row as a whole), the value that stands there, and why."""

    column: str | None
    value: str | None
    message: str


@define(eq=False)
class MappedRow:
    """A row on its way into the database.

    Attributes:
        number: the row's number in the file.
        cells: what stands in the file.
        values: by field, in a form that the field's kind reads; None empties a field.
        parts: by field, the parts of amounts, addresses and places.
        wanted: by field of a reference, the texts by which the record is looked up.
        source_id: the id that the record has in the file.
    """

    number: int
    cells: Mapping[str, str | None]
    values: dict[str, object] = field(factory=dict)
    parts: dict[str, dict[str, object]] = field(factory=dict)
    wanted: dict[str, dict[str, object]] = field(factory=dict)
    problems: list[CellProblem] = field(factory=list)
    source_id: str | None = None

    def refuse(self, column: str | None, message: str, value: str | None = None) -> None:
        """Note a problem with a cell."""
        shown = value if value is not None or column is None else self.cells.get(column)
        self.problems.append(CellProblem(column, None if shown is None else shown[:SHOWN], message))


class RowMapper:
    """Maps the rows of one file."""

    def __init__(self, model: Model, mapping: FileMapping) -> None:
        self.mapping = mapping
        self.entity: EntityModel = model.entities[mapping.entity]
        self.model = model
        split = {each.field for column in mapping.columns for each in column.targets if each.part}
        self._plain = tuple(
            (column.name, column.targets[0].field) for column in mapping.columns if is_plain(column, split)
        )
        self._special = tuple(column for column in mapping.columns if not is_plain(column, split))
        self._split = frozenset(split)
        self._clears = mapping.empty == "clear"
        self._read = {each.name: each.reading for each in mapping.columns if not each.reading.is_plain}
        self.columns_of = columns_of(mapping.columns)
        self.secret_columns = secret_columns(self.entity, mapping)

    def map(self, row: SourceRow | BadRow) -> MappedRow:
        """Return the row's values, with whatever is wrong with its cells."""
        if isinstance(row, BadRow):
            made = MappedRow(row.number, {})
            made.refuse(row.column, row.message)
            return made
        made = MappedRow(row.number, row.values)
        values, get = made.values, row.values.get
        for name, path in self._plain:
            text = get(name)
            if text:
                values[path] = text
            elif self._clears:
                values[path] = None
        for column in self._special:
            self._map_column(made, column)
        return made

    def _map_column(self, row: MappedRow, column: ColumnMapping) -> None:
        text = self._text(row, column)
        pieces = [text]
        if len(column.targets) > 1:
            found = text.split(column.reading.split, len(column.targets) - 1) if text else []
            pieces = [each.strip() for each in found] + [""] * (len(column.targets) - len(found))
        for target, piece in zip(column.targets, pieces, strict=True):
            try:
                self._put(row, column, target, piece)
            except InvalidValue as error:
                row.refuse(next(iter(column.columns), None), unfit(self.entity.fields[target.field], error))

    def _text(self, row: MappedRow, column: ColumnMapping) -> str:
        if column.constant is not None:
            return column.constant
        if column.template is None:
            return column.reading.text(row.cells.get(column.name))
        texts = {name: self._cell(row, name) for name in column.template.columns}
        return column.reading.text(column.template.fill(texts))

    def _cell(self, row: MappedRow, name: str) -> str:
        reading, cell = self._read.get(name), row.cells.get(name)
        return ((cell or "") if reading is None else reading.text(cell)).strip()

    def _put(self, row: MappedRow, column: ColumnMapping, target: Target, text: str) -> None:
        name = target.field
        kind = self.entity.fields[name].kind
        if target.by is not None:
            other = self.model.entities[str(self.entity.fields[name].target)].fields[target.by].kind
            row.wanted.setdefault(name, {})[target.by] = column.reading.value(text, other) if text.strip() else None
        elif name in self._split:
            part = target.part or "amount"
            row.parts.setdefault(name, {})[part] = column.reading.value(text, kind, part) if text.strip() else None
        elif name == "id" and self.mapping.remembers:
            row.source_id = text.strip() or None
        elif text.strip():
            row.values[name] = column.reading.value(text, kind)
        elif self._clears:
            row.values.setdefault(name, None)


def is_plain(column: ColumnMapping, split: set[str]) -> bool:
    """Return whether a column's texts go to one field as they are."""
    if column.template or column.constant is not None or len(column.targets) != 1 or not column.reading.is_plain:
        return False
    (target,) = column.targets
    return target.by is None and target.field not in split and target.field != "id"


def secret_columns(entity: EntityModel, mapping: FileMapping) -> frozenset[str]:
    """Return the columns of a file whose cells go into secret fields, and so into nothing that is written elsewhere."""
    secrets = entity.secrets
    return frozenset(
        name for each in mapping.columns if any(to.field in secrets for to in each.targets) for name in each.columns
    )


def columns_of(columns: Iterable[ColumnMapping]) -> dict[str, str]:
    """Return the column that a field comes from, for messages."""
    found: dict[str, str] = {}
    for column in columns:
        for target in column.targets:
            name = next(iter(column.columns), None)
            if name is not None:
                found.setdefault(target.field, name)
    return found
