"""Finding: the records that others, about to be written, look like. The phase `dedupe` of the lifecycle.

Only fields that the actor may see count, so that no answer depends on a value that is hidden from it. Records out of
the actor's reach count, too, but of them no more is told than that there is one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import define, field, frozen

from crmkit.core.lifecycle.duplicates.comparing import Forms, Reason, likeness, score
from crmkit.core.lifecycle.duplicates.keys import keys_of, records_with
from crmkit.core.lifecycle.provenance import link
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.duplicates import DuplicateRule
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.duplicates.comparing import Values
    from crmkit.core.lifecycle.session import Session

MOST = 5
DUPLICATE_OF = "duplicate_of"
"""The kind of the links that a rule with `link` makes."""


@frozen(kw_only=True)
class Duplicate:
    """A record that another one looks like.

    Attributes:
        record: the record; None if the actor may not see it: somebody else must be asked.
        score: how likely they are the same, 0 to 1; 0 if the actor may not see it.
        reasons: what speaks for it, the strongest first.
        rule: the name of the rule.
    """

    record: Ref[object] | None
    score: float
    reasons: tuple[Reason, ...]
    rule: str


@frozen(kw_only=True)
class Suspicion:
    """A record that was written although it looks like others, the most alike first."""

    record: Ref[object]
    duplicates: tuple[Duplicate, ...]


@define(eq=False)
class Suspected:
    """What was found about a draft, to be settled once it is written.

    Attributes:
        hits: what it looks like enough for a warning or a link.
        shown: the ids of the records that the actor may see.
    """

    draft: Draft
    shown: set[int]
    hits: list[Hit] = field(factory=list)


@frozen
class Met:
    """A record that shares a key with a draft: one that is there, or an earlier one of the batch."""

    own: Forms
    other: Forms
    record: Record | None = None
    earlier: int | None = None


@frozen
class Hit:
    """A record that a draft looks like: one that is there, or an earlier one of the batch."""

    rule: DuplicateRule
    score: float
    reasons: tuple[Reason, ...]
    record: Record | None = None
    earlier: int | None = None


def dedupe(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> list[Suspected]:
    """Find what the drafts look like; those that a rule blocks are refused. At most four statements per 400 keys."""
    rules = [each for each in session.model.duplicate_rules.get(entity.name, ()) if each.lowest is not None]
    clean = [draft for draft in drafts if not draft.refusals]
    if not rules or not clean:
        return []
    names = seen_fields(session, entity, rules)
    values = [{name: draft.get(name) for name in names} for draft in clean]
    hits = hits_of(session, entity, rules, clean, values)
    shown = session.readable_ids(
        entity.name, {hit.record.id for some in hits for hit in some if hit.record is not None}
    )
    found = [Suspected(draft, shown) for draft in clean]
    for suspected, some in zip(found, hits, strict=True):
        for hit in some:
            judge(suspected, hit)
    return [each for each in found if each.hits]


def seen_fields(session: Session, entity: EntityModel, rules: Iterable[DuplicateRule]) -> list[str]:
    """Return the fields of rules that the actor may see."""
    names = {name for rule in rules for name in rule.field_names}
    return [name for name in sorted(names) if session.principal.sees(entity, entity.fields[name])]


def hits_of(
    session: Session,
    entity: EntityModel,
    rules: Sequence[DuplicateRule],
    drafts: Sequence[Draft],
    values: Sequence[Values],
) -> list[list[Hit]]:
    """Return, for every draft, what it looks like."""
    own = [Forms(each) for each in values]
    keys = [{key for _number, key in keys_of(rules, each)} for each in own]
    largest = max(rule.largest for rule in rules)
    known, crowded = records_with(session, entity, sorted({key for some in keys for key in some}), largest)
    wanted = {number for numbers in known.values() for number in numbers}
    records = session.elevated.by_id(entity, wanted) if wanted else {}
    others = {number: Forms(seen_of(record, values[0])) for number, record in records.items()}
    apart = dismissed(session, entity, [draft.record.id for draft in drafts if draft.record is not None])
    earlier: dict[int, list[int]] = defaultdict(list)
    found: list[list[Hit]] = []
    for place, draft in enumerate(drafts):
        self_id = None if draft.record is None else draft.record.id
        # Whether records come in one batch or one by one, the same pairs are compared.
        rare = [
            key for key in keys[place] if key not in crowded and len(earlier[key]) + len(known.get(key, ())) <= largest
        ]
        ids = {number for key in rare for number in known.get(key, ())} & others.keys() - {self_id}
        meets = [
            Met(own[place], others[number], record=records[number])
            for number in sorted(ids)
            if self_id is None or pair(self_id, number) not in apart
        ]
        places = sorted({each for key in rare for each in earlier[key]})
        meets += [Met(own[place], own[each], earlier=drafts[each].index) for each in places]
        found.append(best(rules, meets))
        for key in keys[place]:
            earlier[key].append(place)
    return found


def seen_of(record: Record, names: Iterable[str]) -> Values:
    """Return the values of a record, those of some fields."""
    values = dict(record.items())
    return {name: values[name] for name in names}


def best(rules: Iterable[DuplicateRule], meets: Iterable[Met]) -> list[Hit]:
    """Return the hits among records that share a key with a draft, the most alike first; at most `MOST`."""
    scores = ((score(rule, met.own, met.other), rule, met) for met in meets for rule in rules)
    alike = [each for each in scores if each[0] >= (each[1].lowest or 1)]
    return [
        Hit(rule, found, likeness(rule, met.own, met.other).reasons, met.record, met.earlier)
        for found, rule, met in sorted(alike, key=lambda each: -each[0])[:MOST]
    ]


def judge(suspected: Suspected, hit: Hit) -> None:
    """Refuse a draft if a rule blocks it; else note the hit, to be settled when the draft is written."""
    rule, draft = hit.rule, suspected.draft
    if rule.block is None or hit.score < rule.block:
        suspected.hits.append(hit)
        return
    is_shown = hit.record is None or hit.record.id in suspected.shown
    path = ", ".join(dict.fromkeys(name for reason in hit.reasons for name in reason.fields))
    draft.refuse(path if is_shown else "", words_of(draft, hit, is_shown=is_shown))


def words_of(draft: Draft, hit: Hit, *, is_shown: bool) -> str:
    """Return why a draft is refused; no value is quoted."""
    entity = draft.entity.label
    if hit.record is None:
        return _("It looks like number {index} of the same batch.", index=hit.earlier)
    if is_shown:
        return _("It looks like {entity} {id}, which is there already.", entity=entity, id=hit.record.id)
    return _("There is such a record already, which you may not see. Ask an administrator.")


def settle(session: Session, found: Sequence[Suspected], drafts: Sequence[Draft], records: Sequence[Record]) -> None:
    """Link the records that drafts became, and tell the session, as was found about them."""
    if not found:
        return
    written = {draft.index: record for draft, record in zip(drafts, records, strict=True)}
    for suspected in found:
        record, told = written[suspected.draft.index], []
        for hit in suspected.hits:
            other = hit.record or written[int(hit.earlier or 0)]
            if hit.rule.link is not None and hit.score >= hit.rule.link:
                link(session.elevated, record, DUPLICATE_OF, other)
            if hit.rule.warn is not None and hit.score >= hit.rule.warn:
                told.append(as_told(hit, other, is_shown=hit.record is None or other.id in suspected.shown))
        if told:
            session.unit.warnings.append(Suspicion(record=record.ref, duplicates=tuple(told)))


def as_told(hit: Hit, other: Record, *, is_shown: bool) -> Duplicate:
    """Return what the actor is told of a hit."""
    if is_shown:
        return Duplicate(record=other.ref, score=hit.score, reasons=hit.reasons, rule=hit.rule.name)
    return Duplicate(record=None, score=0.0, reasons=(), rule=hit.rule.name)


def pair(one: int, other: int) -> tuple[int, int]:
    """Return two ids, the smaller one first."""
    return (one, other) if one < other else (other, one)


def dismissed(session: Session, entity: EntityModel, ids: Sequence[int]) -> set[tuple[int, int]]:
    """Return the pairs with one of these records of which somebody has said that they are not the same."""
    if not ids:
        return set()
    table = session.tables.system.dismissal
    of_ids = sa.or_(table.c.first_id.in_(ids), table.c.second_id.in_(ids))
    query = sa.select(table.c.first_id, table.c.second_id).where(table.c.entity == entity.name, of_ids)
    return {pair(first, second) for first, second in session.unit.connection.execute(query)}
