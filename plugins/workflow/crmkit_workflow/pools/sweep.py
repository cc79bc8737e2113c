"""The sweep: what is due returns to its pool, in batches, each record for itself.

A batch is read and judged in a few statements. What is due is written together; if something is wrong with one record,
a savepoint takes the batch back, and the others go without it. A record that somebody changes at this very moment stays
and is looked at again the next time.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from crmkit import SYSTEM
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.writing import write_all
from crmkit.errors import AccessDeniedError
from crmkit.translation import Text, _, ngettext
from crmkit_workflow.ownership.poolable import is_poolable
from crmkit_workflow.pools.due import Return, first_return
from crmkit_workflow.pools.entities import Pool
from crmkit_workflow.pools.facts import columns_of, facts
from crmkit_workflow.pools.handling import given, pool_ref
from crmkit_workflow.pools.reminding import remind, tell_gone
from crmkit_workflow.pools.results import Given
from crmkit_workflow.pools.terms import calendar_of, horizon, pools_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from crmkit import CRM, EntityModel, JobRun, Record, Ref, Session
    from crmkit_workflow.pools.facts import HeldRecord
    from crmkit_workflow.pools.results import NotGiven
    from crmkit_workflow.pools.terms import PoolTerms

BATCH = 5000
NOT_OVER = "stage.kind not in ('lost', 'done', 'void')"
JOB = "pool_sweep"


@frozen(kw_only=True)
class Swept:
    """What came of a sweep, or of one batch of it.

    Attributes:
        checked: how many records were looked at.
        returned: those that went to a pool, with the return that did it.
        near: those that will, soon, with the return to come.
        failed: those that were due and stayed, and why.
        next: where to go on, None at the end.
    """

    checked: int = 0
    returned: tuple[tuple[Ref[object], Return], ...] = ()
    near: tuple[tuple[Ref[object], Return], ...] = ()
    failed: tuple[NotGiven, ...] = ()
    next: str | None = None


@frozen(kw_only=True)
class Judged:
    """The records of a batch, by what is to be done with them."""

    due: list[tuple[HeldRecord, Return]] = field(factory=list)
    near: list[tuple[HeldRecord, Return]] = field(factory=list)
    noted: dict[int, datetime | None] = field(factory=dict)


def entities_with_pools(session: Session) -> list[EntityModel]:
    """Return the entities whose records can lie in a pool."""
    return [each for each in session.model.entities.values() if is_poolable(each)]


def sweep(session: Session) -> Swept:
    """Sweep all records in one transaction, as of the session's moment; `sweep_all` commits after every batch.

    Raises:
        AccessDeniedError: if the actor may not change all pools.
    """
    principal = session.principal
    if principal.user is not None and "all" not in principal.levels(session.model.entity(Pool), "update"):
        raise AccessDeniedError(action=_("sweep"), entity=_("pool"), actor=principal.name)
    parts = [each for entity in entities_with_pools(session) for each in batches(session, entity)]
    return added(parts)


def batches(session: Session, entity: EntityModel) -> Iterator[Swept]:
    """Yield what came of each batch of an entity."""
    after: str | None = None
    while True:
        found = sweep_batch(session, entity, after)
        yield found
        if found.next is None:
            return
        after = found.next


def sweep_all(crm: CRM, *, size: int = BATCH) -> Swept:
    """Sweep all records, each batch in a transaction of its own."""
    parts: list[Swept] = []
    for name in [each.name for each in crm.model.entities.values() if is_poolable(each)]:
        after: str | None = None
        while True:
            with crm.session(actor=SYSTEM) as session:
                found = sweep_batch(session, session.model.entity(name), after, size=size)
            parts.append(found)
            after = found.next
            if after is None:
                break
    return added(parts)


def added(parts: Sequence[Swept]) -> Swept:
    """Return what came of several batches as one."""
    return Swept(
        checked=sum(each.checked for each in parts),
        returned=tuple(one for each in parts for one in each.returned),
        near=tuple(one for each in parts for one in each.near),
        failed=tuple(one for each in parts for one in each.failed),
    )


def sweep_batch(
    session: Session, entity: EntityModel, after: str | None = None, *, size: int = BATCH, only: str = ""
) -> Swept:
    """Sweep the next records of an entity, in the order of their ids; all, or `only` those that meet a filter."""
    pools = pools_of(session, entity.name)
    if after is None:
        forget(session, entity, pools)
    if not any(each.terms.since for each in pools):
        return Swept()
    columns = columns_of(entity, pools)
    where = f"{entity.owner} is not None" + (f" and {NOT_OVER}" if entity.staged else "")
    where += f" and ({only})" if only else ""
    page = session.elevated.rows(entity.declared.declared, columns, where, order="id", limit=size, after=after)
    members = frozenset().union(*(each.terms.members for each in pools))
    owner = columns.index(str(entity.owner))
    rows = [row for row in page if int(cast("int", row[owner])) in members]
    judged = judge(session, facts(session, entity, columns, rows, pools), pools)
    returned, failed = give_back(session, entity, judged.due, pools)
    keep(session, entity, judged.noted)
    by_id = {each.pool.id: each for each in pools}
    remind(session, entity, judged.near, by_id, calendar_of(session))
    owners = {record.id: record.held.owner for record, _one in judged.due}
    whys = {each: why_of(*each) for each in {(one.kind, one.days) for _ref, one in returned}}
    gone = [(int(ref), owners[int(ref)], one, whys[one.kind, one.days]) for ref, one in returned]
    tell_gone(session, entity, gone, by_id)
    ref = ref_class(entity.name)
    return Swept(
        checked=len(page),
        returned=tuple(returned),
        near=tuple((ref(each.id), one) for each, one in judged.near),
        failed=tuple(failed),
        next=page.next,
    )


def forget(session: Session, entity: EntityModel, pools: Sequence[PoolTerms]) -> None:
    """Have records say no longer when they return whom no pool takes any more, at most a batch of them at once.

    They are of nobody, or of somebody who is no member of a pool whose rules count; or they have come to their end.
    """
    members = sorted({user for each in pools if each.terms.since is not None for user in each.members})
    kept = f"{entity.owner} in given.members" + (f" and {NOT_OVER}" if entity.staged else "")
    where, given = f"returns_at is not None and not ({kept})", {"members": members}
    rows = session.elevated.rows(entity.declared.declared, ["id"], where, given=given, limit=BATCH)
    keep(session, entity, {cast("int", number): None for (number,) in rows})


def judge(session: Session, records: Sequence[HeldRecord], pools: Sequence[PoolTerms]) -> Judged:
    """Return which records are due, which will be soon, and in which to note that, or to note it no more."""
    found, now, calendar = Judged(), session.unit.now, calendar_of(session)
    terms, soon = [each.terms for each in pools], horizon(pools)
    for record in records:
        first = first_return(record.held, terms, calendar)
        if first is not None and first.at <= now:
            found.due.append((record, first))
            continue
        noted = first.at if first is not None and is_near(first.at, now, soon) else None
        if noted is not None and first is not None:
            found.near.append((record, first))
        if noted != record.returns_at:
            found.noted[record.id] = noted
    return found


def is_near(at: datetime, now: datetime, soon: timedelta) -> bool:
    """Return whether a return is near enough to be noted and reminded of."""
    return at - now <= soon


def give_back(
    session: Session, entity: EntityModel, due: Sequence[tuple[HeldRecord, Return]], pools: Sequence[PoolTerms]
) -> tuple[list[tuple[Ref[object], Return]], list[NotGiven]]:
    """Give what is due to its pools, and return what went and what stayed."""
    groups: dict[tuple[int, int, str, int], list[int]] = defaultdict(list)
    by_id = {record.id: one for record, one in due}
    for record, one in due:
        groups[one.pool, one.target, one.kind, one.days].append(record.id)
    along = {each.pool.id: tuple(each.pool.along or ()) for each in pools}
    records = session.elevated.by_id(entity, by_id)
    returned, failed = [], []
    for (pool, target, kind, days), ids in groups.items():
        why, present = why_of(kind, days), [records[each] for each in ids if each in records]
        if not present:
            continue
        results = given(session, present, how="returned", why=why, pool=pool_ref(target), along=along.get(pool, ()))
        for ref, result in results.items():
            if isinstance(result, Given):
                returned.append((ref, by_id[int(ref)]))
            else:
                failed.append(result)
    return returned, failed


def why_of(kind: str, days: int) -> Text:
    """Return why a record returns, for people."""
    if kind == "protection":
        return _("The protection has ended.")
    if kind == "follow_up":
        return ngettext("Not followed up for {count} day.", "Not followed up for {count} days.", days)
    if kind == "opportunity":
        return ngettext("No new opportunity for {count} day.", "No new opportunity for {count} days.", days)
    if kind == "won":
        return ngettext("Nothing won for {count} day.", "Nothing won for {count} days.", days)
    return ngettext("A date has passed for {count} day.", "A date has passed for {count} days.", days)


def keep(session: Session, entity: EntityModel, noted: Mapping[int, datetime | None]) -> None:
    """Note in records when they return, or that they don't soon; those that are being changed get it next time."""
    if not noted:
        return
    records = session.elevated.by_id(entity, noted)

    def write(some: Sequence[Record]) -> list[Record]:
        return session.elevated.update_many((each, {"returns_at": noted[each.id]}) for each in some)

    for _record, _result in write_all(session, entity.name, list(records.values()), write):
        pass


def sweep_job(session: Session, run: JobRun, entity: str | None = None, after: str | None = None) -> None:
    """Sweep one batch and ask for the next; without an entity, ask for the first batch of each."""
    if entity is None:
        for each in entities_with_pools(session):
            session.enqueue(JOB, key=f"{JOB} {each.name} {run.due.isoformat()}", entity=each.name)
        return
    found = sweep_batch(session, session.model.entity(entity), after)
    if found.next is not None:
        session.enqueue(JOB, key=f"{run.id} {found.next}", entity=entity, after=found.next)
