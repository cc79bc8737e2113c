"""Terms: what the pools of an entity say, read from their records in few statements."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit import Record, Team, User
from crmkit.core.declare.kinds.times import zone
from crmkit_workflow.pools.due import Calendar, ReturnRule, Terms
from crmkit_workflow.pools.entities import Pool, PoolExtension, PoolMember, PoolRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit import Session


@frozen(kw_only=True)
class Membership:
    """What a user is to a pool: its administrator or not, and how many it may own, if not as many as the pool says."""

    is_admin: bool = False
    hold_limit: int | None = None


@frozen(kw_only=True)
class PoolTerms:
    """A pool with its members, and what it says about returns."""

    pool: Pool
    members: Mapping[int, Membership]
    terms: Terms
    rules: tuple[PoolRule, ...]


def pools_of(session: Session, entity: str) -> list[PoolTerms]:
    """Return the active pools of an entity, those with the lowest priority first."""
    pools = session.elevated.find(Pool, {"entity": entity, "active": True}, order="priority")
    if not pools:
        return []
    parts = {kind: parts_of(session, kind, pools) for kind in (PoolMember, PoolExtension, PoolRule)}
    users = users_by_team(session, cast("list[PoolMember]", [m for each in parts[PoolMember].values() for m in each]))
    found = []
    for pool in pools:
        members = memberships(cast("list[PoolMember]", parts[PoolMember][pool.id]), users)
        rules = tuple(cast("list[PoolRule]", parts[PoolRule][pool.id]))
        extensions = cast("list[PoolExtension]", parts[PoolExtension][pool.id])
        found.append(PoolTerms(pool=pool, members=members, terms=terms(pool, members, extensions, rules), rules=rules))
    return found


def parts_of(session: Session, kind: type[Record], pools: Iterable[Pool]) -> dict[int, list[Record]]:
    """Return the parts of pools of one entity, by pool."""
    found: dict[int, list[Record]] = defaultdict(list)
    for each in session.elevated.find(kind, "pool in given.ids", given={"ids": [pool.id for pool in pools]}):
        found[cast("int", each.pool)].append(each)
    return found


def terms(
    pool: Pool, members: Mapping[int, Membership], extensions: Iterable[PoolExtension], rules: Iterable[PoolRule]
) -> Terms:
    """Return what a pool says about returns."""
    return Terms(
        pool=pool.id,
        target=int(pool.target or pool.id),
        priority=pool.priority,
        members=frozenset(members),
        since=rules_since(pool),
        working_days=pool.working_days,
        initial=pool.protection,
        longest=pool.protection_max,
        spares_won=pool.protection_spares_won,
        spares_opportunities=pool.protection_spares_opportunities,
        extensions={each.activity_kind: each.extends for each in extensions},
        rules=tuple(
            ReturnRule(
                id=each.id,
                kind=each.kind,
                days=each.days,
                level=each.level,
                product=None if each.product is None else int(each.product),
                spares_won=each.spares_won,
                spares_opportunities=each.spares_opportunities,
                activity_kinds=frozenset(each.activity_kinds or ()),
            )
            for each in rules
        ),
        remind_before=tuple(sorted((int(day) for day in pool.remind_before or ()), reverse=True)),
    )


def rules_since(pool: Pool) -> datetime | None:
    """Return since when the rules of a pool count; None while they are off."""
    return (pool.rules_since or pool.created_at) if pool.rules_active and pool.active else None


def users_by_team(session: Session, members: Iterable[PoolMember]) -> dict[int, set[int]]:
    """Return the active users of teams that are members, and of the teams below them, by team; by 0, all users."""
    found: dict[int, set[int]] = defaultdict(set)
    entities = {each.member.entity for each in members}
    if not entities:
        return found
    above: dict[int, int | None] = {}
    if "team" in entities:
        above = {
            cast("int", team): cast("int | None", parent)
            for team, parent in session.elevated.rows(Team, ["id", "parent"])
        }
    for user, team in session.elevated.rows(User, ["id", "team"], {"active": True}):
        found[0].add(cast("int", user))
        step, met = cast("int | None", team), set[int]()
        while step is not None and step not in met:
            met.add(step)
            found[step].add(cast("int", user))
            step = above.get(step)
    return found


def memberships(members: Iterable[PoolMember], users: Mapping[int, set[int]]) -> dict[int, Membership]:
    """Return what each active user is to a pool: the strongest of what its own entry and its teams' say."""
    found: dict[int, Membership] = {}
    for each in sorted(members, key=lambda one: (one.member.entity, one.id)):  # the teams, then the users
        who = int(each.member)
        for user in users.get(who, set()) if each.member.entity == "team" else {who} & users.get(0, set()):
            before = found.get(user, Membership())
            limit = each.hold_limit if each.hold_limit is not None else before.hold_limit
            found[user] = Membership(is_admin=before.is_admin or each.is_admin, hold_limit=limit)
    return found


def calendar_of(session: Session) -> Calendar:
    """Return where days begin, and which are working days, by the business calendar that applies where none is said."""
    conventions = session.model.conventions
    place, hours = zone(conventions.time_zone), session.elevated.calendars.hours()

    @cache
    def is_working(day: date) -> bool:
        start = datetime.combine(day, time(0), place)
        return bool(hours.openings(start, datetime.combine(day + timedelta(days=1), time(0), place)))

    return Calendar(zone=place, is_working=is_working)


def horizon(found: Iterable[PoolTerms]) -> timedelta:
    """Return how long before a return it counts as near: the longest reminder, and a week at least."""
    return timedelta(days=max([7, *(day for each in found for day in each.terms.remind_before)]))
