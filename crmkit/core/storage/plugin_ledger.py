"""The ledger of plugins: which ones the database was made for, at which version, and what each of them keeps in it.

A snapshot says what a plugin keeps, as plain data, so that it can be exported and purged when its code is gone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from attrs import field, frozen
from packaging.version import InvalidVersion, Version

from crmkit.core.declare.declarations import Unique
from crmkit.core.declare.restrictions import Restriction
from crmkit.core.declare.upgrades import Renamed
from crmkit.core.storage.tables import unique_index_name
from crmkit.errors import DatabaseTooNewError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.storage.tables import Tables

ENABLED, DISABLED = "enabled", "disabled"


@frozen(kw_only=True)
class Snapshot:
    """What a plugin keeps in the database.

    Attributes:
        entities: its own entities, each with its table.
        fields: its fields, by `entity.field`, each with table, columns, kind and search key.
        stages: its stages, by `pipeline.stage`, each with entity, kind and `on_remove`.
        indexes: the names of the indexes that its fields brought, by table.
        requires: the plugins that it requires.
        restrictions: its restrictions, each as `entity.name`.
        left: fields and entities that it declared before and no longer does; kept until they are purged.
    """

    entities: Mapping[str, str] = field(factory=dict)
    fields: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    stages: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    indexes: Mapping[str, list[str]] = field(factory=dict)
    requires: tuple[str, ...] = field(default=(), converter=tuple[str, ...])
    restrictions: tuple[str, ...] = field(default=(), converter=tuple[str, ...])
    left: Mapping[str, Mapping[str, Any]] = field(factory=lambda: {"entities": {}, "fields": {}})

    def to_json(self) -> str:
        """Return the snapshot as the ledger keeps it."""
        return json.dumps({name: getattr(self, name) for name in PARTS}, sort_keys=True)

    @classmethod
    def of_json(cls, text: str) -> Snapshot:
        """Return the snapshot that the ledger keeps."""
        given = json.loads(text)
        return cls(**{name: given[name] for name in PARTS if name in given})


PARTS = ("entities", "fields", "stages", "indexes", "requires", "restrictions", "left")


@frozen(kw_only=True)
class Fact:
    """A plugin in the ledger: its version, whether it is enabled or disabled, and what it keeps."""

    name: str
    version: str
    state: str
    declared: str

    @property
    def snapshot(self) -> Snapshot:
        """What it keeps."""
        return Snapshot.of_json(self.declared)


def facts_of(connection: sa.Connection, tables: Tables) -> dict[str, Fact]:
    """Return the plugins in the ledger, by name."""
    return facts_in(connection, tables.system.plugin)


def facts_in(connection: sa.Connection, ledger: sa.Table) -> dict[str, Fact]:
    """Return the plugins in a ledger, by name."""
    rows = connection.execute(sa.select(ledger.c.name, ledger.c.version, ledger.c.state, ledger.c.declared))
    return {row.name: Fact(name=row.name, version=row.version, state=row.state, declared=row.declared) for row in rows}


def wishes_of(model: Model, tables: Tables, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Return the assembled plugins as the ledger should have them, by name."""
    return {
        plugin.name: Fact(
            name=plugin.name,
            version=plugin.manifest.version,
            state=ENABLED,
            declared=snapshot_of(model, tables, plugin.name, facts.get(plugin.name)).to_json(),
        )
        for plugin in model.plugins
    }


def snapshot_of(model: Model, tables: Tables, plugin: str, before: Fact | None) -> Snapshot:
    """Return what a plugin keeps now, with what it has left behind of what it kept before."""
    manifest = next(each.manifest for each in model.plugins if each.name == plugin)
    own = [entity for entity in model.entities.values() if entity.provider == plugin]
    fields = {
        f"{entity.name}.{each.name}": field_snapshot(tables, entity, each)
        for entity in model.entities.values()
        for each in entity.fields.values()
        if each.provider == plugin and not each.is_system
    }
    entities = {entity.name: tables[entity.name].name for entity in own}
    stages = {
        f"{pipeline.name}.{each.name}": {
            "entity": pipeline.entity,
            "kind": each.stage.kind,
            "on_remove": each.on_remove,
        }
        for pipeline in model.pipelines.values()
        for each in pipeline.stages
        if each.provider == plugin
    }
    return Snapshot(
        entities=entities,
        fields=fields,
        stages=stages,
        indexes=indexes_of(model, tables, plugin),
        requires=tuple(sorted(manifest.requires)),
        restrictions=tuple(sorted({each.path for each, owner in model.of(Restriction) if owner == plugin})),
        left=left_behind(model, plugin, before, entities, fields),
    )


def field_snapshot(tables: Tables, entity: EntityModel, declared: FieldModel) -> dict[str, Any]:
    """Return what must stay the same for a field's data to keep its meaning, and whether it leaves through no door."""
    return ({"secret": True} if declared.is_secret else {}) | {
        "table": tables[entity.name].name,
        "columns": list(declared.columns),
        "kind": declared.kind.name,
        "scale": getattr(declared.kind, "scale", None),
        "target": declared.target,
        "key": declared.key_column,
        "pinyin": bool(getattr(declared.kind, "pinyin", False)),
        "unique": declared.declared.unique,
    }


def indexes_of(model: Model, tables: Tables, plugin: str) -> dict[str, list[str]]:
    """Return the names of the indexes that a plugin brought to tables of others, by table."""
    found: dict[str, set[str]] = {}
    uniques = [unique for unique, owner in model.of(Unique) if owner == plugin]
    for entity in model.entities.values():
        if entity.provider != plugin:
            fields = [each for each in entity.fields.values() if each.provider == plugin and not each.is_system]
            own = {column for each in fields for column in columns_of(each)}
            table = tables[entity.name]
            names = {str(index.name) for index in table.indexes if own & {column.name for column in index.columns}}
            names |= {unique_index_name(entity, table, unique) for unique in uniques if unique.entity == entity.name}
            if names:
                found[table.name] = names
    return {table: sorted(names) for table, names in sorted(found.items())}


def columns_of(declared: FieldModel) -> tuple[str, ...]:
    """Return all columns of a field, its search key included."""
    return (*declared.columns, declared.key_column) if declared.key_column else declared.columns


def left_behind(
    model: Model, plugin: str, before: Fact | None, entities: Mapping[str, str], fields: Mapping[str, object]
) -> dict[str, dict[str, Any]]:
    """Return the entities and fields that a plugin declared before, and no longer does, nor renamed."""
    if before is None:
        return {"entities": {}, "fields": {}}
    old = before.snapshot
    renamed = {rename.old for rename, owner in model.of(Renamed) if owner == plugin}
    taken = {f"{entity.name}.{name}" for entity in model.entities.values() for name in entity.fields}
    gone_entities = {**old.left["entities"], **old.entities}
    gone_fields = {**old.left["fields"], **old.fields}
    return {
        "entities": {
            name: table
            for name, table in gone_entities.items()
            if name not in entities and name not in renamed and name not in model.entities
        },
        "fields": {
            path: known
            for path, known in gone_fields.items()
            if path not in fields
            and path not in taken
            and path not in renamed
            and path.partition(".")[0] not in {*gone_entities, *renamed} - {*entities}
        },
    }


def check_versions(facts: Mapping[str, Fact], model: Model) -> None:
    """Refuse a database that was made for newer plugins than these.

    Raises:
        DatabaseTooNewError: naming the plugins, with the version of the database and the one that is installed.
    """
    newer = [
        (plugin.name, facts[plugin.name].version, plugin.manifest.version)
        for plugin in model.plugins
        if plugin.name in facts and is_newer(facts[plugin.name].version, plugin.manifest.version)
    ]
    if newer:
        raise DatabaseTooNewError(plugins=tuple(newer))


def is_newer(version: str, other: str) -> bool:
    """Return whether a version is above another (PEP 440); what is no version is not compared."""
    try:
        return Version(version) > Version(other)
    except InvalidVersion:
        return False


def differences(connection: sa.Connection, model: Model, tables: Tables) -> list[str]:
    """Return how the database differs from what the Model needs, a line each.

    Raises:
        DatabaseTooNewError: if it was made for newer plugins.
    """
    return differences_in(connection, model, tables, tables.system.plugin, tables.system.upgrade_step)


def differences_in(
    connection: sa.Connection, model: Model, tables: Tables, ledger: sa.Table, steps: sa.Table
) -> list[str]:
    """Return the same by a ledger, and a table of upgrade steps, that may be in another schema than `tables`.

    Raises:
        DatabaseTooNewError: if the database was made for newer plugins.
    """
    if not sa.inspect(connection).has_table(ledger.name, schema=ledger.schema):
        return [_("it has no tables of crmkit yet")]
    facts = facts_in(connection, ledger)
    check_versions(facts, model)
    wishes = wishes_of(model, tables, facts)
    found: list[str] = [_("plugin {name!r} is new", name=name) for name in wishes.keys() - facts.keys()]
    for name in wishes.keys() & facts.keys():
        if facts[name].state != ENABLED:
            found.append(_("plugin {name!r} was disabled", name=name))
        elif facts[name].version != wishes[name].version:
            versions = {"before": facts[name].version, "now": wishes[name].version}
            found.append(_("plugin {name!r} was {before} and is {now}", name=name, **versions))
        elif facts[name].declared != wishes[name].declared:
            found.append(_("plugin {name!r} declares other things than before", name=name))
    found += [
        _("plugin {name!r} is gone", name=name) for name in facts.keys() - wishes.keys() if facts[name].state == ENABLED
    ]
    return sorted(found) + unfinished(connection, steps)


def unfinished(connection: sa.Connection, steps: sa.Table) -> list[str]:
    """Return the upgrade steps that were begun and not finished, a line each."""
    query = sa.select(steps.c.plugin, steps.c.name).where(steps.c.done_at.is_(None)).order_by(steps.c.plugin)
    return [
        _("the upgrade step {name!r} of the plugin {plugin!r} is not finished", name=row.name, plugin=row.plugin)
        for row in connection.execute(query)
    ]
