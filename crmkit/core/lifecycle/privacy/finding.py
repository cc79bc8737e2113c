"""Finding: everything that is about a person, over all links that entities declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import field, frozen

from crmkit.core.declare.kinds import AnyRefKind
from crmkit.core.lifecycle.merging.redirects import leading_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit.core.assemble.persons import PersonLink
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.session import Session

AT_ONCE = 500
Ids = dict[str, set[int]]
"""Ids by entity."""


@frozen(kw_only=True)
class Dossier:
    """What there is of a person, deleted records included.

    Attributes:
        person: the person itself.
        merged: the ids of records that were merged into it.
        about: records that are about the person, and stay when it is erased: orders, for instance.
        parts: records that are parts of the person, and go with it.
        mentions: by entity and field, records that refer to the person, or to what is about it, and to more.
    """

    person: Ref[object]
    merged: frozenset[int]
    about: Ids = field(factory=dict)
    parts: Ids = field(factory=dict)
    mentions: dict[tuple[str, str], set[int]] = field(factory=dict)

    def own(self, entity: str) -> set[int]:
        """Return the ids of the person in its entity, with those that were merged into it; none in another one."""
        return {int(self.person), *self.merged} if entity == self.person.entity else set()

    def all(self) -> Iterator[tuple[str, set[int]]]:
        """Yield the ids of all records that are the person, parts of it, or about it, by entity."""
        for name in dict.fromkeys([self.person.entity, *self.parts, *self.about]):
            yield name, self.own(name) | self.parts.get(name, set()) | self.about.get(name, set())


def dossier_of(session: Session, person: Ref[object]) -> Dossier:
    """Return everything that is about a person, followed link by link."""
    merged = leading_to(session, person.entity, [int(person)]).get(int(person), [])
    made = Dossier(person=person, merged=frozenset(merged))
    frontier: list[tuple[str, set[int], bool]] = [(person.entity, made.own(person.entity), True)]
    while frontier:
        target, ids, goes = frontier.pop()
        for link in session.model.person_links:
            name, found = link.entity.name, referring(session, link, target, ids)
            if link.meaning == "mentions":
                made.mentions.setdefault((name, link.field.name), set()).update(found)
                continue
            is_part = goes and link.meaning == "part"
            fresh = found - made.own(name) - made.about.get(name, set())
            if is_part:
                fresh -= made.parts.get(name, set())
            if fresh:
                (made.parts if is_part else made.about).setdefault(name, set()).update(fresh)
                frontier.append((name, fresh, is_part))
    for name, about in made.about.items():
        made.parts.get(name, set()).difference_update(about)
    return made


def referring(session: Session, link: PersonLink, target: str, ids: Iterable[int]) -> set[int]:
    """Return the ids of the records, deleted ones included, that refer by a link to one of some records."""
    table, columns = session.tables[link.entity.name], link.field.columns
    if isinstance(link.field.kind, AnyRefKind):
        of_target: sa.ColumnElement[bool] = table.c[columns[0]] == target
    elif link.field.target == target:
        of_target = sa.true()
    else:
        return set()
    found: set[int] = set()
    for chunk in chunks(ids):
        query = sa.select(table.c.id).where(of_target, table.c[columns[-1]].in_(chunk))
        found.update(session.unit.connection.execute(query).scalars())
    return found


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Yield ids in pieces that fit into one statement."""
    listed = sorted(ids)
    for start in range(0, len(listed), AT_ONCE):
        yield listed[start : start + AT_ONCE]
