"""Validation: required values, references, rules, uniqueness. All that is wrong is found, not just the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.values import Ref
from crmkit.core.lifecycle.conditions import holds
from crmkit.core.lifecycle.files import check_files
from crmkit.core.lifecycle.privacy.grounds import check_grounds
from crmkit.core.storage.tables import unique_columns
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.assemble.model import EntityModel, FieldModel
    from crmkit.core.declare.declarations import Unique
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.session import Session

CHUNK = 500


def validate(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Check required values, references and rules; refusals are noted on the drafts."""
    for draft in drafts:
        check_required(entity, draft)
    check_references(session, entity, drafts)
    check_files(session, entity, drafts)
    check_grounds(session, entity, drafts)
    for rule in entity.rules:
        for draft in drafts:
            if holds(session, entity, rule.when, draft):
                draft.refuse(rule.path or rule.name, rule.message)


def check_required(entity: EntityModel, draft: Draft) -> None:
    """Refuse a record without a value that it must have."""
    for name in entity.required:
        given = draft.record is None or name in draft.values
        if given and draft.values.get(name) is None and not is_refused(draft, name):
            draft.refuse(name, _("A value is required."))


def is_refused(draft: Draft, path: str) -> bool:
    """Return whether a value was given that doesn't fit, which is reason enough."""
    return any(each.path == path and each.plugin == "core" for each in draft.refusals)


def check_references(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Refuse references to records that don't exist or that the actor may not see; the two look the same.

    What was looked up once is not looked up again in this transaction: it is kept from being merged until its end.
    """
    known, reach = session.unit.known, session.principal.reaches_all
    for name in entity.references:
        chosen = [(draft, value) for draft in drafts if isinstance(value := draft.values.get(name), Ref)]
        wanted: dict[str, set[int]] = {}
        for _draft, value in chosen:
            if (reach, value.entity, int(value)) not in known:
                wanted.setdefault(value.entity, set()).add(int(value))
        for target, ids in wanted.items():
            known.update((reach, target, each) for each in session.readable_ids(target, ids, keep=True))
        for draft, value in chosen:
            if (reach, value.entity, int(value)) not in known:
                draft.refuse(name, _("There is no {entity} {value}.", entity=value.entity, value=int(value)))


def check_unique(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Refuse values that another living record, or an earlier one of the batch, has already."""
    for unique in entity.uniques:
        for draft in clashing(session, entity, unique, drafts):
            refuse_duplicate(unique, draft)


def clashing(session: Session, entity: EntityModel, unique: Unique, drafts: Sequence[Draft]) -> list[Draft]:
    """Return the drafts whose combination another living record, or an earlier one of the batch, has already."""
    found: list[Draft] = []
    keyed: dict[tuple[object, ...], Draft] = {}
    for draft in drafts:
        key = unique_key(entity, unique, draft)
        if key is not None and keyed.setdefault(key, draft) is not draft:
            found.append(draft)
    for chunk in chunks(list(keyed)):
        for key, record in existing(session, entity, unique, chunk):
            draft = keyed[key]
            if draft.record is None or draft.record.id != record:
                found.append(draft)
    return found


def refuse_duplicate(unique: Unique, draft: Draft) -> None:
    """Say which value is taken."""
    path = unique.fields[0] if len(unique.fields) == 1 else ", ".join(unique.fields)
    draft.refuse(path, unique.message or _("Another record has this value already; it must be unique."))


def unique_key(entity: EntityModel, unique: Unique, draft: Draft) -> tuple[object, ...] | None:
    """Return the key of a draft, or None if it takes no part: a value is missing, or nothing of it is being set."""
    if draft.record is not None and not draft.sets(*unique.fields, *([unique.where] if unique.where else [])):
        return None
    if unique.where and not draft.get(unique.where):
        return None
    key: list[object] = []
    for name in unique.fields:
        value = draft.get(name)
        if value is None:
            return None
        key += key_values(entity.fields[name], value)
    return tuple(key)


def key_values(field: FieldModel, value: object) -> Iterable[object]:
    """Return what the columns hold by which a value is compared."""
    return (field.kind.key(value),) if field.key_column else field.kind.dump(value)


def existing(
    session: Session, entity: EntityModel, unique: Unique, keys: Sequence[tuple[object, ...]]
) -> Iterable[tuple[tuple[object, ...], int]]:
    """Yield the keys of living records among these, with the records' ids."""
    table = session.tables[entity.name]
    columns = [table.c[column] for name in unique.fields for column in unique_columns(entity.fields[name])]
    if len(columns) == 1:
        matches: sa.ColumnElement[bool] = columns[0].in_([key[0] for key in keys])
    else:
        matches = sa.or_(*(sa.and_(*(c == v for c, v in zip(columns, key, strict=True))) for key in keys))
    condition: sa.ColumnElement[bool] = sa.and_(matches, table.c.deleted_at.is_(None))
    if unique.where:
        condition &= table.c[unique.where].is_(sa.true())
    for row in session.unit.connection.execute(sa.select(table.c.id, *columns).where(condition)):
        yield tuple(row[1:]), row[0]


def chunks(items: list[tuple[object, ...]]) -> Iterable[list[tuple[object, ...]]]:
    """Yield the items in pieces that fit into one statement."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
