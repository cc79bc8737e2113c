"""Prepared statements of an entity that has fields in the column `extra`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crmkit.core.storage.extra import EXTRA, as_text
from crmkit.core.storage.statements import EntityStatements, sqlite_moment, writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import sqlalchemy as sa
    from sqlalchemy.engine import Dialect

    from crmkit.core.assemble.model import EntityModel, FieldModel

CHANGED = {
    "sqlite": "{0} = NULLIF(json_patch(COALESCE({0}, '{{}}'), {1}), '{{}}')",
    "postgresql": "{0} = NULLIF(jsonb_strip_nulls(COALESCE({0}, '{{}}') || CAST({1} AS jsonb)), '{{}}')",
}
"""What puts some values into the column, takes out those that are null, and leaves all others as they are."""


class ExtendedStatements(EntityStatements):
    """Prepared statements that write the column `extra`, too: after an entity's own columns."""

    def __init__(self, table: sa.Table, entity: EntityModel, dialect: Dialect) -> None:
        super().__init__(table, entity, dialect)
        self.extra = {name: extra_writer(field) for name, field in entity.fields.items() if field.in_extra}
        self.insert_all = self.insert((*self.columns, EXTRA))
        self._blank = (*self._blank, None)
        self._change = CHANGED[dialect.name].format(self.quoted[EXTRA], self.mark)

    def row(self, values: Mapping[str, object], template: Sequence[object] | None = None) -> list[object]:
        """Return the parameters of `insert_all`: those of the template, with the given values put in."""
        row = super().row({name: value for name, value in values.items() if name not in self.extra}, template)
        found: dict[str, object] = {}
        for name, write in self.extra.items():
            if values.get(name) is not None:
                found |= {key: each for key, each in write(values[name]).items() if each is not None}
        if found:
            row[-1] = as_text(found)
        return row

    def update_fields(self, names: tuple[str, ...]) -> str:
        """Return the update of some fields."""
        found = self._updates.get(names)
        if found is None:
            own = [name for name in names if name not in self.extra]
            further = [self._change] if len(own) < len(names) else []
            found = self._updates[names] = self.update(self.changed_columns(own), *further)
        return found

    def changed_row(self, names: Iterable[str], values: Mapping[str, object]) -> list[object]:
        """Return the parameters of some fields in the order of their update."""
        listed = list(names)
        row = super().changed_row([name for name in listed if name not in self.extra], values)
        changed: dict[str, object] = {}
        for name in listed:
            if name in self.extra:
                changed |= self.extra[name](values[name])
        return [*row, as_text(changed)] if changed else row


def extra_writer(field: FieldModel) -> Callable[[object], dict[str, object]]:
    """Return the function from a field's value to what the column `extra` holds of it."""
    columns = (*field.columns, field.key_column) if field.key_column else field.columns
    write = writer(field, [JSON_FORMS.get(part.type) for part in field.kind.parts] + [None])

    def written(value: object) -> dict[str, object]:
        if value is None:
            return dict.fromkeys(columns)
        return dict(zip(columns, write(value), strict=True))

    return written


def iso_day(value: object) -> str:
    """Return a day as SQLite keeps it."""
    assert isinstance(value, date)
    return value.isoformat()


JSON_FORMS: Mapping[str, Callable[[object], object]] = {"date": iso_day, "datetime": sqlite_moment}
