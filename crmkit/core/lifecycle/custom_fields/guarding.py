"""Guarding: `session.custom_fields`, which lets through only definitions that fit the model and what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import evolve

from crmkit.core.assemble.custom_fields import PROVIDER, custom_field, problems_of
from crmkit.core.assemble.edition.structuring import Problems
from crmkit.core.lifecycle.custom_fields.definitions import choices_of, definition
from crmkit.core.storage.extra import stored
from crmkit.core.storage.plugin_ledger import facts_of
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from crmkit.core.assemble.custom_fields import Definition
    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.session import Session

FIXED = ("entity", "name", "kind", "decimals")
"""What can't be changed, as the values that are there would change their meaning."""
KEPT = ("indexed", "promoted")
"""What says how the database keeps the values: it is changed together with the database."""
MOST_FIELDS = 200


class CustomFields:
    """What guards the definitions of custom fields."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def check(self, draft: Draft) -> None:
        """Refuse a definition that can't become a field of its entity."""
        entity = self._session.model.entities.get(str(draft.get("entity")))
        if entity is None:
            draft.refuse("entity", _("There is no entity {name}.", name=draft.get("entity")))
            return
        self.check_fixed(draft)
        name = draft.get("name")
        there = entity.fields.get(str(name))
        if name is None or draft.get("kind") is None or is_claimed(draft, there):
            return
        wanted = definition(draft.get)
        others = {each: field for each, field in entity.fields.items() if field is not there or not is_custom(field)}
        for text in problems_of(wanted, evolve(entity, fields=others), self._session.model.conventions):
            draft.refuse("kind", text)
        if draft.record is None:
            self.check_new(draft, entity, wanted)
        elif draft.sets("choices") and not draft.refusals:
            self.check_choices(draft, wanted)

    def check_fixed(self, draft: Draft) -> None:
        """Refuse changes that would give stored values another meaning."""
        for name in FIXED if draft.record is not None else ():
            if draft.sets(name):
                draft.refuse(name, _("This stays as it is. Make the field inactive, and define another one."))
        for name in KEPT if not self._session.unit.is_maintaining else ():
            if draft.sets(name) and (draft.record is not None or draft.get(name)):
                draft.refuse(name, _("This is changed together with the database: see `crmkit fields`."))

    def check_new(self, draft: Draft, entity: EntityModel, wanted: Definition) -> None:
        """Refuse a name under which a plugin that isn't enabled keeps values, and too many fields."""
        session, path = self._session, f"{wanted.entity}.{wanted.name}"
        for fact in facts_of(session.unit.connection, session.tables).values():
            if path in fact.snapshot.fields or path in fact.snapshot.left["fields"]:
                text = _(
                    "The plugin {plugin} keeps values under this name. Purge it, or choose another name.",
                    plugin=fact.name,
                )
                draft.refuse("name", text)
        if sum(map(is_custom, entity.fields.values())) >= MOST_FIELDS:
            draft.refuse("entity", _("An entity has at most {most} custom fields.", most=MOST_FIELDS))

    def check_choices(self, draft: Draft, wanted: Definition) -> None:
        """Refuse to take away choices that records have."""
        before = choices_of(getattr(draft.record, "choices", None)) or {}
        gone = sorted({*before} - {*(wanted.choices or {})})
        table, column = self._column(wanted)
        query = sa.select(column).select_from(table).where(column.in_(gone)).distinct()
        used = self._session.unit.connection.execute(query).scalars().all() if gone else ()
        if used:
            draft.refuse(
                "choices", _("Records have these choices: {names}. Change them first.", names=", ".join(sorted(used)))
            )

    def check_delete(self, draft: Draft) -> None:
        """Refuse to delete a definition whose field has values, or a column."""
        wanted = definition(draft.get)
        entity = self._session.model.entities.get(wanted.entity)
        is_moved = wanted.promoted and not self._session.unit.is_maintaining
        is_plugins = entity is None or is_claimed(draft, entity.fields.get(wanted.name))
        count = 0 if is_plugins else self.count(wanted)
        if count or is_moved:
            text = ngettext(
                "{count} record has a value in {path}. Hide the field, or purge it: see `crmkit fields`.",
                "{count} records have a value in {path}. Hide the field, or purge it: see `crmkit fields`.",
                count,
                path=f"{wanted.entity}.{wanted.name}",
            )
            draft.refuse("name", text)

    def count(self, wanted: Definition) -> int:
        """Return how many records, deleted ones included, have a value in a field."""
        table, column = self._column(wanted)
        query = sa.select(sa.func.count()).select_from(table).where(column.is_not(None))
        return int(self._session.unit.connection.execute(query).scalar_one())

    def _column(self, wanted: Definition) -> tuple[sa.Table, sa.ColumnElement[str]]:
        declared = wanted.declared(self._session.model.conventions, Problems())
        assert declared is not None
        field, table = custom_field(wanted, declared), self._session.tables[wanted.entity]
        name = field.columns[0]
        return table, sa.column(name) if wanted.promoted else stored(table, field, name)


def is_custom(field: object) -> bool:
    """Return whether a field comes from a definition, and not from a plugin."""
    return getattr(field, "provider", None) == PROVIDER


def is_claimed(draft: Draft, there: object) -> bool:
    """Return whether a plugin declares by now what has been defined before."""
    return draft.record is not None and there is not None and not is_custom(there)
