"""Declaring: what a database is made of, as its CRM says it, to know when two CRMs need the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.duplicates import DuplicateRule
from crmkit.core.declare.upgrades import UpgradeStep

if TYPE_CHECKING:
    from collections.abc import Hashable

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model


def declared_by(model: Model) -> Hashable:
    """Return a key that two Models share only if an upgrade makes the same tables, and writes the same into them.

    What the database doesn't know of, such as hooks, rules and reports, is left out.
    """
    plugins = tuple((each.name, each.manifest.version, tuple(sorted(each.manifest.requires))) for each in model.plugins)
    stages = tuple(
        (pipeline.name, pipeline.entity, each.name, each.provider, each.stage.kind, each.on_remove)
        for pipeline in model.pipelines.values()
        for each in pipeline.stages
    )
    steps = tuple((plugin, step.name) for step, plugin in model.of(UpgradeStep))
    duplicates = tuple((rule.entity, repr(rule.keys)) for rule, _plugin in model.of(DuplicateRule))
    entities = tuple(declared_of(each) for each in model.entities.values())
    return plugins, stages, steps, duplicates, entities, repr(model.conventions)


def declared_of(entity: EntityModel) -> Hashable:
    """Return what the table of an entity is made of."""
    uniques = tuple((each.fields, each.where) for each in entity.uniques)
    return entity.name, entity.provider, uniques, tuple(map(declared_in, entity.fields.values()))


def declared_in(field: FieldModel) -> Hashable:
    """Return what the columns of a field, their indexes and their line in the ledger are made of."""
    declared, kind = field.declared, field.kind
    return (
        field.name,
        field.provider,
        field.columns,
        field.key_column,
        field.target,
        field.in_extra,
        field.is_system,
        field.is_secret,
        declared.index,
        declared.unique,
        declared.part_of,
        kind.name,
        kind.parts,
        getattr(kind, "scale", None),
        bool(getattr(kind, "pinyin", False)),
    )
