"""Converting: fields whose kind has changed, if no value loses anything by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.declare import kinds
from crmkit.core.declare.kinds import AnyRefKind, Kind, RefKind
from crmkit.core.storage.column_types import column_type
from crmkit.core.upgrade.rebuilding import drop_columns
from crmkit.core.upgrade.steps import Step, quoted
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from crmkit.core.assemble.model import FieldModel, Model
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.storage.plugin_ledger import Fact
    from crmkit.core.storage.tables import Tables
    from crmkit.core.upgrade.present import Situation

BATCH = 1000
SHOWN = 5
BETWEEN = "_converted"
BY_NAME = {each.name: each for each in vars(kinds).values() if isinstance(each, type) and issubclass(each, Kind)}


def conversions(here: Situation) -> Iterator[Step]:
    """Yield what converts the values of fields of another kind; what would lose something is noted as a problem."""
    for path, (old, plugin, fact) in changed_kinds(here.model, here.facts).items():
        entity, _dot, name = path.partition(".")
        declared, table = here.model.entities[entity].fields[name], here.tables[entity].name
        columns = [each for each in old["columns"] if each in here.present.tables.get(table, ())]
        if len(columns) != len(old["columns"]):
            continue
        values = here.count(table, *columns)
        wrong = unfit(here, entity, old, declared) if values else []
        if wrong:
            here.problems.append(
                _(
                    "{path} can't become {kind} without loss: {examples}. Change these values first, or give the field "
                    "another name.",
                    path=path,
                    kind=declared.kind.name,
                    examples="; ".join(wrong),
                )
            )
            continue
        text = _("convert {path} from {old} to {new}", path=path, old=old["kind"], new=declared.kind.name)
        does = converting(here.tables, table, old, declared, here.model.conventions)
        yield Step(sort="change", text=text, plugin=fact.name, rows=values, does=does)
        known = here.present.tables[table]
        here.present.tables[table] = [each for each in known if each not in columns] + list(declared.columns)
        for index in list(here.present.indexes.get(table, ())):
            if index in plugin:
                here.present.drop_index(table, index)


def changed_kinds(model: Model, facts: Mapping[str, Fact]) -> dict[str, tuple[Mapping[str, Any], Sequence[str], Fact]]:
    """Return the fields whose kind is another than in the ledger: what it says of them, and the plugin's indexes."""
    found: dict[str, tuple[Mapping[str, Any], Sequence[str], Fact]] = {}
    for fact in facts.values():
        snapshot = fact.snapshot
        for path, old in {**snapshot.left["fields"], **snapshot.fields}.items():
            entity, _dot, name = path.partition(".")
            declared = model.entities[entity].fields.get(name) if entity in model.entities else None
            if declared is not None and is_changed(old, declared):
                indexes = [index for names in snapshot.indexes.values() for index in names]
                found[path] = (old, indexes, fact)
    return found


def is_changed(old: Mapping[str, Any], declared: FieldModel) -> bool:
    """Return whether a field's values mean something else than before."""
    new = (declared.kind.name, getattr(declared.kind, "scale", None), declared.target)
    return (old["kind"], old.get("scale"), old.get("target")) != new


def old_kind(old: Mapping[str, Any]) -> Kind:
    """Return the kind that a field had."""
    made = BY_NAME[old["kind"]]
    return made(scale=old["scale"]) if old.get("scale") is not None else made()  # type: ignore[call-arg]


def rows_of(connection: sa.Connection, table: sa.Table, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
    """Yield batches of rows: the id and the columns of the records that have a value, by id."""
    last = 0
    while True:
        query = sa.select(table.c.id, *(table.c[each] for each in columns)).where(table.c.id > last)
        query = query.where(sa.or_(*(table.c[each].is_not(None) for each in columns))).order_by(table.c.id)
        rows = connection.execute(query.limit(BATCH)).all()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def converted(kind: Kind, declared: FieldModel, raw: Sequence[Any], conventions: Conventions) -> tuple[object, ...]:
    """Return what the new columns hold for what the old ones held.

    Raises:
        InvalidValue: if the value doesn't fit the new kind, or doesn't come back from it as it was.
    """
    value = kind.load(*raw)
    text = kind.to_text(value)
    new = declared.kind.parse(text, conventions)
    if new is None or kind.to_text(kind.parse(declared.kind.to_text(new), conventions)) != text:
        raise InvalidValue(_("{value!r} would lose something.", value=text))
    return declared.kind.dump(new)


def unfit(here: Situation, entity: str, old: Mapping[str, Any], declared: FieldModel) -> list[str]:
    """Return examples of values that the new kind can't hold as they are."""
    if isinstance(declared.kind, (RefKind, AnyRefKind)) or old["kind"] in {RefKind.name, AnyRefKind.name}:
        return [_("a reference can't be converted")]
    found: list[str] = []
    kind = old_kind(old)
    for rows in rows_of(here.connection, typed(here.tables[entity], old), old["columns"]):
        for number, *raw in rows:
            try:
                converted(kind, declared, raw, here.model.conventions)
            except (InvalidValue, ValueError, TypeError) as error:
                found.append(_("record {id}: {problem}", id=number, problem=str(error)))
                if len(found) == SHOWN:
                    return found
    return found


def typed(table: sa.Table, old: Mapping[str, Any]) -> sa.Table:
    """Return a table with the old columns of a field, typed as they were."""
    parts = zip(old["columns"], old_kind(old).parts, strict=True)
    columns = [sa.Column(name, column_type(part)) for name, part in parts]
    return sa.Table(table.name, sa.MetaData(), sa.Column("id", sa.BigInteger), *columns, schema=table.schema)


def converting(
    tables: Tables, name: str, old: Mapping[str, Any], declared: FieldModel, conventions: Conventions
) -> Callable[[sa.Connection], None]:
    """Return what makes the new columns beside the old ones, fills them, and drops the old ones."""

    def run(connection: sa.Connection) -> None:
        owner = quoted(connection, name, tables.schema)
        between = [f"{column}{BETWEEN}" for column in declared.columns]
        types = [column_type(part) for part in declared.kind.parts]
        for column, made in zip(between, types, strict=True):
            spelt = made.compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {owner} ADD COLUMN {quoted(connection, column)} {spelt}")
        target = sa.Table(
            name,
            sa.MetaData(),
            sa.Column("id", sa.BigInteger),
            *(sa.Column(column, made) for column, made in zip(between, types, strict=True)),
            schema=tables.schema,
        )
        update = target.update().where(target.c.id == sa.bindparam("record"))
        update = update.values({column: sa.bindparam(f"to_{column}") for column in between})
        kind, source = old_kind(old), typed(target, old)
        for rows in rows_of(connection, source, old["columns"]):
            connection.execute(
                update,
                [
                    {"record": number}
                    | {
                        f"to_{column}": value
                        for column, value in zip(between, converted(kind, declared, raw, conventions), strict=True)
                    }
                    for number, *raw in rows
                ],
            )
        drop_columns(connection, name, tables.schema, old["columns"])
        for column, wanted in zip(between, declared.columns, strict=True):
            connection.exec_driver_sql(
                f"ALTER TABLE {owner} RENAME COLUMN {quoted(connection, column)} TO {quoted(connection, wanted)}"
            )

    return run
