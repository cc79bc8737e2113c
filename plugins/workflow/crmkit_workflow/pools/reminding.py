"""Reminding: owners are told some days before a record returns, once for each of the pool's days, and when it has."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from crmkit.core.declare.kinds import DateKind
from crmkit.core.declare.values import ref_class
from crmkit.core.lifecycle.notices.telling import Telling, notify
from crmkit.translation import _, ngettext
from crmkit_workflow.receivers import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit import EntityModel, Ref, Session
    from crmkit_workflow.pools.due import Calendar, Return
    from crmkit_workflow.pools.facts import HeldRecord
    from crmkit_workflow.pools.terms import PoolTerms

    Judgement = tuple[HeldRecord, Return]

KIND = "pool_return"


def remind(
    session: Session,
    entity: EntityModel,
    near: Sequence[Judgement],
    pools: Mapping[int, PoolTerms],
    calendar: Calendar,
) -> None:
    """Tell owners of what returns soon, where one of the pool's days before has come and it wasn't told yet."""
    days = [(record, one, reminder(session, one, pools, calendar)) for record, one in near]
    wanted = [(record, one, day) for record, one, day in days if day is not None]
    called = names(session, [(record.held.owner, ref_class(entity.name)(record.id)) for record, _one, _day in wanted])
    tellings = []
    for record, one, day in wanted:
        ref = ref_class(entity.name)(record.id)
        text = _(
            "{name} returns to the pool {pool} on {day} unless you follow it up.",
            name=called[record.held.owner, ref],
            pool=pools[one.target].pool.name if one.target in pools else str(one.target),
            day=DateKind().format(calendar.day_of(one.at), session.model.conventions),
        )
        key = f"{ref} returns {one.at.isoformat()} {day}"
        owner = ref_class("user")(record.held.owner)
        tellings.append(Telling(to=owner, text=text, about=ref, kind=KIND, key=key))
    notify(session, tellings)


def reminder(session: Session, one: Return, pools: Mapping[int, PoolTerms], calendar: Calendar) -> int | None:
    """Return how many days before a return its owner is reminded now: the fewest of those that have come."""
    left = calendar.day_of(one.at) - calendar.day_of(session.unit.now)
    days = pools[one.pool].terms.remind_before
    return min((each for each in days if left <= timedelta(days=each)), default=None)


def tell_gone(
    session: Session,
    entity: EntityModel,
    gone: Iterable[tuple[int, int, Return, str]],
    pools: Mapping[int, PoolTerms],
) -> None:
    """Tell former owners of what has returned, each of all that went at once: `(id, owner, return, why)`.

    One record is named, as far as its former owner may read it; several are counted.
    """
    by_owner: dict[tuple[int, int, str], list[Ref[object]]] = defaultdict(list)
    for number, owner, one, why in gone:
        by_owner[owner, one.target, why].append(ref_class(entity.name)(number))
    alone = [(owner, refs[0]) for (owner, _target, _why), refs in by_owner.items() if len(refs) == 1]
    called = names(session, alone) if alone else {}
    tellings = []
    for (owner, target, why), refs in by_owner.items():
        pool = pools[target].pool.name if target in pools else str(target)
        if len(refs) == 1:
            name = called[owner, refs[0]]
            text = _("{name} has returned to the pool {pool}: {why}", name=name, pool=pool, why=why)
        else:
            text = ngettext(
                "{count} record has returned to the pool {pool}: {why}",
                "{count} records have returned to the pool {pool}: {why}",
                len(refs),
                pool=pool,
                why=why,
            )
        tellings.append(Telling(to=ref_class("user")(owner), text=text, about=refs[0], kind=f"{KIND}ed"))
    notify(session, tellings)
