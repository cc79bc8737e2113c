"""Fields in the column `extra` read like fields with columns of their own: filters, orders, pages, groups, search."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from attrs import define, evolve
from hypothesis import Phase, given, settings

from crmkit.core.declare.kinds import AnyRefKind, RefKind
from crmkit.core.storage.extra import EXTRA, as_text
from crmkit.core.storage.extra_statements import extra_writer
from crmkit.core.storage.tables import Tables
from tests.core.reading import expressions as specimens
from tests.core.reading.conftest import Library
from tests.core.reading.test_agreement import check_agreement

if TYPE_CHECKING:
    import sqlalchemy as sa

    from crmkit.core.assemble.model import FieldModel, Model

pytestmark = pytest.mark.thorough
MOVED = [
    "name",
    "city",
    "note",
    "email",
    "phone",
    "small",
    "ratio",
    "probability",
    "price",
    "active",
    "day",
    "moment",
    "length",
    "sort",
]
"""Fields that can be sorted by."""


@define(eq=False)
class ExtraLibrary(Library):
    """A library whose specimens keep all values but references in the column `extra`."""

    def add(self, connection: sa.Connection, entity: str, **values: object) -> dict[str, object]:
        """Insert a row as the lifecycle would, and return its values as a record has them."""
        found = self.entity(entity).fields
        own = {name: value for name, value in values.items() if not found[name].in_extra}
        parsed = {**Library.add(self, connection, entity, **own)}
        extra: dict[str, object] = {}
        for name in values.keys() - own.keys():
            parsed[name] = found[name].kind.parse(values[name], self.model.conventions)
            extra |= {key: raw for key, raw in extra_writer(found[name])(parsed[name]).items() if raw is not None}
        table = self.tables[entity]
        written = table.update().where(table.c.id == values["id"]).values({EXTRA: as_text(extra) if extra else None})
        connection.execute(written)
        return parsed


def is_moved(field: FieldModel) -> bool:
    """Return whether a field's values can be kept in `extra`."""
    return not (field.is_system or field.declared.unique or isinstance(field.kind, (RefKind, AnyRefKind)))


def moved(model: Model) -> Model:
    """Return the model with the specimens' fields in `extra`."""
    specimen = model.entities["specimen"]
    fields = {name: evolve(each, in_extra=is_moved(each)) for name, each in specimen.fields.items()}
    entities = {**model.entities, "specimen": evolve(specimen, fields=MappingProxyType(fields))}
    return evolve(model, entities=MappingProxyType(entities))


@pytest.fixture
def extra(library: Library, connection: sa.Connection) -> ExtraLibrary:
    """The library on tables of its own, with indexes where the declarations say so."""
    made = moved(library.model)
    tables = Tables(made, prefix="extra_", schema=library.tables.schema)
    tables.metadata.create_all(connection)
    return ExtraLibrary(made, tables, library.engine)


def test_filters_mean_the_same(extra: ExtraLibrary, connection: sa.Connection) -> None:
    """The SQL finds exactly the records for which the predicate is true, as it does for real columns."""
    rows = specimens.fill(extra, connection)

    @settings(max_examples=250, deadline=None, database=None, phases=[Phase.generate, Phase.shrink])
    @given(specimens.expressions)
    def agree(expression: str) -> None:
        check_agreement(extra, connection, rows, expression)

    agree()


@pytest.mark.parametrize("name", MOVED)
def test_orders_and_pages_are_the_same(
    extra: ExtraLibrary, library: Library, connection: sa.Connection, name: str
) -> None:
    """Records come in the order that real columns give, None first, page by page, up and down."""
    for each in (extra, library):
        specimens.fill(each, connection)
    for order in (name, f"-{name}", f"parent.{name}, -{name}"):
        answers: list[list[tuple[object, ...]]] = []
        for each in (extra, library):
            reader, entity, after = each.reader(connection), each.entity("specimen"), None
            answers.append([])
            while not answers[-1] or after is not None:
                page = reader.rows(entity, ["id", name], order=order, limit=7, after=after)
                answers[-1] += page
                after = page.next
        assert answers[0] == answers[1]
        assert len(answers[0]) > 50


def test_groups_measures_and_search_are_the_same(
    extra: ExtraLibrary, library: Library, connection: sa.Connection
) -> None:
    """Sums, averages and extremes by every field, and what full-text search finds, are those of real columns."""
    for each in (extra, library):
        specimens.fill(each, connection)
    measures = {
        "n": "count()",
        "sum": "sum(ratio)",
        "worth": "sum(price, active)",
        "low": "min(moment)",
        "high": "max(day)",
        "mean": "avg(length)",
    }
    by = [*MOVED, "day.year", "moment.date", "price.currency", "address.city", "parent.sort"]
    for path in by:
        first, second = (
            found.reader(connection).aggregate(found.entity("specimen"), by=[path], measures=measures)
            for found in (extra, library)
        )
        assert first == second
        assert len(first) > 1
    for text in ("a", "ss", "vip", "50%", "2050", "full"):
        ids = [
            [row[0] for row in found.reader(connection).rows(found.entity("specimen"), ["id"], search=text)]
            for found in (extra, library)
        ]
        assert ids[0] == ids[1] != []
