"""Custom fields in a plan: what stands against declaring one of them, and their indexes where they are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.edition.structuring import Problems
from crmkit.core.lifecycle.custom_fields.definitions import ENTITY, definitions_of
from crmkit.core.lifecycle.custom_fields.fitted import Fitted, fitted_to
from crmkit.core.upgrade.growing import index_creation
from crmkit.core.upgrade.keeping import computing
from crmkit.core.upgrade.steps import Step
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import sqlalchemy as sa

    from crmkit.core.assemble.custom_fields import Definition
    from crmkit.core.assemble.model import FieldModel, Model
    from crmkit.core.storage.tables import Tables
    from crmkit.core.upgrade.present import Situation


def stored_definitions(
    connection: sa.Connection, model: Model, tables: Tables, older: Mapping[str, frozenset[str]]
) -> tuple[Definition, ...]:
    """Return the custom fields of a database, the hidden ones included; none if it has no place for them yet."""
    table = tables[ENTITY]
    if not {column.name for column in table.columns} <= older.get(table.name, frozenset()):
        return ()
    return tuple(definitions_of(connection, model, tables, hidden=True))


def clashes(here: Situation) -> Iterator[str]:
    """Yield why a plugin can't declare a field that has been defined before: only one like it, with columns, fits."""
    for each in here.definitions:
        entity = here.model.entities.get(each.entity)
        field = None if entity is None else entity.fields.get(each.name)
        if field is None:
            continue
        path = f"{each.entity}.{each.name}"
        if not each.promoted:
            yield _(
                "The plugin {plugin} declares {path}, which is a custom field. Promote or purge it before the plugin is"
                " enabled: `crmkit fields promote {entity} {name}`.",
                plugin=field.provider,
                path=path,
                entity=each.entity,
                name=each.name,
            )
        elif not is_like(here.model, each, field):
            yield _(
                "The plugin {plugin} declares {path} as {declared}, and it is a custom field of the kind {kind}.",
                plugin=field.provider,
                path=path,
                declared=field.kind.name,
                kind=each.kind,
            )


def is_like(model: Model, definition: Definition, field: FieldModel) -> bool:
    """Return whether a declared field keeps its values as a definition does."""
    own = definition.declared(model.conventions, Problems())
    if own is None or own.kind.name != field.kind.name:
        return False
    return getattr(own.kind, "scale", None) == getattr(field.kind, "scale", None)


def missing_indexes(here: Situation) -> Iterator[Step]:
    """Yield what creates the indexes of custom fields, which a restored database has not."""
    shown = [each for each in here.definitions if each.active and each.index]
    if not shown:
        return
    fitted = fitted_to(Fitted(here.model, here.tables), [each for each in here.definitions if each.active])
    for name, table in fitted.tables.entities.items():
        own = {str(index.name) for index in here.tables[name].indexes} | here.present.indexes.get(table.name, set())
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            dialects = getattr(index, "_ddl_if", None)
            wanted = dialects is None or dialects.dialect == here.connection.dialect.name
            if wanted and index.name not in own and table.name in here.older:
                yield Step(sort="add", text=_("create index {index}", index=index.name), does=index_creation(index))


def missing_keys(here: Situation) -> Iterator[Step]:
    """Yield what computes the search keys of fields that were custom fields without one."""
    known = {path for fact in here.facts.values() for path in fact.snapshot.fields}
    for each in here.definitions:
        entity = here.model.entities.get(each.entity)
        field = None if entity is None else entity.fields.get(each.name)
        if field is not None and field.key_column and each.promoted and f"{each.entity}.{each.name}" not in known:
            table = here.tables[each.entity]
            rows = here.count(table.name, *field.columns)
            text = ngettext(
                "compute {count} search key of {path}",
                "compute {count} search keys of {path}",
                rows,
                path=f"{each.entity}.{each.name}",
            )
            yield Step(sort="change", text=text, rows=rows, does=computing(table, field))
