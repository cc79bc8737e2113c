"""The command `crmkit pool`: what lies in pools, claiming it, releasing into them, and the sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Column, Ref, Table
from crmkit.core.declare.values import ref_class
from crmkit.errors import Refusal, Refused
from crmkit.translation import Text, _, ngettext
from crmkit_workflow.ownership.poolable import is_poolable
from crmkit_workflow.pools.claiming import claim
from crmkit_workflow.pools.handling import is_admin, release
from crmkit_workflow.pools.results import Claimed, Given, NotGiven
from crmkit_workflow.pools.sweep import sweep
from crmkit_workflow.pools.terms import pools_of
from crmkit_workflow.reach import may_with_all
from crmkit_workflow.restrictions import open_to

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import EntityModel, Session
    from crmkit.core.reading.reports.columns import Cell
    from crmkit_workflow.pools.terms import PoolTerms

MOST = 100


def pool_command(
    session: Session, *, do: str, pool: str | None, entity: str, records: tuple[str, ...] | None, why: str | None
) -> Table | str:
    """Do what `crmkit pool` is asked for.

    Raises:
        Refused: if a pool or a record isn't named rightly.
        AccessDeniedError: if somebody sweeps who may not change all pools.
    """
    if do == "sweep":
        return swept(session)
    named = pool_named(session, pool) if pool else None
    if do == "list":
        return listed(session, entity) if named is None else lying(session, named)
    refs = refs_of(session, entity, records or ())
    if do == "claim":
        return told(claim(session, refs))
    return told(release(session, refs, None if named is None else named.pool, why=why or ""))


def mine(session: Session, entity: EntityModel) -> list[PoolTerms]:
    """Return the pools of an entity in which the actor takes part; all of them for whoever may change all pools."""
    found, user = pools_of(session, entity.name), session.principal.user
    is_for_all = may_with_all(session, session.model.entities["pool"], "update")
    return [each for each in found if is_for_all or user in each.members]


def pool_named(session: Session, name: str) -> PoolTerms:
    """Return the pool of a name in which the actor takes part."""
    for entity in session.model.entities.values():
        if is_poolable(entity):
            for each in mine(session, entity):
                if each.pool.name == name:
                    return each
    text = _("You take part in no pool {name!r}.", name=name)
    raise Refused(entity="pool", refusals=(Refusal(path="pool", text=text),))


def listed(session: Session, name: str) -> Table:
    """Return the pools in which the actor takes part, with how much that it may know of lies in each."""
    entity = session.model.entity(name)
    pools = mine(session, entity) if is_poolable(entity) else []
    where = open_to(session, entity, "pool is not None")
    rows = session.elevated.aggregate(entity.name, by=["pool"], measures={"n": "count()"}, where=where) if pools else []
    counts = {int(cast("int", pool)): number for pool, number in rows}
    return Table(
        [
            Column("pool", _("Pool")),
            Column("records", _("Records"), "integer"),
            Column("administrator", _("Administrator")),
        ],
        [
            (each.pool.name, cast("int", counts.get(each.pool.id, 0)), _("yes") if is_admin(session, each) else None)
            for each in pools
        ],
        title=_("Pools"),
    )


def lying(session: Session, pool: PoolTerms) -> Table:
    """Return what lies in a pool, the longest first; of each its name, if the actor may see that field.

    Whoever takes part in the pool may know of it, whatever else it reads, but for what a review still keeps from it.
    """
    entity = session.model.entity(pool.pool.entity)
    title = entity.declared.title
    shown = title != "id" and session.principal.sees(entity, entity.fields[title])
    fields = ["id", *([title] if shown else []), "pooled_at"]
    where, given = open_to(session, entity, "pool == given.pool"), {"pool": pool.pool.id}
    rows = session.elevated.rows(entity.declared.declared, fields, where, given=given, order="pooled_at", limit=MOST)
    columns = [Column("id", _("Id"), "integer"), *([Column("name", _("Name"))] if shown else [])]
    return Table(
        [*columns, Column("since", _("In the pool since"), "datetime")],
        cast("list[tuple[Cell, ...]]", rows),
        title=pool.pool.name,
    )


def refs_of(session: Session, entity: str, records: Iterable[str]) -> list[Ref[object]]:
    """Return the references that ids stand for: of the entity, unless they name their own, as `opportunity:5`.

    Raises:
        Refused: if there are none, or one is no id.
        UnknownNameError: if there is no such entity.
    """
    found = [each.strip().rpartition(":") for each in records]
    if not found or not all(number.isdecimal() for _name, _colon, number in found):
        text = _("Name the records by their ids, such as --records 17,18.")
        raise Refused(entity="pool", refusals=(Refusal(path="records", text=text),))
    return [ref_class(session.model.entity(name or entity).name)(int(number)) for name, _colon, number in found]


def told(results: Iterable[Claimed | Given | NotGiven]) -> Table:
    """Return what became of records."""
    rows: list[tuple[Cell, ...]] = []
    for each in results:
        ref = each.record if isinstance(each, NotGiven) else each.record.ref
        rows.append((str(ref), each.text if isinstance(each, NotGiven) else _("Done.")))
    return Table([Column("record", _("Record")), Column("result", _("Result"))], rows, title=_("Pool"))


def swept(session: Session) -> Text:
    """Sweep all pools."""
    found = sweep(session)
    return ngettext(
        "{count} record returned of {checked} that were looked at; {failed} could not.",
        "{count} records returned of {checked} that were looked at; {failed} could not.",
        len(found.returned),
        checked=found.checked,
        failed=len(found.failed),
    )
