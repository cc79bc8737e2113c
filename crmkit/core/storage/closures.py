"""Closures: the table of all ancestors of teams and of users, kept with every write of one, checked and rebuilt.

The tables of teams and users are the truth. After a write, the ancestors of the records written, and of all below
them, are read off anew; so a batch that moves several branches at once comes out right in whatever order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.storage.tables import Tables

TREES: Final[Mapping[str, str]] = {"team": "parent", "user": "manager"}
"""The trees: each an entity and its field with the record above."""
DEEPEST = 1000
AT_ONCE = 500


def follow(connection: sa.Connection, tables: Tables, tree: str, written: Iterable[int]) -> None:
    """Bring the closure to what the table of a tree says about some records and all below them."""
    closure = tables.system.closure
    ids = sorted(set(written))
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        below = sa.select(closure.c.descendant).where(closure.c.tree == tree, closure.c.ancestor.in_(some))
        affected = sorted({*some, *connection.execute(below).scalars()})
        for first in range(0, len(affected), AT_ONCE):
            part = affected[first : first + AT_ONCE]
            connection.execute(closure.delete().where(closure.c.tree == tree, closure.c.descendant.in_(part)))
            _insert(connection, tables, tree, part)


def rebuild(connection: sa.Connection, tables: Tables) -> int:
    """Compute the closure of every tree anew and return its number of rows."""
    closure = tables.system.closure
    connection.execute(closure.delete())
    for tree in TREES:
        _insert(connection, tables, tree, None)
    return connection.execute(sa.select(sa.func.count()).select_from(closure)).scalar_one()


def verify(connection: sa.Connection, tables: Tables) -> list[str]:
    """Return what is wrong with the closure, a line for each tree that differs; nothing if it is right."""
    closure = tables.system.closure
    problems: list[str] = []
    for tree in TREES:
        kept = sa.select(closure.c.ancestor, closure.c.descendant, closure.c.depth).where(closure.c.tree == tree)
        found = {tuple(row) for row in connection.execute(kept)}
        right = {tuple(row[1:]) for row in connection.execute(_walk(tables, tree, None))}
        if found != right:
            missing, wrong = len(right - found), len(found - right)
            text = _(
                "The closure of {tree}: {missing} missing, {wrong} wrong.", tree=tree, missing=missing, wrong=wrong
            )
            problems.append(text)
    return problems


def _insert(connection: sa.Connection, tables: Tables, tree: str, nodes: list[int] | None) -> None:
    names = ["tree", "ancestor", "descendant", "depth"]
    connection.execute(tables.system.closure.insert().from_select(names, _walk(tables, tree, nodes)))


def _walk(tables: Tables, tree: str, nodes: list[int] | None) -> sa.Select[*tuple[object, ...]]:
    """Return the query for the closure rows of some nodes, or of all of them, read off the table of the tree."""
    table = tables[tree]
    parent = tables.model.entities[tree].fields[TREES[tree]].columns[0]
    start = sa.select(table.c.id.label("ancestor"), table.c.id.label("descendant"), sa.literal(0).label("depth"))
    start = start.where(table.c.deleted_at.is_(None))
    if nodes is not None:
        start = start.where(table.c.id.in_(nodes))
    walk = start.cte("walk", recursive=True)
    node, above = table.alias("node"), table.alias("above")
    step = (
        sa.select(above.c.id, walk.c.descendant, walk.c.depth + 1)
        .select_from(walk)
        .join(node, node.c.id == walk.c.ancestor)
        .join(above, sa.and_(above.c.id == node.c[parent], above.c.deleted_at.is_(None)))
        .where(walk.c.depth < DEEPEST)
    )
    walk = walk.union_all(step)
    shortest = sa.func.min(walk.c.depth)
    return sa.select(sa.literal(tree), walk.c.ancestor, walk.c.descendant, shortest).group_by(
        walk.c.ancestor, walk.c.descendant
    )
