"""Definitions: the records of custom fields, as a database has them or as a draft will make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.assemble.custom_fields import Definition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.core.assemble.model import Model
    from crmkit.core.storage.tables import Tables

ENTITY = "custom_field"
NAMES: Mapping[str, str] = {
    "entity": "entity",
    "name": "name",
    "kind": "kind",
    "label": "label",
    "help": "help",
    "choices": "choices",
    "default": "default",
    "scale": "decimals",
    "min": "minimum",
    "max": "maximum",
    "required": "required",
    "search": "searched",
    "index": "indexed",
    "privacy": "privacy",
    "promoted": "promoted",
    "active": "active",
}
"""The attributes of a definition, each with the field of the record."""


def definitions_of(
    connection: sa.Connection, model: Model, tables: Tables, *, hidden: bool = False
) -> list[Definition]:
    """Return the custom fields of a database, oldest first; those that are hidden, too, if they are wanted."""
    table, fields = tables[ENTITY], model.entities[ENTITY].fields
    query = sa.select(*(table.c[fields[name].columns[0]] for name in NAMES.values()))
    living = query.where(table.c.deleted_at.is_(None)).order_by(table.c.id)
    if not hidden:
        living = living.where(table.c.active.is_(sa.true()))
    found = []
    for row in connection.execute(living):
        raw = {name: value for name, value in zip(NAMES.values(), row, strict=True) if value is not None}
        found.append(definition({name: fields[name].kind.load(value) for name, value in raw.items()}.get))
    return found


def definition(value: Callable[[str], object]) -> Definition:
    """Return a definition from the values of a record's fields."""
    given = {key: value(name) for key, name in NAMES.items()}
    given = {key: each for key, each in given.items() if each is not None}
    return Definition(**{**given, "choices": choices_of(given.get("choices"))})  # type: ignore[arg-type]


def choices_of(given: object) -> Mapping[str, str] | None:
    """Return the labels of choices by name; a list of names has none."""
    if isinstance(given, list):
        return {str(each): "" for each in given}
    if isinstance(given, dict):
        return {name: "" if label is None else str(label) for name, label in given.items()}
    return None
