"""Circles: a merge may put a record below itself, which no tree allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.reading.trees import ancestors
from crmkit.errors import Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


def refuse_circles(session: Session, entity: EntityModel, survivor: Record) -> None:
    """Refuse a merge after which a record would stand above itself.

    Raises:
        Refused: naming the field whose value must be chosen.
    """
    table, refusals = session.tables[entity.name], []
    for name in entity.references:
        field = entity.fields[name]
        if field.target == entity.name:
            session.serialise(f"{entity.name}.{name}")
            if survivor.id in ancestors(session.unit.connection, table, field, survivor.id):
                text = _("The record would be its own ancestor. Choose the value of this field.")
                refusals.append(Refusal(path=name, text=text))
    if refusals:
        raise Refused(entity=entity.name, refusals=tuple(refusals))
