"""Identity: `session.identity`, which tells what is likely to be the same, and is told what isn't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.lifecycle.access import within
from crmkit.core.lifecycle.drafts import UpdateDraft
from crmkit.core.lifecycle.duplicates.comparing import Forms, Reason, likeness, score
from crmkit.core.lifecycle.duplicates.finding import Duplicate, dismissed, hits_of, pair, seen_fields
from crmkit.core.lifecycle.duplicates.keys import keys_of, numbers_within
from crmkit.core.lifecycle.duplicates.known_as import Match, resolve
from crmkit.errors import AccessDeniedError, NotFoundError, Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.duplicates import DuplicateRule
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.duplicates.finding import Suspicion
    from crmkit.core.lifecycle.session import Session

AT_ONCE = 500


@frozen(kw_only=True)
class Candidate:
    """Two records that may be the same: the older one first, how likely it is, and what speaks for it."""

    first: Record
    second: Record
    score: float
    reasons: tuple[Reason, ...]
    rule: str


@frozen(kw_only=True)
class Comparison:
    """Two records compared by a rule.

    Attributes:
        rule: the name of the rule.
        score: how likely they are the same, 0 to 1.
        reasons, against: what speaks for it, and against it, the strongest first; what one of them lacks is in neither.
        share_key: whether they share a key; else the rule never compares them by itself.
        is_dismissed: whether somebody has said that they are not the same.
    """

    rule: str
    score: float
    reasons: tuple[Reason, ...]
    against: tuple[Reason, ...]
    share_key: bool
    is_dismissed: bool


class Identity:
    """What a session knows of who is who."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def warnings(self) -> tuple[Suspicion, ...]:
        """The records that this session has written although they look like others."""
        return tuple(self._session.unit.warnings)

    def duplicates(self, record: Record, /) -> list[Duplicate]:
        """Return the records that a record looks like, within the actor's reach, the most alike first.

        Raises:
            NotFoundError: if the actor doesn't see the record.
        """
        session = self._session
        entity = session.model.entity(record)
        found = session.by_id(entity, [record.id]).get(record.id)
        if found is None:
            raise NotFoundError(entity=entity.name, id=record.id)
        rules = session.model.duplicate_rules.get(entity.name, ())
        if not rules:
            return []
        draft = UpdateDraft(session, entity, record=found)
        values = {name: getattr(found, name) for name in seen_fields(session, entity, rules)}
        (hits,) = hits_of(session, entity, rules, [draft], [values])
        shown = session.readable_ids(entity.name, {hit.record.id for hit in hits if hit.record is not None})
        return [
            Duplicate(record=hit.record.ref, score=hit.score, reasons=hit.reasons, rule=hit.rule.name)
            for hit in sorted(hits, key=lambda each: (-each.score, 0 if each.record is None else each.record.id))
            if hit.record is not None and hit.record.id in shown
        ]

    def compare(self, first: Record, second: Record, /) -> list[Comparison]:
        """Return how alike two records are by each rule of their entity, by the fields that the actor may see.

        Raises:
            NotFoundError: if the actor doesn't see both.
            Refused: if they are no two records of one entity.
        """
        session = self._session
        entity = two_of(session, first, second)
        found = session.by_id(entity, [first.id, second.id])
        missing = {first.id, second.id} - found.keys()
        if missing:
            raise NotFoundError(entity=entity.name, id=min(missing))
        one, other = (Forms(dict(found[each.id].items())) for each in (first, second))
        apart = pair(first.id, second.id) in dismissed(session, entity, [first.id])
        return [
            Comparison(
                rule=rule.name,
                score=alike.score,
                reasons=alike.reasons,
                against=alike.against,
                share_key=not set(keys_of([rule], one)).isdisjoint(keys_of([rule], other)),
                is_dismissed=apart,
            )
            for rule in session.model.duplicate_rules.get(entity.name, ())
            for alike in [likeness(rule, one, other)]
        ]

    def resolve(self, channel: str, address: str, /) -> list[Match]:
        """Return the persons who are known by an address on a channel, within the actor's reach: the best match first.

        Raises:
            Refused: if the address can't be one of that channel.
        """
        return resolve(self._session, channel, address)

    def candidates(
        self, entity: type[Record] | str, /, *, least: float | None = None, limit: int | None = None
    ) -> Iterator[Candidate]:
        """Yield pairs of records that may be the same, within the actor's reach, by id; those dismissed are left out.

        `least` is the lowest score, by default the rule's lowest threshold.
        """
        session = self._session
        found = session.model.entity(entity)
        rules = session.model.duplicate_rules.get(found.name, ())
        session.unit.check_readable()
        given = 0
        for first, second in pairs(session, found, rules):
            one, other = (Forms(dict(each.items())) for each in (first, second))
            for rule in rules:
                if score(rule, one, other) < (least if least is not None else rule.lowest or 1):
                    continue
                alike = likeness(rule, one, other)
                yield Candidate(first=first, second=second, score=alike.score, reasons=alike.reasons, rule=rule.name)
                given += 1
                if given == limit:
                    return
                break

    def dismiss(self, first: Record, second: Record, /) -> None:
        """Say that two records are not the same: they are no candidates any more, and nobody is warned of them.

        Raises:
            NotFoundError: if the actor doesn't see both.
            AccessDeniedError: if the actor may change neither of them.
        """
        session = self._session
        entity = two_of(session, first, second)
        ids = pair(first.id, second.id)
        with session.unit.command(writes_much=False):
            missing = set(ids) - session.readable_ids(entity.name, ids)
            if missing:
                raise NotFoundError(entity=entity.name, id=min(missing))
            if not any(within(session, entity.name, [each], "update") for each in ids):
                raise AccessDeniedError(action="update", entity=entity.name, actor=session.reacher.name)
            if ids not in dismissed(session, entity, ids):
                row = dict(zip(("first_id", "second_id"), ids, strict=True))
                row |= {"entity": entity.name, "at": session.unit.now, "actor_id": session.principal.user}  # type: ignore[dict-item]
                session.unit.connection.execute(session.tables.system.dismissal.insert().values(row))
                session.unit.written += 1


def two_of(session: Session, first: Record, second: Record) -> EntityModel:
    """Return the entity of two records; refuse one record twice, and records of two entities."""
    entity = session.model.entity(first)
    if session.model.entity(second) is not entity or first.id == second.id:
        text = _("Two different records of one entity can be told apart.")
        raise Refused(entity=entity.name, refusals=(Refusal(path="id", text=text),))
    return entity


def pairs(session: Session, entity: EntityModel, rules: Sequence[DuplicateRule]) -> Iterator[tuple[Record, Record]]:
    """Yield the pairs that share a key made of fields that the actor sees, and of which it sees both records."""
    numbers = numbers_within(rules, seen_fields(session, entity, rules))
    keys, apart = session.tables.system.duplicate_key, session.tables.system.dismissal
    largest = max((rule.largest for rule in rules), default=0)
    mine = sa.and_(keys.c.entity == entity.name, keys.c.number.in_(numbers))
    few = sa.select(keys.c.key).where(mine).group_by(keys.c.key).having(sa.func.count().between(2, largest))
    one, other = keys.alias(), keys.alias()
    joined = sa.and_(one.c.entity == other.c.entity, one.c.key == other.c.key, one.c.record_id < other.c.record_id)
    known = sa.and_(
        apart.c.entity == entity.name, apart.c.first_id == one.c.record_id, apart.c.second_id == other.c.record_id
    )
    query = (
        sa.select(one.c.record_id, other.c.record_id)
        .select_from(one.join(other, joined))
        .where(one.c.entity == entity.name, one.c.key.in_(few), ~sa.exists().where(known))
        .distinct()
        .order_by(one.c.record_id, other.c.record_id)
    )
    found = session.unit.connection.execute(query).all()
    for start in range(0, len(found), AT_ONCE):
        chunk = found[start : start + AT_ONCE]
        records = session.by_id(entity, {number for row in chunk for number in row})
        for first, second in chunk:
            if first in records and second in records:
                yield records[first], records[second]
