"""Naming records: `customer:5`, or by a name or key that only one record has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from crmkit.cli.errors import AssignmentError, NoSuchNameError
from crmkit.core.declare.kinds import AnyRefKind, RefKind, TextKind
from crmkit.core.declare.values import ref_class
from crmkit.errors import FilterError, InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.session import Session

ID = re.compile(r"\d{1,18}\Z", re.ASCII)
MOST_SHOWN = 5


def record_of(session: Session, text: str) -> Record:
    """Return the record that `ENTITY:ID`, or `ENTITY:NAME`, names.

    Raises:
        UnknownNameError: if there is no such entity.
        AssignmentError: if it doesn't have that form.
        NotFoundError: if there is no such record, or none that the actor may see.
        NoSuchNameError: if no record, or more than one, has the name.
    """
    name, colon, which = text.partition(":")
    if not colon or not which.strip():
        raise AssignmentError(argument=text, problem=_("name a record by its entity and id, like customer:5."))
    entity = session.model.entity(name)
    return session.get(reference_to(session, entity, which))


def reference_to(session: Session, entity: EntityModel, text: str) -> Ref[Record]:
    """Return the reference that an id, `customer:5`, a unique key or a title stands for.

    Raises:
        NoSuchNameError: if no record, or more than one, is meant.
    """
    wanted = text.strip().removeprefix(f"{entity.name}:").strip()
    if ID.match(wanted):
        return referring(entity, int(wanted))
    found = {record.id: record for record in candidates(session, entity, wanted)}
    if len(found) == 1:
        return referring(entity, next(iter(found)))
    shown = found.values() or session.find(entity.declared.declared, search=wanted or None, limit=MOST_SHOWN)
    raise NoSuchNameError(
        entity=entity.name,
        text=text,
        candidates=tuple(titled(entity, record) for record in list(shown)[:MOST_SHOWN]),
        is_ambiguous=bool(found),
    )


def referring(entity: EntityModel, number: int) -> Ref[Record]:
    """Return the reference to a record."""
    return cast("Ref[Record]", ref_class(entity.name)(number))


def candidates(session: Session, entity: EntityModel, text: str) -> Iterator[Record]:
    """Yield the records with this text as their title or as one of their unique keys."""
    keys = {unique.fields[0] for unique in entity.uniques if len(unique.fields) == 1 and not unique.where}
    for name in sorted(keys | {entity.declared.title}):
        if isinstance(entity.fields[name].kind, TextKind):
            try:
                yield from session.find(entity.declared.declared, {name: text}, limit=MOST_SHOWN + 1)
            except (InvalidValue, FilterError):  # the text doesn't fit the key, an e-mail address for one
                continue


def titled(entity: EntityModel, record: Record) -> str:
    """Return a record's reference with its title: `customer:5 Acme`."""
    return f"{record.ref} {dict(record.items()).get(entity.declared.title)}"


def assignments(arguments: Iterable[str]) -> dict[str, str]:
    """Return `field=value` arguments by field.

    Raises:
        AssignmentError: if one has another form, or a field comes twice.
    """
    found: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        name = name.strip()
        if not equals or not name:
            raise AssignmentError(argument=argument, problem=_("write it like field=value; `field=` clears the field."))
        if name in found:
            raise AssignmentError(argument=argument, problem=_("the field {name!r} is given twice.", name=name))
        found[name] = value
    return found


def values_of(session: Session, entity: EntityModel, arguments: Iterable[str]) -> dict[str, object]:
    """Return the values that `field=value` arguments give; references may be names, and nothing clears a field.

    Raises:
        AssignmentError: if an argument has another form.
        NoSuchNameError: if a name doesn't stand for one record.
    """
    found: dict[str, object] = {}
    for name, text in assignments(arguments).items():
        field = entity.fields.get(name)
        if text == "":
            found[name] = None
        elif field is not None and isinstance(field.kind, RefKind):
            found[name] = reference_to(session, session.model.entities[field.kind.target], text)
        elif field is not None and isinstance(field.kind, AnyRefKind):
            if ":" not in text:
                raise AssignmentError(
                    argument=f"{name}={text}", problem=_("name a record by its entity and id, like customer:5.")
                )
            target, _dot, which = text.partition(":")
            found[name] = reference_to(session, session.model.entity(target), which)
        else:
            found[name] = text
    return found
