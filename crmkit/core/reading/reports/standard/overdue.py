"""The report `overdue`: records that are in their stage for longer than its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.standard.choosing import beyond, chosen, pipeline_named, readable, user_named
from crmkit.core.reading.reports.table import Table
from crmkit.translation import _

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.assemble.pipelines import PipelineModel
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.reports.columns import Cell
    from crmkit.core.reading.reports.standard.choosing import Choice


def overdue(
    session: Session, *, entity: str, pipeline: str | None, where: str | None, owner: str | None, limit: int
) -> Table:
    """Return the overdue records, those that have been in their stage for the longest time first.

    Raises:
        AccessDeniedError: if the actor may read no such records.
        FilterError: if the filter is wrong; it says where.
        Refused: if the entity has no pipeline, or there is no such owner.
        UnknownNameError: if there is no such entity or pipeline.
    """
    found = readable(session, entity)
    chain = pipeline_named(session, found, pipeline)
    own, moments = overdue_tests(session, chain)
    tests: dict[str, object] = {"pipeline == given.value": chain.name}
    if found.owner is not None:
        tests[f"{found.owner} == given.value"] = user_named(session, owner)
    choice = chosen(session, found, where, own, tests=tests)
    given = {"entity": found.name, "pipeline": chain.name, "where": where, "owner": owner, "limit": limit}
    rows, more = listed(session, found, chain, choice, moments=moments, limit=limit) if moments else ([], 0)
    notes = [] if moments else [_("No stage of this pipeline has a limit.")]
    return Table(
        [
            Column("id", _("Id"), "integer"),
            Column("record", found.label),
            Column("owner", _("Owner")),
            Column("stage", _("Stage")),
            Column("since", _("Since"), "datetime"),
            Column("limit", _("Limit"), "duration"),
            Column("over", _("Over it"), "duration"),
        ],
        rows,
        title=_("Overdue: {declared}", declared=chain.declared.label),
        notes=[*notes, *beyond(more)],
        parameters={name: value for name, value in given.items() if value is not None},
    )


def overdue_tests(session: Session, pipeline: PipelineModel) -> tuple[str, dict[str, object]]:
    """Return the filter for records that are over their stage's limit, and the moments that it speaks of."""
    tests: list[str] = []
    moments: dict[str, object] = {}
    now = session.reader.context.now
    for number, each in enumerate(pipeline.stages):
        if each.stage.limit is not None:
            tests.append(f"(stage == '{each.name}' and stage_since < given.limit_{number})")
            moments[f"limit_{number}"] = now - each.stage.limit
    return f"({' or '.join(tests) or 'id < 0'})", moments


def listed(
    session: Session,
    entity: EntityModel,
    pipeline: PipelineModel,
    choice: Choice,
    *,
    moments: dict[str, object],
    limit: int,
) -> tuple[list[tuple[Cell, ...]], int]:
    """Return the rows, and how many records there are beyond them."""
    owner = f"{entity.owner}.name" if entity.owner else "id"
    given = {**choice.given, **moments}
    fields = ["id", entity.declared.title, owner, "stage", "stage_since"]
    declared = entity.declared.declared
    page = session.rows(declared, fields, choice.where, given=given, order="stage_since", limit=limit)
    rows = [row(session, pipeline, entity, values) for values in page]
    more = session.count(declared, choice.where, given=given) - len(rows) if page.next else 0
    return rows, more


def row(session: Session, pipeline: PipelineModel, entity: EntityModel, values: tuple[object, ...]) -> tuple[Cell, ...]:
    """Return the row of a record."""
    number, title, owner, name, since = values
    stage = pipeline.stage(str(name))
    entered, limit = cast("datetime", since), cast("timedelta", stage.limit)
    return (
        cast("int", number),
        f"{entity.label} {number}" if title is None else str(title),
        str(owner) if entity.owner and owner is not None else None,
        stage.label,
        entered,
        limit,
        session.reader.context.now - entered - limit,
    )
