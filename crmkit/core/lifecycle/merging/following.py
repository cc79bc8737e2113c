"""Following: links and shares of a merged record go along to the survivor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.lifecycle.access import within

if TYPE_CHECKING:
    from collections.abc import Sequence

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
