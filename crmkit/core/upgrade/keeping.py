"""Keeping: what is computed from other columns, brought to what the Model says: search keys, stage kinds, closures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage import closures
from crmkit.core.upgrade.steps import Step
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crmkit.core.assemble.model import FieldModel
    from crmkit.core.upgrade.present import Situation

BATCH = 1000


def search_keys(here: Situation) -> Iterator[Step]:
    """Yield what computes the search keys of old records, where fields are searched in another way than before."""
    before = {path: known for fact in here.facts.values() for path, known in fact.snapshot.fields.items()}
    for entity in here.model.entities.values():
        table = here.tables[entity.name]
        for each in entity.fields.values() if table.name in here.older else ():
            old = before.get(f"{entity.name}.{each.name}")
            pinyin = bool(getattr(each.kind, "pinyin", False))
            if (
                each.key_column
                and old is not None
                and (old.get("key"), bool(old.get("pinyin")))
                != (
                    each.key_column,
                    pinyin,
                )
            ):
                there = [name for name in each.columns if name in old["columns"]]
                rows = here.count(table.name, *there) if there else 0
                path = f"{entity.name}.{each.name}"
                text = ngettext(
                    "compute {count} search key of {path}", "compute {count} search keys of {path}", rows, path=path
                )
                yield Step(sort="change", text=text, rows=rows, does=computing(table, each))


def computing(table: sa.Table, field: FieldModel) -> Callable[[sa.Connection], None]:
    """Return what computes the search keys of a field for all records."""

    def run(connection: sa.Connection) -> None:
        values = [table.c[name] for name in field.columns]
        update = table.update().where(table.c.id == sa.bindparam("record"))
        update = update.values({str(field.key_column): sa.bindparam("key")})
        last = 0
        while True:
            query = sa.select(table.c.id, *values).where(table.c.id > last)
            query = query.where(sa.or_(*(value.is_not(None) for value in values)))
            rows = connection.execute(query.order_by(table.c.id).limit(BATCH)).all()
            if not rows:
                return
            keys = [{"record": row[0], "key": field.kind.key(field.kind.load(*row[1:]))} for row in rows]
            connection.execute(update, keys)
            last = rows[-1][0]

    return run


def stage_kinds(here: Situation) -> Iterator[Step]:
    """Yield what gives records the kind that their stage has now, where a pipeline's declaration changed it."""
    for pipeline in here.model.pipelines.values():
        table = here.tables[pipeline.entity]
        if table.name not in here.older:
            continue
        kinds = {each.name: each.stage.kind for each in pipeline.stages}
        query = sa.select(table.c.stage, table.c.stage_kind, sa.func.count())
        query = query.where(table.c.pipeline == pipeline.name).group_by(table.c.stage, table.c.stage_kind)
        for stage, kind, count in here.connection.execute(query).all():
            if stage in kinds and kinds[stage] != kind:
                text = ngettext(
                    "{count} record in {pipeline}.{name} is now {kind}",
                    "{count} records in {pipeline}.{name} are now {kind}",
                    count,
                    pipeline=pipeline.name,
                    name=stage,
                    kind=kinds[stage],
                )
                inside = sa.and_(table.c.pipeline == pipeline.name, table.c.stage == stage)
                update = table.update().where(inside).values(stage_kind=kinds[stage])
                yield Step(sort="change", text=text, rows=count, does=executing(update))


def executing(statement: sa.Executable) -> Callable[[sa.Connection], None]:
    """Return what executes a statement."""

    def run(connection: sa.Connection) -> None:
        connection.execute(statement)

    return run


def closure(here: Situation) -> Iterator[Step]:
    """Yield what computes the closure of teams and users, if it isn't right."""
    tables = here.tables
    has_trees = {tables[tree].name for tree in closures.TREES} <= here.older.keys()
    if has_trees and (tables.system.closure.name not in here.older or closures.verify(here.connection, tables)):

        def run(connected: sa.Connection) -> None:
            closures.rebuild(connected, tables)

        yield Step(sort="change", text=_("compute the closure of teams and users"), does=run)
