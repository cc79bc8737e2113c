"""`crmkit model`: what was assembled, and who said it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.output import format_option, print_json

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.assemble.model import Model


@click.command()
@click.argument("entity", required=False)
@click.option("--custom-fields", "is_current", is_flag=True, help="With the custom fields that the database has.")
@format_option()
@click.pass_obj
def model(chosen: Chosen, *, entity: str | None, is_current: bool, form: str) -> None:
    """Show what was assembled, and which plugin said it.

    Of one ENTITY, its fields and stages. With --format json: the whole schema, or the entity's part of it, with JSON
    schemas of all values.
    """
    from crmkit.core.assemble.description import describe, describe_entity, describe_pipeline

    found = current_model(chosen) if is_current else chosen.crm.model
    if form == "json" and entity is None:
        print_json(describe(found))
    elif form == "json":
        one = found.entity(str(entity))
        pipelines = {each.name: describe_pipeline(each) for each in found.pipelines_of(one.name)}
        print_json({"entity": describe_entity(found, one), "pipelines": pipelines})
    else:
        from crmkit.cli import picture

        picture.print_model(found) if entity is None else picture.print_entity(found, found.entity(entity))


def current_model(chosen: Chosen) -> Model:
    """Return the Model with the custom fields that the database has; only this needs a database."""
    from crmkit.core.lifecycle import opening

    return opening.current_model(chosen.database_crm)
