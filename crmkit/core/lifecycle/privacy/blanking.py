"""Blanking: personal values taken out of records, with nothing left to go back to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from crmkit.core.declare.kinds import AnyRefKind, LongTextKind, RefKind, TextKind
from crmkit.core.declare.values import ref_class
from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.privacy.finding import chunks
from crmkit.core.storage.extra import EXTRA, as_text, stored
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import EntityModel, FieldModel
    from crmkit.core.lifecycle.session import Session

Fate = Literal["person", "delete", "blank", "keep"]
"""What becomes of a record: it stands for the person, which stays counted; it goes with it; it stays; it is kept."""


def blank(session: Session, entity: EntityModel, ids: Iterable[int], fate: Fate) -> int:
    """Take what is personal out of records, or everything out of those that go with the person; return how many.

    Numbers, days, choices and references of records that stay are kept, and so is the stage that they are in. Each
    changed record gets a new version, an entry in the change log that names its fields, and an event.
    """
    table, fields, ref = session.tables[entity.name], blanked_fields(entity, fate), ref_class(entity.name)
    columns = sorted({column for each in fields if not each.in_extra for column in columns_of(each)})
    filled = sa.or_(
        sa.false(), *(stored(table, each, column).is_not(None) for each in fields for column in each.columns)
    )
    wanted = sa.or_(filled, table.c[EXTRA].is_not(None)) if fate == "blank" else sa.true()
    query = sa.select(table.c.id, table.c.version, table.c.deleted_at, table.c[EXTRA], filled.label("filled"))
    count = 0
    for chunk in chunks(ids):
        for row in session.unit.connection.execute(query.where(table.c.id.in_(chunk), wanted).with_for_update()).all():
            rest = remaining(entity, fields, row.extra)
            if fate == "blank" and not row.filled and rest == row.extra:
                continue
            values = dict.fromkeys(columns, None) | stand_ins(entity, fields, row.id) | stamps(session, row, fate)
            session.unit.connection.execute(table.update().where(table.c.id == row.id).values({**values, EXTRA: rest}))
            action: Literal["blank", "erase"] = "blank" if fate == "blank" else "erase"
            ledger.log_emptied(session, ref(row.id), row.version + 1, action, [each.name for each in fields])
            count += 1
    session.unit.written += count
    return count


def remaining(entity: EntityModel, fields: Iterable[FieldModel], extra: str | None) -> str | None:
    """Return what is left of a record's custom fields; those that are not in use any more are not left."""
    emptied = {column for each in fields for column in columns_of(each)}
    known = {column for each in entity.fields.values() if each.in_extra for column in columns_of(each)} - emptied
    held: dict[str, object] = json.loads(extra) if extra else {}
    kept = {name: value for name, value in held.items() if name in known}
    return as_text(kept) if kept else None


def stamps(session: Session, row: sa.Row[*tuple[Any, ...]], fate: Fate) -> dict[str, object]:
    """Return the stamps of a record that is emptied; what goes with the person is deleted, too."""
    deleted_at = session.unit.now if fate == "delete" and row.deleted_at is None else row.deleted_at
    by = session.principal.user
    return {"version": row.version + 1, "updated_at": session.unit.now, "updated_by_id": by, "deleted_at": deleted_at}


def blanked_fields(entity: EntityModel, fate: Fate = "blank") -> list[FieldModel]:
    """Return the fields that are emptied: those of the person, or all but references where the record goes."""
    if fate != "delete":
        return [entity.fields[name] for name in entity.protected]
    kept = (RefKind, AnyRefKind)
    return [
        each
        for each in entity.writable.values()
        if not isinstance(each.kind, kept) or each.declared.privacy != "normal"
    ]


def columns_of(field: FieldModel) -> tuple[str, ...]:
    """Return all columns that hold something of a field, its search key included."""
    return (*field.columns, field.key_column) if field.key_column else field.columns


def stand_ins(entity: EntityModel, fields: Iterable[FieldModel], number: int) -> dict[str, object]:
    """Return what stands for the texts that a record must have, and for its title."""
    found: dict[str, object] = {}
    text = _("Erased {entity} {number}", entity=entity.label.lower(), number=number)
    for each in fields:
        is_wanted = each.declared.required or each.name == entity.declared.title
        if is_wanted and isinstance(each.kind, (TextKind, LongTextKind)) and not (each.is_secret or each.in_extra):
            found[each.columns[0]] = text
            if each.key_column:
                found[each.key_column] = each.kind.key(text)
    return found
