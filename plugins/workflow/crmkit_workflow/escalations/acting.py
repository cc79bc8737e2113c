"""Acting: what the levels that a record has reached say is done, once, and told."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit import Ref
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.writing import write_all
from crmkit.errors import Refused
from crmkit.translation import Text, _
from crmkit_workflow.escalations.entities import Escalation
from crmkit_workflow.staff import active_among, superiors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from crmkit import EntityModel, Record, Session
    from crmkit_workflow.escalations.entities import EscalationLevel, EscalationRule

LONGEST_PROBLEM = 500


@frozen(kw_only=True)
class Due:
    """A record, the levels that it has reached, the lowest first, and the moment from which its age counts."""

    record: Record
    since: datetime
    levels: tuple[EscalationLevel, ...]


def act(session: Session, entity: EntityModel, rule: EscalationRule, due: Sequence[Due]) -> None:
    """Do what is due, each record for itself; what is refused is noted, and told all the same.

    A record that somebody changes at this very moment is looked at again in the next run.
    """
    superior_of = superiors_by_user(session)

    def write(some: Sequence[Due]) -> Sequence[Due]:
        changed = [(each, values_of(session, entity, each, superior_of)) for each in some]
        written = session.update_many((each.record, values) for each, values in changed if values)
        after = {each.id: each for each in written}
        note(session, rule, [(each, after.get(each.record.id, each.record).version, None) for each in some])
        return some

    for each, result in write_all(session, entity.name, due, write):
        if isinstance(result, Refused) and result.entity == entity.name:
            note(session, rule, [(each, each.record.version, str(result)[:LONGEST_PROBLEM])])
        elif isinstance(result, Exception):
            continue
        tell(session, entity, rule, each, superior_of)


def values_of(
    session: Session, entity: EntityModel, due: Due, superior_of: Callable[[int], int | None]
) -> dict[str, object]:
    """Return the values that a record gets; of several levels the highest counts."""
    found: dict[str, object] = {}
    for level in due.levels:
        if level.field is not None:
            found[level.field] = level.value
        heir = int(level.to) if level.to is not None and active_among(session, [int(level.to)]) else None
        owner = owner_of(entity, due.record)
        if level.to_superior and owner is not None:
            heir = superior_of(owner)
        if heir is not None and entity.owner is not None:
            found[entity.owner] = heir
    return found


def note(session: Session, rule: EscalationRule, done: Iterable[tuple[Due, int, str | None]]) -> None:
    """Write down which levels were reached, with the record's version after it."""
    rows = [
        {
            "record": due.record,
            "rule": rule,
            "level": level,
            "since": due.since,
            "record_version": version,
            "problem": problem,
        }
        for due, version, problem in done
        for level in due.levels
    ]
    session.create_many(Escalation, rows)


def tell(
    session: Session, entity: EntityModel, rule: EscalationRule, due: Due, superior_of: Callable[[int], int | None]
) -> None:
    """Tell those whom the levels name: the owner that the record had, who gets it, superiors, and others."""
    owner = owner_of(entity, due.record)
    for level in due.levels:
        told = [owner] if level.tell_owner else []
        told += [superior_of(owner)] if owner is not None and (level.tell_superior or level.to_superior) else []
        told += [int(each) for each in (level.tell, level.to) if each is not None]
        to = [ref_class("user")(each) for each in dict.fromkeys(told) if each is not None]
        if to:
            key = f"escalation {due.record.ref} {level.id} {due.since.isoformat()}"
            session.notify(to, words(entity, rule, due), about=due.record.ref, kind="escalated", key=key)


def words(entity: EntityModel, rule: EscalationRule, due: Due) -> Text:
    """Return what is told; it names the record by its number, which shows nothing of it."""
    return _("{entity} {number} needs attention: {rule}.", entity=entity.label, number=due.record.id, rule=rule.name)


def owner_of(entity: EntityModel, record: Record) -> int | None:
    """Return the id of a record's owner."""
    found = getattr(record, entity.owner) if entity.owner else None
    return int(found) if isinstance(found, Ref) else None


def superiors_by_user(session: Session) -> Callable[[int], int | None]:
    """Return what gives the nearest active superior of a user, looked up once for each."""

    @cache
    def superior_of(user: int) -> int | None:
        return next(iter(superiors(session, user)), None)

    return superior_of
