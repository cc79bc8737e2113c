"""Receivers: what those who are told of records may read of them. A notice quotes nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.values import ref_class
from crmkit.translation import Text, _
from crmkit_workflow.staff import active_among

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit import EntityModel, Ref, Session
    from crmkit.core.lifecycle.questions import Questions

Pair = tuple[int, "Ref[object]"]
"""A user, by id, and a record that it is to be told of."""


def readable(session: Session, pairs: Iterable[Pair]) -> set[Pair]:
    """Return those of the pairs whose user is active and may read the record; a few statements for each user."""
    found: set[Pair] = set()
    for user, eyes, entity, ids in questions(session, pairs):
        found |= {(user, ref_class(entity.name)(each)) for each in eyes.readable_ids(entity.name, ids)}
    return found


def names(session: Session, pairs: Iterable[Pair]) -> dict[Pair, str]:
    """Return what users call records: by title if they may read it, else by entity and number."""
    wanted = list(pairs)
    found: dict[Pair, str] = {(user, record): plain(session, record) for user, record in wanted}
    for user, eyes, entity, ids in questions(session, wanted):
        title = entity.declared.title
        if title == "id" or not eyes.principal.sees(entity, entity.fields[title]):
            continue
        rows = eyes.rows(entity.declared.declared, ["id", title], "id in given.ids", given={"ids": ids})
        titles = {int(str(number)): value for number, value in rows}
        found |= {
            (user, ref_class(entity.name)(each)): str(value) for each, value in titles.items() if value is not None
        }
    return found


def plain(session: Session, record: Ref[object]) -> Text:
    """Return what everybody may call a record."""
    return _("{entity} {number}", entity=session.model.entities[record.entity].label, number=int(record))


def questions(session: Session, pairs: Iterable[Pair]) -> Iterator[tuple[int, Questions, EntityModel, list[int]]]:
    """Yield each active user with what asks with its reach, and which records, by id, it is asked about."""
    wanted: dict[int, dict[str, dict[int, None]]] = {}
    for user, record in pairs:
        wanted.setdefault(user, {}).setdefault(record.entity, {})[int(record)] = None
    active = active_among(session, wanted)
    for user, by_entity in wanted.items():
        if user not in active:
            continue
        eyes = session.elevated.seen_by(ref_class("user")(user))
        for name, ids in by_entity.items():
            yield user, eyes, session.model.entities[name], list(ids)
