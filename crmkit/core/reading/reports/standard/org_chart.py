"""The report `org_chart`: a customer's units and the people in them, as a tree."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit.core.nouns.customers import Contact, OrgUnit
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.standard.choosing import record_named
from crmkit.core.reading.reports.table import Table
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.reports.columns import Cell

INDENT = "\u00a0\u00a0\u00a0"
"""Spaces that pages and spreadsheets keep."""


@frozen(kw_only=True)
class Node:
    """A unit or a contact of the chart; `above` is the key of what it stands below, None at the top."""

    key: tuple[str, int]
    name: str
    above: tuple[str, int] | None
    title: str | None = None
    is_primary: bool | None = None
    reports_to: str | None = None


def org_chart(session: Session, *, customer: str) -> Table:
    """Return a customer's units and contacts, each below the unit it belongs to or the person it reports to.

    Somebody whose manager is in another unit, or can't be seen, stands at the top of its own unit.

    Raises:
        Refused: if there is no such customer, or more than one.
    """
    found = record_named(session, session.model.entities["customer"], customer, "customer")
    nodes = [*units(session, found.id), *contacts(session, found.id)]
    return Table(
        [
            Column("level", _("Level"), "integer"),
            Column("name", _("Name")),
            Column("kind", _("Kind")),
            Column("title", _("Job title")),
            Column("primary", _("Primary"), "boolean"),
            Column("reports_to", _("Reports to")),
            Column("id", _("Id"), "integer"),
        ],
        [row(level, node) for level, node in walk(nodes)],
        title=_("Organisation of {found}", found=found.name),
        parameters={"customer": customer},
    )


def units(session: Session, customer: int) -> list[Node]:
    """Return the customer's units."""
    rows = session.rows(OrgUnit, ["id", "name", "parent"], {"customer": customer}, order="name")
    return [
        Node(key=("org_unit", cast("int", number)), name=str(name), above=key_of("org_unit", parent))
        for number, name, parent in rows
    ]


def contacts(session: Session, customer: int) -> list[Node]:
    """Return the customer's contacts, each below its manager if both are in one unit, else below its unit."""
    fields = ["id", "name", "org_unit", "reports_to", "reports_to.name", "title", "is_primary"]
    rows = session.rows(Contact, fields, {"customer": customer}, order="name")
    unit_of = {number: unit for number, _, unit, *_ in rows}
    return [
        Node(
            key=("contact", cast("int", number)),
            name=str(name),
            above=key_of("contact", manager) if unit_of.get(manager, 0) == unit else key_of("org_unit", unit),
            title=cast("str | None", title),
            is_primary=cast("bool", is_primary),
            reports_to=cast("str | None", manager_name),
        )
        for number, name, unit, manager, manager_name, title, is_primary in rows
    ]


def key_of(entity: str, number: object) -> tuple[str, int] | None:
    """Return the key of the node that a reference means."""
    return (entity, int(number)) if isinstance(number, int) else None


def walk(nodes: Sequence[Node]) -> Iterator[tuple[int, Node]]:
    """Yield the nodes from the top down with their levels, people before units, in the order given.

    What stands below something that isn't there stands at the top.
    """
    keys = {node.key for node in nodes}
    below: dict[tuple[str, int] | None, list[Node]] = defaultdict(list)
    for node in sorted(nodes, key=lambda each: each.key[0]):
        below[node.above if node.above in keys else None].append(node)
    waiting = [(0, node) for node in reversed(below[None])]
    while waiting:
        level, node = waiting.pop()
        yield level, node
        waiting += [(level + 1, each) for each in reversed(below[node.key])]


def row(level: int, node: Node) -> tuple[Cell, ...]:
    """Return the row of a node."""
    kind = _("Unit") if node.key[0] == "org_unit" else _("Contact")
    return level, INDENT * level + node.name, kind, node.title, node.is_primary, node.reports_to, node.key[1]
