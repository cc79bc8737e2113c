"""Values on their way in: normalised by their fields' kinds, filled up with defaults, priced at the day's rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import evolve

from crmkit.core.declare.kinds import MoneyKind
from crmkit.core.declare.values import Money
from crmkit.core.lifecycle.levels.hand import note_hand
from crmkit.core.lifecycle.seeing import unfit
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.session import Session


def normalise(session: Session, draft: Draft, given: Mapping[str, object]) -> None:
    """Put the given values into their proper form; what doesn't fit is refused on the draft."""
    conventions = session.model.conventions
    writable = draft.entity.writable
    principal = session.principal
    locked = frozenset() if principal.reaches_all else principal.rights.locked(draft.entity)
    for name, value in given.items():
        if name in locked:
            if not has_already(session, draft, name, value):
                draft.refuse_locked(name)
            continue
        field = writable.get(name)
        if field is None or value is None:
            draft.set(name, value)
            continue
        try:
            draft.values[name] = field.kind.parse(value, conventions)
        except InvalidValue as error:
            draft.refuse(name, unfit(field, error))
    note_hand(session, draft)


def has_already(session: Session, draft: Draft, name: str, given: object) -> bool:
    """Return whether a record has the value that is given already, and the actor sees it: a file may repeat it."""
    field = draft.entity.fields.get(name)
    if field is None or draft.record is None or not session.principal.sees(draft.entity, field):
        return False
    try:
        value = None if given is None else field.kind.parse(given, session.model.conventions)
    except InvalidValue:
        return False
    return bool(getattr(draft.record, name) == value)


def fill_defaults(session: Session, draft: Draft) -> None:
    """Fill in the declared defaults of a new record; it belongs to the actor unless somebody else is named."""
    entity, values = draft.entity, draft.values
    for name, default in entity.defaults:
        if values.get(name) is None:
            values[name] = default(session.model.conventions)
    actor = session.actor_ref
    if entity.owner is not None and actor is not None and values.get(entity.owner) is None:
        values[entity.owner] = actor
        session.unit.known.add((session.principal.reaches_all, "user", int(actor)))


def price(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Give every foreign amount the rate of today, unless it came with one; a currency without a rate is refused."""
    for name in entity.amounts:
        for draft in drafts:
            money = draft.values.get(name)
            if not isinstance(money, Money) or money.currency == session.model.conventions.currency:
                continue
            if money.rate is None:
                rate = rate_of(session, money.currency)
                if rate is None:
                    day = session.today.isoformat()
                    draft.refuse(
                        name,
                        _(
                            "There is no exchange rate of {currency} for {day}. Add one first.",
                            currency=money.currency,
                            day=day,
                        ),
                    )
                    continue
                draft.values[name] = money = evolve(money, rate=rate)
            try:
                MoneyKind().dump(money)
            except InvalidValue as error:
                draft.refuse(name, str(error))


def rate_of(session: Session, currency: str) -> Decimal | None:
    """Return the worth of a currency in the base currency today: the latest rate that is valid."""
    entity = session.model.entities["exchange_rate"]
    table = session.tables["exchange_rate"]
    found = session.unit.connection.execute(
        sa.select(table.c.rate)
        .where(table.c.currency == currency, table.c.valid_from <= session.today, table.c.deleted_at.is_(None))
        .order_by(table.c.valid_from.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if found is None else entity.fields["rate"].kind.load(found)  # type: ignore[return-value]
