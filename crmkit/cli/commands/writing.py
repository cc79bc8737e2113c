"""`crmkit create`, `crmkit update` and `crmkit move`: records made and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json
from crmkit.translation import _, about, joined

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

VALUES = click.argument("values", metavar="[FIELD=VALUE]...", nargs=-1)


@click.command()
@click.argument("entity")
@VALUES
@format_option()
@click.pass_obj
def create(chosen: Chosen, *, entity: str, values: tuple[str, ...], form: str) -> None:
    """Create a record.

    Such as: create customer name=Acme city=Paris. A reference may be an id, customer:5, or a name that only one
    record has.

    With --format json: {"entity", "record": {FIELD: VALUE}}.
    """
    from crmkit.cli.naming import values_of

    with chosen.session() as session:
        found = session.model.entity(entity)
        (record,) = session.create_many(found.declared.declared, [values_of(session, found, values)])
        answer(session, record, form, _("Created"))


@click.command()
@click.argument("record")
@VALUES
@format_option()
@click.pass_obj
def update(chosen: Chosen, *, record: str, values: tuple[str, ...], form: str) -> None:
    """Change fields of a record.

    Such as: update customer:5 city=Lyon phone= . An empty value clears the field.

    With --format json: {"entity", "record": {FIELD: VALUE}}.
    """
    from crmkit.cli.errors import AssignmentError
    from crmkit.cli.naming import record_of, values_of

    with chosen.session() as session:
        before = record_of(session, record)
        given = values_of(session, session.model.entity(before), values)
        if "stage" in given and session.model.entity(before).staged:
            problem = _(
                "stages are changed by moves: crmkit move {record} {given}.",
                record=record,
                given=given["stage"] or "STAGE",
            )
            raise AssignmentError(argument=f"stage={given['stage'] or ''}", problem=problem)
        (after,) = session.update_many([(before, given)])
        answer(session, after, form, _("Unchanged:") if after.version == before.version else _("Updated"))


@click.command()
@click.argument("record")
@click.argument("stage")
@VALUES
@format_option()
@click.pass_obj
def move(chosen: Chosen, *, record: str, stage: str, values: tuple[str, ...], form: str) -> None:
    """Move a record to another stage.

    The stage is named by its name or label; FIELD=VALUE gives what it wants to know.

    With --format json: {"entity", "record": {FIELD: VALUE}}.
    """
    from crmkit.cli.naming import record_of, values_of

    with chosen.session() as session:
        before = record_of(session, record)
        given = values_of(session, session.model.entity(before), values)
        after = session.move(before, stage, **cast("dict[str, Any]", given))
        answer(session, after, form, _("Unchanged:") if after.version == before.version else _("Moved"))


def answer(session: Session, record: Record, form: str, done: str) -> None:
    """Print what became of a record."""
    from crmkit.cli.naming import titled
    from crmkit.cli.showing import record_answer, stage_text

    for each in session.cautions:
        echo(about(each.path, each.text), err=True)
    if form == "json":
        print_json(record_answer(session, record))
        return
    entity = session.model.entity(record)
    stage = [stage_text(session, dict(record.items()))] if entity.staged else []
    echo(joined([joined([done, titled(entity, record)]), *stage], ", "))
