"""Verifying: everything in the database checked against everything else, plugins' own checks included."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.audit.sealing import broken
from crmkit.core.declare.checks import Check
from crmkit.core.declare.kinds import AnyRefKind
from crmkit.core.lifecycle import files
from crmkit.core.reading.reports.running import function_of
from crmkit.core.storage import closures
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit.core.lifecycle.session import Session

SHOWN = 20
ABOUT = ("share", "unshare")
"""Entries of the change log that are about a record without changing it."""


@frozen(kw_only=True)
class Finding:
    """Something that is wrong: the check that found it, its plugin, and what it is."""

    check: str
    plugin: str
    text: str


def verify(session: Session, anchor: str | None = None) -> list[Finding]:
    """Return all that is wrong, at most twenty findings of a check; none if all is well."""
    connection, tables = session.unit.connection, session.tables
    core: dict[str, Iterator[str]] = {
        "chain": broken(connection, tables, anchor),
        "references": references(session),
        "versions": versions(session),
        "stages": stages(session),
        "links": links(session),
        "files": files.verify(session),
        "closure": iter(closures.verify(connection, tables)),
    }
    found = [Finding(check=name, plugin="core", text=text) for name, texts in core.items() for text in first(texts)]
    for check, plugin in session.model.of(Check):
        texts = cast("Iterable[str] | None", function_of(check.run)(session)) or ()
        found += [Finding(check=check.name, plugin=plugin, text=text) for text in first(texts)]
    return found


def first(texts: Iterable[str]) -> Iterator[str]:
    """Yield the first findings, and that there are more."""
    for number, text in enumerate(texts):
        if number == SHOWN:
            yield _("and more of the same")
            return
        yield text


def references(session: Session) -> Iterator[str]:
    """Yield references to records that aren't there, among living records."""
    tables = session.tables
    for entity in session.model.entities.values():
        table = tables[entity.name]
        living = table.c.deleted_at.is_(None)
        for name, field in entity.fields.items():
            targets: list[tuple[str, sa.ColumnElement[bool]]] = []
            if field.target is not None and not field.is_system:
                targets = [(field.target, sa.true())]
            elif isinstance(field.kind, AnyRefKind):
                named = table.c[field.columns[0]]
                targets = [(each, named == each) for each in session.model.entities]
            for target, condition in targets:
                value = table.c[field.columns[-1]]
                other = tables[target].alias()
                gone = ~sa.exists().where(other.c.id == value)
                query = sa.select(table.c.id).where(living, condition, value.is_not(None), gone).limit(SHOWN + 1)
                for number in session.unit.connection.execute(query).scalars():
                    yield _(
                        "{entity} {id} refers by {field} to a {target} that isn't there",
                        entity=entity.name,
                        id=number,
                        field=name,
                        target=target,
                    )


def versions(session: Session) -> Iterator[str]:
    """Yield records whose changes in the log don't lead to the version that they have."""
    change = session.tables.system.change
    for entity in session.model.entities.values():
        table = session.tables[entity.name]
        counted = (
            sa.select(
                change.c.record_id,
                sa.func.count(sa.distinct(change.c.version)).label("count"),
                sa.func.max(change.c.version).label("last"),
            )
            .where(change.c.entity == entity.name, change.c.action.not_in(ABOUT))
            .group_by(change.c.record_id)
            .subquery()
        )
        joined = table.outerjoin(counted, counted.c.record_id == table.c.id)
        wrong = sa.or_(counted.c.last.is_(None), counted.c.last != table.c.version, counted.c.count != table.c.version)
        query = sa.select(table.c.id, table.c.version, counted.c.last).select_from(joined).where(wrong)
        for row in session.unit.connection.execute(query.limit(SHOWN + 1)):
            yield _(
                "{entity} {id} has version {version}, and the change log leads to {last}",
                entity=entity.name,
                id=row.id,
                version=row.version,
                last=row.last or 0,
            )


def stages(session: Session) -> Iterator[str]:
    """Yield records whose stage isn't the one that their history entered last."""
    history = session.tables.system.stage_history
    for entity in session.model.entities.values():
        if not entity.staged:
            continue
        table = session.tables[entity.name]
        last = (
            sa.select(history.c.record_id, sa.func.max(history.c.id).label("last"))
            .where(history.c.entity == entity.name)
            .group_by(history.c.record_id)
            .subquery()
        )
        joined = table.join(last, last.c.record_id == table.c.id).join(history, history.c.id == last.c.last)
        wrong = sa.or_(history.c.target != table.c.stage, history.c.pipeline != table.c.pipeline)
        query = sa.select(table.c.id, table.c.stage, history.c.target).select_from(joined).where(wrong)
        for row in session.unit.connection.execute(query.limit(SHOWN + 1)):
            yield _(
                "{entity} {id} is in the stage {stage}, and its history ends in {last}",
                entity=entity.name,
                id=row.id,
                stage=row.stage,
                last=row.target,
            )


def links(session: Session) -> Iterator[str]:
    """Yield links whose ends aren't there."""
    table = session.tables.system.link
    for side in ("source", "target"):
        for entity in session.model.entities.values():
            other = session.tables[entity.name]
            named, number = table.c[f"{side}_entity"], table.c[f"{side}_id"]
            gone = ~sa.exists().where(other.c.id == number)
            query = sa.select(table.c.id, number).where(named == entity.name, gone).limit(SHOWN + 1)
            for row in session.unit.connection.execute(query):
                yield _(
                    "link {id} names {entity} {record}, which isn't there", id=row.id, entity=entity.name, record=row[1]
                )
