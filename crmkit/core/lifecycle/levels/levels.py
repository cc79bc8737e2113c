"""Levels: `session.levels`, which asks the rules again, and says which one holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.levels import HAND, RULE
from crmkit.core.lifecycle.levels.grading import value_of
from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.levels import LevelRule
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

AT_ONCE = 500


class Levels:
    """What level rules say of records that are there."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def recompute(self, entity: type[Record] | str, /) -> int:
        """Ask the rules of an entity again, about all records that the actor sees; return how many have changed.

        For rules about time or about other records, which no write of the record itself brings up: run it daily. Values
        that were given by hand stay.

        Raises:
            AccessDeniedError: if the actor may not change one of them.
        """
        session = self._session
        found = session.model.entity(entity)
        with session.unit.command(writes_much=True):
            return sum(
                recompute(session, found, rules) for rules in session.model.level_rules.get(found.name, {}).values()
            )

    def explain(self, record: Record, field: str, /) -> str | None:
        """Return the name of the rule that gave a field its value; None if it was given by hand, or no rule holds.

        Raises:
            NotFoundError: if the actor doesn't see the record.
        """
        session = self._session
        entity = session.model.entity(record)
        if record.id not in session.readable_ids(entity.name, [record.id]):
            raise NotFoundError(entity=entity.name, id=record.id)
        rules = session.model.level_rules.get(entity.name, {}).get(field, ())
        own = session.elevated.by_id(entity, [record.id])[record.id]
        if not rules or getattr(own, rules[0].by) == HAND:
            return None
        for rule in rules:
            where = f"id == given.id and ({rule.when})" if rule.when else "id == given.id"
            if session.elevated.count(entity.record_class, where, given={"id": record.id}):
                return rule.name
        return None


def recompute(session: Session, entity: EntityModel, rules: Sequence[LevelRule]) -> int:
    """Ask the rules of one field again."""
    by, field = rules[0].by, rules[0].field
    earlier: list[str] = []
    changed = 0
    for rule in (*rules, None):
        value = None if rule is None else value_of(session, entity, rule)
        tests = [f"({by} is None or {by} != '{HAND}')", *(f"not ({each})" for each in earlier)]
        if rule is not None and rule.when:
            tests.append(f"({rule.when})")
        tests.append(f"({field} is None or {field} != given.value)" if value is not None else f"{field} is not None")
        where = " and ".join(tests)
        given = {} if value is None else {"value": value}
        changed += write(session, entity, where, given, {field: value, by: RULE})
        if rule is None or not rule.when:
            break
        earlier.append(rule.when)
    return changed


def write(
    session: Session, entity: EntityModel, where: str, given: dict[str, object], values: dict[str, object]
) -> int:
    """Give the records that a filter selects these values, and return how many they are."""
    reader, changed = session.elevated.reader, 0
    ids = [int(str(row[0])) for row in reader.iterate(entity, ["id"], where, given=given)]  # type: ignore[index]
    for start in range(0, len(ids), AT_ONCE):
        records = session.by_id(entity, ids[start : start + AT_ONCE]).values()
        changed += len(session.update_many((record, values) for record in records))
    return changed
