"""Consents: `session.consents`, by which persons agree to purposes and change their minds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.assemble.model import known
from crmkit.core.declare.values import Ref, ref_class
from crmkit.core.lifecycle.privacy import grounds
from crmkit.core.storage.extra import stored
from crmkit.errors import AccessDeniedError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

ENTITY = "consent"


@frozen(kw_only=True)
class Ungrounded:
    """A record with values that are kept for nothing that holds any more.

    Attributes:
        persons: whose consent is missing.
        fields: the sensitive fields with a value, by the purposes of which none holds.
    """

    record: Ref[object]
    persons: tuple[Ref[object], ...]
    fields: tuple[str, ...]


class Consents:
    """What persons have agreed to, as far as the actor sees these persons."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def give(self, person: Record | Ref[object], purpose: str, /, **values: object) -> Record:
        """Record a person's consent, and return it. Values are `given_at`, `expires_at`, `source` and `evidence`.

        Raises:
            Refused: if there is no such purpose, it needs no consent, or the record is no person.
            AccessDeniedError: if the actor may not change the person.
        """
        entity = self._session.model.entities[ENTITY]
        return self._session.create_many(entity.record_class, [{"person": person, "purpose": purpose, **values}])[0]

    def withdraw(self, person: Record | Ref[object], purpose: str, /) -> list[Record]:
        """Withdraw all consents of a person to a purpose that hold, and return them.

        What was kept for it stays until it is emptied, or the person erased: see `ungrounded`.

        Raises:
            NotFoundError: if there is none that holds.
            AccessDeniedError: if the actor may not change the person.
        """
        session = self._session
        everything = self.of(person)
        now = session.unit.now
        found = [each for each in everything if is_living(each, purpose, now)]
        if not found:
            raise NotFoundError(entity=f"{ENTITY} {purpose}", id=str(reference(person)))
        return session.update_many((each, {"withdrawn_at": now}) for each in found)

    def holds(self, person: Record | Ref[object], purpose: str, /, *, at: datetime | None = None) -> bool:
        """Return whether a purpose holds for a person at a moment (UTC), now unless said otherwise.

        Raises:
            UnknownNameError: if no enabled plugin declares the purpose.
            NotFoundError: if the actor doesn't see the person.
        """
        session, ref = self._session, reference(person)
        session.unit.check_readable()
        found = known(session.model.purposes, purpose, "purpose")
        if int(ref) not in session.readable_ids(ref.entity, [int(ref)]):
            raise NotFoundError(entity=ref.entity, id=int(ref))
        return found.basis != "consent" or grounds.holds(session, ref, purpose, at or session.unit.now)

    def of(self, person: Record | Ref[object], /) -> list[Record]:
        """Return all consents of a person, withdrawn and expired ones included, the oldest first."""
        entity = self._session.model.entities[ENTITY]
        return list(self._session.find(entity.record_class, {"person": reference(person)}, order="id"))

    def ungrounded(self) -> Iterator[Ungrounded]:
        """Yield the records with sensitive values that nothing grounds any more. Nothing is emptied by itself.

        Raises:
            AccessDeniedError: if none of the actor's roles is for privacy (`Role.privacy`).
        """
        session = self._session
        session.unit.check_readable()
        if not session.principal.privacy:
            raise AccessDeniedError(action="read", entity=ENTITY, actor=session.principal.name)
        for name in session.model.grounds:
            yield from self._ungrounded(session.model.entities[name])

    def _ungrounded(self, entity: EntityModel) -> Iterator[Ungrounded]:
        session, table = self._session, self._session.tables[entity.name]
        purposes = {name: each for name, each in session.model.grounds[entity.name].items() if grounds.rests(each)}
        columns = [
            stored(table, entity.fields[name], column) for name in purposes for column in entity.fields[name].columns
        ]
        if not columns:
            return
        filled = sa.or_(*(column.is_not(None) for column in columns))
        query = sa.select(table.c.id).where(table.c.deleted_at.is_(None), filled).order_by(table.c.id)
        ids = session.unit.connection.execute(query).scalars().all()
        for number, record in session.elevated.by_id(entity, ids).items():
            ref, values = ref_class(entity.name)(number), dict(record.items())
            missing: dict[str, list[Ref[object]]] = {}
            for name, each in purposes.items():
                if values.get(name) is not None:
                    without = self._without(entity, ref, values, [purpose.name for purpose in each])
                    missing |= {name: without} if without else {}
            if missing:
                persons = dict.fromkeys(person for found in missing.values() for person in found)
                yield Ungrounded(record=ref, persons=tuple(persons), fields=tuple(missing))

    def _without(
        self, entity: EntityModel, ref: Ref[object], values: dict[str, object], purposes: list[str]
    ) -> list[Ref[object]]:
        session = self._session
        persons = grounds.persons_of(session, entity, ref, values.get)
        now = session.unit.now
        return [each for each in persons if not any(grounds.holds(session, each, name, now) for name in purposes)]


def is_living(consent: Record, purpose: str, now: datetime) -> bool:
    """Return whether a consent to a purpose holds."""
    values = dict(consent.items())
    ends = [each for name in ("withdrawn_at", "expires_at") if (each := values.get(name)) is not None]
    return values.get("purpose") == purpose and all(each > now for each in ends)  # type: ignore[operator]


def reference(person: Record | Ref[object]) -> Ref[object]:
    """Return the reference to a person."""
    return person if isinstance(person, Ref) else person.ref
