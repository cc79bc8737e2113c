"""What disabled plugins left behind: columns of a person's records, and tables that nobody can read any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.lifecycle.privacy.finding import chunks
from crmkit.core.storage.plugin_ledger import ENABLED, facts_of
from crmkit.translation import ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.lifecycle.privacy.finding import Dossier
    from crmkit.core.lifecycle.session import Session


def problems(session: Session, dossier: Dossier) -> Iterator[str]:
    """Yield, for every disabled plugin, that it has records of its own that refer to what is erased."""
    connection, schema = session.unit.connection, session.tables.schema
    for plugin, fact in facts_of(connection, session.tables).items():
        snapshot = fact.snapshot
        own = snapshot.left["entities"] if fact.state == ENABLED else {**snapshot.left["entities"], **snapshot.entities}
        fields = {**snapshot.left["fields"], **snapshot.fields}
        count = 0
        for entity, table in own.items():
            if not sa.inspect(connection).has_table(table, schema=schema):
                continue
            for path, each in fields.items():
                if path.startswith(f"{entity}.") and each["kind"] in {"ref", "any_ref"}:
                    count += referring(session, table, each, dossier)
        if count:
            yield ngettext(
                "The plugin {plugin}, which is disabled, keeps {count} record that refers to this. "
                "Enable it and erase then, or purge it first.",
                "The plugin {plugin}, which is disabled, keeps {count} records that refer to this. "
                "Enable it and erase then, or purge it first.",
                count,
                plugin=plugin,
            )


def referring(session: Session, name: str, field: dict[str, object], dossier: Dossier) -> int:
    """Return how many rows of a table refer to what is found of a person."""
    columns = [str(each) for each in field["columns"]]  # type: ignore[attr-defined]
    table = sa.table(name, *map(sa.column, columns), schema=session.tables.schema)
    count = 0
    for entity, ids in dossier.all():
        if len(columns) == 1 and field["target"] != entity:
            continue
        of_entity = sa.true() if len(columns) == 1 else table.c[columns[0]] == entity
        for chunk in chunks(ids):
            query = sa.select(sa.func.count()).select_from(table).where(of_entity, table.c[columns[-1]].in_(chunk))
            count += session.unit.connection.execute(query).scalar_one()
    return count


def empty_columns(session: Session, dossier: Dossier) -> None:
    """Empty what disabled plugins keep in the records that are found: nobody can say what of it is personal."""
    connection, schema = session.unit.connection, session.tables.schema
    columns: dict[str, set[str]] = {}
    for fact in facts_of(connection, session.tables).values():
        snapshot = fact.snapshot
        fields = snapshot.left["fields"] if fact.state == ENABLED else {**snapshot.left["fields"], **snapshot.fields}
        for each in fields.values():
            keys = [each["key"]] if each.get("key") else []
            columns.setdefault(each["table"], set()).update([*each["columns"], *keys])
    for entity, ids in dossier.all():
        name = session.tables[entity].name
        there = {each["name"] for each in sa.inspect(connection).get_columns(name, schema=schema)}
        lost = sorted(columns.get(name, set()) & there - {each.name for each in session.tables[entity].c})
        if lost:
            table = sa.table(name, sa.column("id"), *map(sa.column, lost), schema=schema)
            for chunk in chunks(ids):
                connection.execute(table.update().where(table.c.id.in_(chunk)).values(dict.fromkeys(lost)))
