"""Replaying: what a disabled plugin kept while records were merged or taken apart follows when it is enabled again."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.declare.kinds import AnyRefKind
from crmkit.core.declare.values import ref_class
from crmkit.core.lifecycle.deleting import react
from crmkit.core.lifecycle.merging import pointing
from crmkit.core.lifecycle.merging.undo import left_behind, point_back
from crmkit.errors import Refused
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crmkit.core.assemble.model import EntityModel, FieldModel
    from crmkit.core.lifecycle.session import Session


def replay(open_session: Callable[[], Session]) -> Iterator[str]:
    """Point what refers to merged records to those that they live on in, and yield what was done, a line each.

    What was merged is replayed merge by merge, so that each can be undone as if the plugin had been there. What can't
    be pointed stays as it is, and is said.
    """
    with open_session() as session:
        last = 0
        while (due := next_due(session, last)) is not None:
            last = due
            yield from carried(session, due, partial(merge_again, session, due))
        for number in undone_with_rests(session):
            yield from carried(session, number, partial(unmerge_again, session, number))


def carried(session: Session, merge: int, act: Callable[[], int]) -> Iterator[str]:
    """Do something about a merge, and yield what was done, or why it can't be."""
    try:
        with session.unit.command(writes_much=True), session.unit.writing():
            count = act()
    except Refused as error:
        yield _("leave what refers to the records of merge {merge}: {problem}", merge=merge, problem=str(error))
        return
    if count:
        yield ngettext(
            "point {count} record as merge {merge} says",
            "point {count} records as merge {merge} says",
            count,
            merge=merge,
        )


def next_due(session: Session, last: int) -> int | None:
    """Return the number of the first merge after another whose merged records are still referred to."""
    found = [
        number
        for name in entities_with_redirects(session)
        for owner, fields in pointing.referring(session.model, name).items()
        for each in fields
        if (number := due_by(session, name, session.model.entities[owner], each, last)) is not None
    ]
    return min(found, default=None)


def due_by(session: Session, target: str, owner: EntityModel, field: FieldModel, last: int) -> int | None:
    """Return the first merge whose records some field still refers to; what is merged itself doesn't count."""
    redirect, table = session.tables.system.redirect, session.tables[owner.name]
    gone = redirect.alias()
    merged = sa.exists().where(gone.c.entity == owner.name, gone.c.record_id == table.c.id)
    query = (
        sa.select(sa.func.min(redirect.c.merge_id))
        .join_from(redirect, table, table.c[field.columns[-1]] == redirect.c.record_id)
        .where(redirect.c.entity == target, redirect.c.merge_id > last, ~merged)
    )
    if isinstance(field.kind, AnyRefKind):
        query = query.where(table.c[field.columns[0]] == target)
    return session.unit.connection.execute(query).scalar()


def entities_with_redirects(session: Session) -> list[str]:
    """Return the entities of which records were merged, as far as they are there."""
    redirect = session.tables.system.redirect
    found = session.unit.connection.execute(sa.select(redirect.c.entity).distinct()).scalars()
    return [name for name in found if name in session.model.entities]


def merge_again(session: Session, number: int) -> int:
    """Point what still refers to the records of a merge, and return how many records that were."""
    table = session.tables.system.merge
    query = sa.select(table).where(table.c.id == number, table.c.undone_at.is_(None)).with_for_update()
    row = session.unit.connection.execute(query).one_or_none()
    if row is None:
        return 0
    done: dict[str, Any] = json.loads(row.done)
    kind = ref_class(row.entity)
    moved = pointing.point(
        session, session.model.entities[row.entity], [kind(each) for each in done["others"]], kind(row.survivor_id)
    )
    note(session, number, done | {"moved": done["moved"] + moved})
    return len(moved)


def undone_with_rests(session: Session) -> list[int]:
    """Return the merges that were undone while a plugin was disabled whose records they had pointed."""
    table = session.tables.system.merge
    query = sa.select(table.c.id, table.c.done).where(table.c.undone_at.is_not(None)).order_by(table.c.id.desc())
    found = session.unit.connection.execute(query.where(table.c.done.contains('"left": [{')))
    return [row.id for row in found if there_again(session, json.loads(row.done)["left"])]


def there_again(session: Session, left: list[dict[str, Any]]) -> bool:
    """Return whether any record that was left behind is there again with all its fields."""
    return len(left_behind(session.model, left)) < len(left)


def unmerge_again(session: Session, number: int) -> int:
    """Point back what was left behind when a merge was undone, and return how many records that were."""
    table = session.tables.system.merge
    row = session.unit.connection.execute(sa.select(table).where(table.c.id == number).with_for_update()).one()
    done: dict[str, Any] = json.loads(row.done)
    still = left_behind(session.model, done["left"])
    back = [each for each in done["left"] if each not in still]
    for name in dict.fromkeys(each["entity"] for each in back):
        moved = [each for each in back if each["entity"] == name]
        react(session, point_back(session, session.model.entities[name], moved))
    note(session, number, done | {"left": still})
    return len(back)


def note(session: Session, number: int, done: dict[str, Any]) -> None:
    """Note what a merge has changed."""
    table = session.tables.system.merge
    session.unit.connection.execute(table.update().where(table.c.id == number).values(done=json.dumps(done)))
    session.unit.written += 1
