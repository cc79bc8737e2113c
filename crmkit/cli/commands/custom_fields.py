"""`crmkit fields`: fields that administrators define while the CRM runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json, print_texts
from crmkit.core.declare.fields import PRIVACIES
from crmkit.core.nouns.custom_fields import KINDS
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.nouns.custom_fields import CustomField


@click.group()
def fields() -> None:
    """Define custom fields, and say how they are kept; it takes neither code nor an upgrade."""


@fields.command(name="list")
@click.argument("entity", required=False)
@format_option()
@click.pass_obj
def list_(chosen: Chosen, *, entity: str | None, form: str) -> None:
    """List the custom fields, of one ENTITY or of all.

    With --format json: {"fields": [{"entity", "name", "kind", "label", "active", "indexed", "promoted"}]}.
    """
    from crmkit.core.nouns.custom_fields import CustomField

    with chosen.session(readonly=True) as session:
        of = None if entity is None else {"entity": session.model.entity(entity).name}
        found = session.find(CustomField, of, order="entity, name")
        conventions = session.model.conventions
    if form == "json":
        print_json({"fields": [{name: getattr(each, name) for name in TOLD} for each in found]})
        return
    headings = (_("Entity"), _("Name"), _("Kind"), _("Label"), _("State"))
    print_texts(headings, [(each.entity, each.name, each.kind, each.label, state(each)) for each in found], conventions)


TOLD = ("entity", "name", "kind", "label", "active", "indexed", "promoted")


def state(field: CustomField) -> str:
    """Return what is special about a field."""
    marks = ((not field.active, _("hidden")), (field.indexed, _("indexed")), (field.promoted, _("promoted")))
    return ", ".join(mark for is_so, mark in marks if is_so)


@fields.command()
@click.argument("entity")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What its values are.")
@click.option("--label", help="What people call it.")
@click.option("--note", help="What people are told about it.")
@click.option(
    "--choice", "choices", multiple=True, metavar="NAME[=LABEL]", help="A choice; may be given several times."
)
@click.option("--default", help="The value of a new record that gives none.")
@click.option("--minimum", help="The smallest number that is allowed.")
@click.option("--maximum", help="The largest number, or the greatest length of a text.")
@click.option("--decimals", type=click.IntRange(0, 12), help="How many decimals are kept.")
@click.option("--required", is_flag=True, help="New records must have a value.")
@click.option("--searched", is_flag=True, help="Full-text search looks into it.")
@click.option("--privacy", type=click.Choice(PRIVACIES), default="normal", show_default=True, help="Who may see it.")
@click.pass_obj
def add(
    chosen: Chosen, /, *, entity: str, name: str, choices: tuple[str, ...], note: str | None, **options: Any
) -> None:
    """Define a field NAME of an ENTITY; it is there at once."""
    from crmkit.core.nouns.custom_fields import CustomField

    pairs = (each.partition("=") for each in choices)
    labels = {choice: label for choice, _equals, label in pairs}
    with chosen.session() as session:
        given = {**options, "help": note, "choices": labels or None}
        made = session.create(CustomField, entity=entity, name=name, **given)
        echo(_("{entity} has a field {name} now.", entity=made.entity, name=made.name))


@fields.command()
@click.argument("entity")
@click.argument("name")
@click.pass_obj
def hide(chosen: Chosen, *, entity: str, name: str) -> None:
    """Hide a field NAME of an ENTITY; its values are kept."""
    with chosen.session() as session:
        session.update(field_of(session, entity, name), active=False)
        echo(_("{entity}.{name} is hidden; its values are kept.", entity=entity, name=name))


@fields.command()
@click.argument("entity")
@click.argument("name")
@click.pass_obj
def unhide(chosen: Chosen, *, entity: str, name: str) -> None:
    """Bring a hidden field NAME of an ENTITY back, with its values."""
    with chosen.session() as session:
        session.update(field_of(session, entity, name), active=True)
        echo(_("{entity} has a field {name} now.", entity=entity, name=name))


@fields.command()
@click.argument("entity")
@click.argument("name")
@click.pass_obj
def index(chosen: Chosen, *, entity: str, name: str) -> None:
    """Make filters and sorting on a field NAME of an ENTITY fast."""
    chosen.database_crm.fields.index(entity, name, actor=chosen.actor)
    echo(_("{entity}.{name} has an index.", entity=entity, name=name))


@fields.command()
@click.argument("entity")
@click.argument("name")
@click.pass_obj
def promote(chosen: Chosen, *, entity: str, name: str) -> None:
    """Give a field NAME of an ENTITY columns of its own.

    Afterwards a plugin, or the edition, may declare the field, with the same name and kind.
    """
    chosen.database_crm.fields.promote(entity, name, actor=chosen.actor)
    echo(_("{entity}.{name} has columns of its own.", entity=entity, name=name))


@fields.command()
@click.argument("entity")
@click.argument("name")
@click.option("--destructive", is_flag=True, help="Agree to what would be deleted for good.")
@click.pass_obj
def purge(chosen: Chosen, *, entity: str, name: str, destructive: bool) -> None:
    """Delete a field NAME of an ENTITY for good, with all its values."""
    count = chosen.database_crm.fields.purge(entity, name, destructive=destructive, actor=chosen.actor)
    echo(
        ngettext(
            "{entity}.{name} is gone, with {count} value.",
            "{entity}.{name} is gone, with {count} values.",
            count,
            entity=entity,
            name=name,
        )
    )


def field_of(session: Session, entity: str, name: str) -> CustomField:
    """Return the definition of a field.

    Raises:
        UnknownNameError: if there is no such custom field.
    """
    from crmkit.core.assemble.model import known
    from crmkit.core.nouns.custom_fields import CustomField

    found = {each.name: each for each in session.find(CustomField, {"entity": session.model.entity(entity).name})}
    return known(found, name, _("custom field of {entity}", entity=entity))
