"""Terms: what rules said at a time. A rule that is changed gets new terms; clocks that run keep the ones they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit.core.lifecycle.remembering import forget, remembered
from crmkit_workflow.clocks.deciding import read_terms, said_by
from crmkit_workflow.clocks.entities import ClockRule, ClockTarget, ClockTerms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit import Batch, Change, Session
    from crmkit_workflow.clocks.deciding import Terms
    from crmkit_workflow.clocks.entities import Clock

KEY = "workflow clock terms"
FIELDS = ("id", "rule", "entity", "measure", "said", "current")


def entities_with_terms(session: Session) -> frozenset[str]:
    """Return the entities for which there are terms, current or old, read once in a transaction.

    Only their records can have clocks.
    """

    def read() -> frozenset[str]:
        rows = session.elevated.aggregate(ClockTerms, by=["entity"], measures={"count": "count()"})
        return frozenset(str(entity) for entity, _count in rows)

    return remembered(session, KEY, read)


def current_terms(session: Session, entity: str) -> Mapping[int, Terms]:
    """Return the terms by which clocks of an entity's records start, by id, read once in a transaction."""
    return remembered(
        session, (KEY, entity), lambda: read_where(session, "current and entity == given.entity", entity=entity)
    )


def terms_of(
    session: Session, clocks: Iterable[Clock], known: Mapping[int, Terms] | None = None
) -> Mapping[int, Terms]:
    """Return the terms by which clocks go, by id, and what is known already; only what isn't is read."""
    found = known or {}
    missing = sorted({int(each.terms) for each in clocks} - found.keys())
    return {**found, **read_where(session, "id in given.ids", ids=missing)} if missing else found


def read_where(session: Session, where: str, **given: object) -> dict[int, Terms]:
    """Read the terms that a filter selects, by id."""
    return {
        int(cast("int", number)): read_terms(
            int(cast("int", number)),
            int(cast("int", rule)),
            str(entity),
            str(measure),
            cast("dict[str, object]", said),
            current=bool(current),
        )
        for number, rule, entity, measure, said, current in session.elevated.rows(
            ClockTerms, FIELDS, where, given=given
        )
    }


def renew(session: Session, changes: Batch[Change]) -> None:
    """Write the terms of rules that were made, changed or deleted, or whose targets were."""
    rules = {change.after.id for change in changes.of(ClockRule)}
    rules |= {int(cast("ClockTarget", change.after).rule) for change in changes.of(ClockTarget)}
    if rules:
        write_terms(session, sorted(rules))


def write_terms(session: Session, ids: Iterable[int]) -> None:
    """Bring the current terms of rules up to what the rules say."""
    wanted = list(ids)
    session.serialise("workflow.clock_terms")
    given = {"rules": wanted}
    rules = {each.id: each for each in session.find(ClockRule, "id in given.rules", given=given)}
    targets: dict[int, list[ClockTarget]] = {}
    for target in session.find(ClockTarget, "rule in given.rules", given=given):
        targets.setdefault(int(target.rule), []).append(target)
    latest: dict[int, ClockTerms] = {}
    for each in session.find(ClockTerms, "rule in given.rules", given=given, order="number"):
        latest[int(each.rule)] = each
    new, ended = [], []
    for one in wanted:
        rule, last = rules.get(one), latest.get(one)
        says = None if rule is None or not rule.active else said_by(rule, targets.get(one, ()))
        if last is not None and last.current and last.said != says:
            ended.append((last, {"current": False}))
        if rule is not None and says is not None and (last is None or not last.current or last.said != says):
            number = 1 if last is None else last.number + 1
            values = {"entity": rule.entity, "measure": rule.measure, "current": True, "said": says}
            new.append({"rule": rule, "number": number, **values})
    session.update_many(ended)
    session.create_many(ClockTerms, new)
    forget(session, KEY)
    for name in {each.entity for each in (*rules.values(), *latest.values())}:
        forget(session, (KEY, name))
