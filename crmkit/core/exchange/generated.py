"""Generated mappings: what an import needs to know about a file whose columns are named as fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.names import nearest
from crmkit.core.exchange import vcards
from crmkit.core.exchange.errors import UnfittingFilesError
from crmkit.core.exchange.files import open_rows
from crmkit.core.exchange.files.options import format_of
from crmkit.core.exchange.mapping_files import mapping_of
from crmkit.core.exchange.sources import ERROR_COLUMNS
from crmkit.core.exchange.targets import COMPARABLE, target_of
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.exchange.mapping import Mapping

OWN = ("id", "created_at")


def mapping_for(model: Model, files: Iterable[tuple[Path, str]], *, mode: str | None = None) -> Mapping:
    """Return the mapping of exports, or of other files whose columns are named as the fields of an entity.

    By default, records are found by a required unique field (products by name, users by external id) and created if
    there are none; all others are found by `id` and `created_at` together, so that only records of this very CRM are
    changed. With the mode `create`, those are created anew, as in another CRM: their ids in the file only say which of
    them refers to which. Empty cells mean that there is no value.

    Args:
        model: the model.
        files: paths (in one folder) with the entities of their rows, those that others refer to first.
        mode: `create`, `update` or `upsert`.

    Raises:
        UnfittingFilesError: if a column is none of the entity's fields.
        MappingError: if the file has no columns by which the records could be found.
    """
    tables: list[dict[str, object]] = []
    again: list[dict[str, object]] = []
    for path, name in files:
        entity = model.entity(name)
        if format_of(path, declared=None) == "vcard":
            tables.append({"file": path.name, "entity": name, "unmapped": "ignore", "columns": vcards.MAPPED} | CARDS)
            continue
        columns = known_columns(model, entity, path)
        first, second = passes(entity, columns, mode)
        tables.append({"file": path.name, "entity": name, **first})
        if second:
            again.append({"file": path.name, "entity": name, **second})
    return mapping_of({"files": tables + again}, model, path=_("the columns of the file"))


CARDS: dict[str, object] = {"mode": "upsert", "key": ["name", "email"], "duplicates": "skip"}


def known_columns(model: Model, entity: EntityModel, path: Path) -> list[str]:
    """Return the columns of a file, all of which are paths of the entity."""
    with open_rows(path) as source:
        columns = [name for name in source.header if name not in ERROR_COLUMNS]
    problems = []
    for name in columns:
        try:
            target_of(model, entity, name)
        except InvalidValue as error:
            close = nearest(name, entity.writable)
            hint = "" if close is None else _(" Name it {close!r}, or", close=close)
            problems.append(
                _(
                    "{path}, column {name!r}: {error}{hint} write a mapping.",
                    path=path.name,
                    name=name,
                    error=error,
                    hint=hint,
                )
            )
    if problems:
        raise UnfittingFilesError(problems=tuple(problems))
    return columns


def passes(
    entity: EntityModel, columns: Sequence[str], mode: str | None
) -> tuple[dict[str, object], dict[str, object]]:
    """Return the mapping of a file, and of a second pass if records of the file refer to each other."""
    key = key_for(entity, columns)
    chosen = mode or ("upsert" if key and key != list(OWN) else "update" if key else "create")
    if key == list(OWN) and chosen == "create":
        key = []
    # Records that are all there already can refer to each other at once.
    own = [name for name in columns if chosen != "update" and refers_to_itself(entity, name)]
    dropped = [name for name in OWN if name in columns and name not in key and (name != "id" or chosen != "create")]
    plain = [name for name in columns if name not in own and name not in dropped]
    keyed = [name for name in columns if name.partition(".")[0] in key]
    first: dict[str, object] = {
        "mode": chosen,
        "key": key if chosen != "create" else [],
        "empty": "clear",
        "ignore": [*own, *dropped],
        "columns": {name: name for name in plain},
    }
    if not own:
        return first, {}
    found = key or ["id"]
    second: dict[str, object] = {
        "mode": "update",
        "key": found,
        "empty": "clear",
        "unmapped": "ignore",
        "columns": {name: name for name in [*(keyed or found), *own]},
    }
    return first, second


def key_for(entity: EntityModel, columns: Sequence[str]) -> list[str]:
    """Return the fields by which records are found: those of a unique combination that every record has, or its id."""
    filled = {name.partition(".")[0] for name in columns}
    for unique in entity.uniques:
        fields = [entity.fields[name] for name in unique.fields]
        is_filled = all(each.declared.required and isinstance(each.kind, COMPARABLE) for each in fields)
        if is_filled and not unique.where and filled.issuperset(unique.fields):
            return list(unique.fields)
    return list(OWN) if all(name in columns for name in OWN) else []


def refers_to_itself(entity: EntityModel, column: str) -> bool:
    """Return whether a column refers to records of its own entity."""
    field = entity.fields.get(column.partition(".")[0])
    return field is not None and field.target == entity.name and "." in column
