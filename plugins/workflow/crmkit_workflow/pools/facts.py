"""Facts: what is known about records that somebody owns, for many of them in few statements.

A follow-up is what `followed_up` noted, what the CRM's contact sources know of, by kind, and the moment in the record's
`last_contacted_at` if the CRM keeps one. Where it keeps none, whatever the owner changed in the record, or where it
moved it, counts as one, by the change log.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, cast

from attrs import define, field, frozen

from crmkit import Opportunity
from crmkit.core.lifecycle.contacts import contacts_by_kind
from crmkit.core.lifecycle.homezone import day_of
from crmkit_workflow.conditions import is_usable
from crmkit_workflow.pools.due import Held
from crmkit_workflow.pools.entities import ANY_KIND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit import EntityModel, Session
    from crmkit_workflow.pools.due import ReturnRule, Terms
    from crmkit_workflow.pools.entities import Pool, PoolRule
    from crmkit_workflow.pools.terms import PoolTerms

LAST_CONTACT = "last_contacted_at"
CHANGE = "change"
FOLLOWED = ("update", "move")


@frozen(kw_only=True)
class HeldRecord:
    """A record that somebody owns: its id, what is known about it, and which return is noted in it."""

    id: int
    held: Held
    returns_at: datetime | None


@define
class Sales:
    """What was sold with records, or may be: by record and product, None for any product."""

    opened: dict[int, dict[int | None, datetime]] = field(factory=lambda: defaultdict(dict))
    won: dict[int, dict[int | None, datetime]] = field(factory=lambda: defaultdict(dict))
    open: dict[int, set[int | None]] = field(factory=lambda: defaultdict(set))


def columns_of(entity: EntityModel, pools: Iterable[PoolTerms]) -> list[str]:
    """Return the fields that are read of each record."""
    dates = {rule.date_field for each in pools for rule in each.rules if rule.date_field}
    wanted = ["id", str(entity.owner), "owned_since", "created_at", "follow_ups", "returns_at", "pool_locked"]
    further = ["level", "product", LAST_CONTACT, "stage_kind", "stage_since", *sorted(dates)]
    return wanted + [each for each in further if each in entity.fields]


def facts(
    session: Session,
    entity: EntityModel,
    columns: Sequence[str],
    rows: Sequence[tuple[object, ...]],
    pools: Sequence[PoolTerms],
) -> list[HeldRecord]:
    """Return what is known about records, of which some fields were read."""
    values = [dict(zip(columns, row, strict=True)) for row in rows]
    owners = {cast("int", each["id"]): int(cast("int", each[str(entity.owner)])) for each in values}
    if not owners:
        return []
    sales = sales_with(session, entity, list(owners)) if asks_for_sales(pools) else Sales()
    keeps_last = LAST_CONTACT in entity.fields
    changed = {} if keeps_last else last_changes(session, entity, owners)
    contacts = {} if keeps_last and not names_kinds(pools) else contacts_by_kind(session, entity.name, owners)
    exempt = exempt_from(session, entity, list(owners), (rule for each in pools for rule in each.rules))
    kept_by = exempt_from(session, entity, list(owners), (each.pool for each in pools))
    dated = {rule.id: str(rule.date_field) for each in pools for rule in each.rules if rule.date_field}
    return [
        HeldRecord(
            id=number,
            held=held(
                each,
                owner=owner,
                dates=dates_of(each, dated, session.model.conventions.time_zone),
                sales=sales,
                contacts=contacts.get(number, {}),
                changed=changed.get(number),
                exempt=exempt.get(number, ()),
                kept_by=kept_by.get(number, ()),
            ),
            returns_at=cast("datetime | None", each["returns_at"]),
        )
        for each, (number, owner) in zip(values, owners.items(), strict=True)
    ]


def held(
    values: Mapping[str, object],
    *,
    owner: int,
    dates: Mapping[int, date],
    sales: Sales,
    contacts: Mapping[str, datetime],
    changed: datetime | None,
    exempt: Iterable[int],
    kept_by: Iterable[int],
) -> Held:
    """Return what is known about one record."""
    number = cast("int", values["id"])
    wins = dict(sales.won[number]) if number in sales.won else {}
    if values.get("stage_kind") == "won":
        wins[None] = cast("datetime", values["stage_since"])
    product = values.get("product")
    return Held(
        owner=owner,
        since=cast("datetime", values["owned_since"] or values["created_at"]),
        follow_ups=follow_ups(values, contacts, changed),
        opportunities=sales.opened.get(number, {}),
        wins=wins,
        has_open=frozenset(sales.open.get(number, ())),
        level=cast("str | None", values.get("level")),
        products=frozenset() if product is None else frozenset({int(cast("int", product))}),
        dates=dates,
        exempt=frozenset(exempt),
        kept_by=frozenset(kept_by),
        is_locked=bool(values["pool_locked"]),
    )


def dates_of(values: Mapping[str, object], dated: Mapping[int, str], time_zone: str) -> dict[int, date]:
    """Return the days from which rules count, by rule, from the fields that these name: a date, or a moment's day."""
    found = {}
    for rule, name in dated.items():
        value = values.get(name)
        if isinstance(value, date):
            found[rule] = day_of(value, time_zone) if isinstance(value, datetime) else value
    return found


def follow_ups(
    values: Mapping[str, object], contacts: Mapping[str, datetime], changed: datetime | None
) -> dict[str, datetime]:
    """Return when a record was last followed up, by kind of activity.

    The last contact is of any kind unless it is known of which it was.
    """
    found = read_follow_ups(values["follow_ups"])
    for kind, at in contacts.items():
        found[kind] = max(at, found.get(kind, at))
    contacted = values.get(LAST_CONTACT)
    if isinstance(contacted, datetime) and not is_known(contacted, contacts):
        found[ANY_KIND] = max(contacted, found.get(ANY_KIND, contacted))
    if changed is not None:
        found[CHANGE] = changed
    return found


def is_known(at: datetime, contacts: Mapping[str, datetime]) -> bool:
    """Return whether it is known of which kind the last contact, at a moment, was."""
    return any(each >= at for each in contacts.values())


def names_kinds(pools: Iterable[PoolTerms]) -> bool:
    """Return whether any pool treats kinds of activities differently."""
    return any(
        each.terms.extensions.keys() - {ANY_KIND} or any(rule.activity_kinds for rule in each.terms.rules)
        for each in pools
    )


def read_follow_ups(stored: object) -> dict[str, datetime]:
    """Return the moments that a record keeps."""
    given = stored if isinstance(stored, dict) else {}
    return {str(kind): datetime.fromisoformat(str(at)).astimezone(UTC) for kind, at in given.items()}


def asks_for_sales(pools: Iterable[PoolTerms]) -> bool:
    """Return whether any rule or protection asks what was sold, or may be."""
    terms = [each.terms for each in pools]
    rules = [rule for each in terms for rule in each.rules]
    sparing: list[Terms | ReturnRule] = [*(each for each in terms if each.initial is not None), *rules]
    is_asked = any(each.kind in {"opportunity", "won"} for each in rules)
    return is_asked or any(each.spares_won or each.spares_opportunities for each in sparing)


def sales_with(session: Session, entity: EntityModel, ids: Sequence[int]) -> Sales:
    """Return the living opportunities with records; nothing if opportunities don't refer to the entity."""
    found = Sales()
    opportunities = session.model.entities["opportunity"]
    links = [name for name in opportunities.references if opportunities.fields[name].target == entity.name]
    if not links:
        return found
    (link, *_others), given = links, {"ids": list(ids)}
    measures = {
        "opened": "max(created_at)",
        "won": "max(stage_since, stage.kind == 'won')",
        "open": "count(stage.kind in ('open', 'waiting'))",
    }
    rows = session.elevated.aggregate(
        Opportunity, by=[link, "product"], measures=measures, where=f"{link} in given.ids", given=given
    )
    for record, product, opened, won, number in rows:
        for key in {None, None if product is None else int(cast("int", product))}:
            note(found.opened[int(cast("int", record))], key, opened)
            note(found.won[int(cast("int", record))], key, won)
            if number:
                found.open[int(cast("int", record))].add(key)
    return found


def note(moments: dict[int | None, datetime], key: int | None, at: object) -> None:
    """Note a moment if it is the latest."""
    if isinstance(at, datetime):
        moments[key] = max(at, moments.get(key, at))


def last_changes(session: Session, entity: EntityModel, owners: Mapping[int, int]) -> dict[int, datetime]:
    """Return when each record was last changed or moved by its owner."""
    import sqlalchemy as sa

    change = session.tables.system.change
    query = (
        sa.select(change.c.record_id, change.c.actor_id, sa.func.max(change.c.at))
        .where(change.c.entity == entity.name, change.c.record_id.in_(owners), change.c.action.in_(FOLLOWED))
        .group_by(change.c.record_id, change.c.actor_id)
    )
    rows = session.unit.connection.execute(query)
    return {record: at for record, actor, at in rows if actor == owners[record]}


def exempt_from(
    session: Session, entity: EntityModel, ids: Sequence[int], rules: Iterable[PoolRule | Pool]
) -> dict[int, set[int]]:
    """Return which rules or pools records are exempt from, by their filters: a statement for each that has one.

    Of one whose filter can't be asked any more, as a field is gone with its plugin, all are exempt: none is lost.
    """
    found: dict[int, set[int]] = defaultdict(set)
    for rule in (each for each in rules if each.exempt_if):
        if not is_usable(session.elevated, entity, str(rule.exempt_if)):
            for each in ids:
                found[each].add(rule.id)
            continue
        where = f"id in given.ids and ({rule.exempt_if})"
        for (number,) in session.elevated.rows(entity.declared.declared, ["id"], where, given={"ids": list(ids)}):
            found[cast("int", number)].add(rule.id)
    return found
