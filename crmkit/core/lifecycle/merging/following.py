"""Following: links, shares and dismissals of a merged record go along to the survivor, and paths of categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.lifecycle.access import within
from crmkit.core.lifecycle.duplicates.finding import dismissed, pair
from crmkit.core.nouns.categories import Category, put_below

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.session import Session

ENDS = ("source_entity", "source_id", "kind", "target_entity", "target_id")
KEY = ("entity", "record_id", "to_entity", "to_id")


def point_links(session: Session, merged: Sequence[Ref[object]], survivor: Ref[object]) -> list[dict[str, Any]]:
    """Point links to the survivor; what would be a link to itself, or is there already, is dropped."""
    link, connection = session.tables.system.link, session.unit.connection
    numbers = [int(each) for each in merged]
    moved: list[dict[str, Any]] = []
    for side in ("source", "target"):
        named, number = link.c[f"{side}_entity"], link.c[f"{side}_id"]
        query = sa.select(link).where(named == survivor.entity, number.in_(numbers)).order_by(link.c.id)
        for row in connection.execute(query).mappings().all():
            changed = {**row, number.name: int(survivor)}
            same = sa.select(link.c.id).where(*(link.c[name] == changed[name] for name in ENDS))
            session.unit.written += 1
            if ends_of(changed, "source") == ends_of(changed, "target") or connection.execute(same).first():
                connection.execute(link.delete().where(link.c.id == row["id"]))
                kept = {name: row[name] for name in ENDS} | {"at": row["at"].isoformat(), "actor_id": row["actor_id"]}
                moved.append({"link": kept})
            else:
                connection.execute(link.update().where(link.c.id == row["id"]).values({number.name: int(survivor)}))
                moved.append({"link": row["id"], "side": side, "old": row[number.name]})
    return moved


def ends_of(row: dict[str, Any], side: str) -> tuple[object, object]:
    """Return the record at one end of a link."""
    return row[f"{side}_entity"], row[f"{side}_id"]


def copy_shares(session: Session, merged: Sequence[Ref[object]], survivor: Ref[object]) -> list[dict[str, Any]]:
    """Open the survivor to whom a merged record was open, if the actor may share it; return what was added."""
    if not session.reacher.reaches_all and not within(session, survivor.entity, [int(survivor)], "share"):
        return []
    share, connection = session.tables.system.share, session.unit.connection
    numbers = [int(each) for each in merged]
    query = sa.select(share).where(share.c.entity == survivor.entity, share.c.record_id.in_(numbers))
    added: list[dict[str, Any]] = []
    for row in connection.execute(query.order_by(share.c.at)).mappings().all():
        copied = {**row, "record_id": int(survivor)}
        there = sa.select(share.c.entity).where(*(share.c[name] == copied[name] for name in KEY))
        if connection.execute(there).first() is None:
            session.unit.written += 1
            connection.execute(share.insert().values(copied))
            added.append({name: copied[name] for name in KEY})
    return added


def copy_dismissals(
    session: Session, entity: EntityModel, merged: Sequence[Ref[object]], survivor: Ref[object]
) -> list[tuple[int, int]]:
    """Say of the survivor, too, whom the merged records are not the same as; return the pairs that were added."""
    gone = {int(each) for each in merged}
    others = {number for both in dismissed(session, entity, sorted(gone)) for number in both} - gone - {int(survivor)}
    added = sorted({pair(int(survivor), each) for each in others} - dismissed(session, entity, [int(survivor)]))
    rows = [
        {"entity": entity.name, "first_id": first, "second_id": second, "at": session.unit.now}
        | {"actor_id": session.principal.user}
        for first, second in added
    ]
    if rows:
        session.unit.written += len(rows)
        session.unit.connection.execute(session.tables.system.dismissal.insert(), rows)
    return added


def forget_dismissals(session: Session, entity: str, added: Iterable[Sequence[int]]) -> None:
    """Take back what was said of the survivor because of a merge."""
    table = session.tables.system.dismissal
    for first, second in added:
        both = sa.and_(table.c.entity == entity, table.c.first_id == first, table.c.second_id == second)
        session.unit.connection.execute(table.delete().where(both))


def put_in_place(session: Session, records: Iterable[Record]) -> None:
    """Give what stands below categories that others were merged into, or that are apart again, its path."""
    for each in records:
        if isinstance(each, Category):
            put_below(session, each)
