"""Seeing: what an actor may see of records, of refusals and of logged values; guards always see whole records."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from attrs import evolve

from crmkit.errors import ConflictError, FieldHidden, NotFoundError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.assemble.rights import Rights
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session
    from crmkit.errors import InvalidValue, Refusal

R = TypeVar("R", bound="Record")
STAMPS = frozenset({"version", "updated_at", "updated_by"})


def whole(session: Session, entity: EntityModel, record: Record) -> Record:
    """Return a record with the fields that its reader was not shown, so that guards and rules see all but secrets.

    A record that was read when the entity had other custom fields is read anew, too.

    Raises:
        ConflictError: if it was changed since it was read; it names no field if any is hidden.
        NotFoundError: if it is gone.
    """
    hidden = session.principal.rights.hidden(entity) - entity.secrets
    is_current = type(record) is entity.record_class
    if is_current and (not hidden or hidden <= dict(record.items()).keys()):
        return record
    found = session.elevated.reader.by_id(entity, [record.id], deleted=True).get(record.id)
    if found is None or not session.reader.by_id(entity, [record.id], deleted=True):
        raise NotFoundError(entity=entity.name, id=record.id)
    if found.version != record.version:
        changed = () if hidden else differing(record, found)
        raise ConflictError(entity=entity.name, id=record.id, changed=changed, version=found.version)
    return found


def differing(before: Record, now: Record) -> tuple[str, ...]:
    """Return the fields of a record, but for version and stamps, that have other values now than when it was read."""
    known = dict(before.items())
    return tuple(name for name, value in now.items() if name not in STAMPS and known.get(name) != value)


def visible(record: Record | None, name: str) -> object:
    """Return a record's value, or None if the actor may not see it."""
    try:
        return getattr(record, name)
    except FieldHidden:
        return None


def shown(session: Session, entity: EntityModel, records: Iterable[Record]) -> list[Record]:
    """Return records as the session's actor may see them: hidden fields are not there."""
    hidden = frozenset() if session.principal.reaches_all else session.principal.rights.hidden(entity)
    return [without(entity, record, hidden) if hidden else record for record in records]


def without(entity: EntityModel, record: R, hidden: frozenset[str]) -> R:
    """Return a record without some of its fields."""
    made = object.__new__(entity.record_class)
    values = dict(record.items())
    for name, setter in entity.setters:
        if name in values and name not in hidden:
            setter(made, values[name])
    return cast("R", made)


def shown_values(
    session: Session, entity: EntityModel | None, values: Mapping[str, object], record: int
) -> Mapping[str, object]:
    """Return those of a record's logged values that the actor may see; fields that nobody declares now are not seen."""
    if session.principal.reaches_all:
        return values if entity is None else {name: values[name] for name in values if name not in entity.secrets}
    if entity is None:
        return {}
    hidden = session.principal.rights.hidden(entity)
    if session.watch is not None:
        told = session.watch.sensitive.get(entity.name, frozenset()) & {*values} - hidden
        if told:
            session.watch.note(entity.name, told, [record])
    return {name: value for name, value in values.items() if name in entity.fields and name not in hidden}


def shown_refusal(model: Model, rights: Rights, entity: EntityModel, refusal: Refusal) -> Refusal:
    """Return a refusal as somebody with these rights may read it: without words about what is hidden."""
    paths = refusal.path.split(", ")
    if not any(is_hidden(model, rights, entity, path) for path in paths):
        return refusal
    return evolve(refusal, path="", text=_("A rule about fields that are hidden from you refuses this."))


def is_hidden(model: Model, rights: Rights, entity: EntityModel, path: str) -> bool:
    """Return whether a dotted path passes a field that is hidden."""
    found: EntityModel | None = entity
    for name in path.split("."):
        field = None if found is None else found.fields.get(name)
        if found is None or field is None:
            return False
        if name in rights.hidden(found) & rights.locked(found):  # who may write a secret is told what is wrong with it
            return True
        found = model.entities.get(field.target) if field.target else None
    return False


def unfit(field: FieldModel, error: InvalidValue) -> str:
    """Return why a value doesn't fit its field; of a secret, without the value."""
    return _("This value doesn't fit. It is a secret, so it isn't repeated here.") if field.is_secret else str(error)
