"""`crmkit privacy`: what there is of a person, and forgetting it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json, print_texts
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.privacy.planning import ErasurePlan
    from crmkit.core.lifecycle.session import Session


@click.group()
def privacy() -> None:
    """Tell what there is of a person, plan what is erased, and erase it."""


@privacy.command()
@click.argument("person")
@format_option()
@click.pass_obj
def plan(chosen: Chosen, /, *, person: str, form: str) -> None:
    """Say what would be blanked, deleted and kept if a person were erased, and why.

    PERSON is like contact:5, or contact:Ann if only one has that name; a deleted one is named by its id.

    With --format json: {"person", "merged", "steps": [{"entity", "fate", "records", "fields", "reason"}], "problems"}.
    """
    with chosen.session(readonly=True) as session:
        found = session.erasure_plan(person_of(session, person))
        conventions = session.model.conventions
    show(found, form, conventions)


@privacy.command()
@click.argument("person")
@click.option("--reason", required=True, help="Why, without naming the person: it stays in the audit trail.")
@click.option("--yes", is_flag=True, help="Don't ask. There is no way back.")
@format_option()
@click.pass_obj
def erase(chosen: Chosen, /, *, person: str, reason: str, yes: bool, form: str) -> None:
    """Erase a person for good, with all that is personal about it; the books stay as they are.

    What was erased is taken out of the database's files, too. Backups that were made before still hold it.
    """
    with chosen.session(readonly=True) as session:
        found = session.erasure_plan(person_of(session, person))
        conventions = session.model.conventions
    if not yes:
        show(found, "text", conventions)
        click.confirm(_("Erase all this? There is no way back."), abort=True)
    with chosen.session() as session:
        done = session.erase(found.person, reason=reason)
    chosen.database_crm.compact()
    if form == "json":
        print_json(done.as_json())
    else:
        echo(_("{person} is erased. Backups made before still hold it.", person=done.person))


@privacy.command()
@click.argument("person")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--reason", default="", help="Why, for the audit trail.")
@format_option()
@click.pass_obj
def export(chosen: Chosen, /, *, person: str, file: Path, reason: str, form: str) -> None:
    """Write all that is known about a person to a JSON file, to be handed to that person.

    With --format json, the answer is {"file", "records"}.
    """
    from crmkit.core.exchange.persons import export_person

    with chosen.session() as session:
        count = export_person(session, person_of(session, person), file, reason=reason)
    if form == "json":
        print_json({"file": str(file), "records": count})
    else:
        echo(_("Wrote {count} records to {file}.", count=count, file=file))


def person_of(session: Session, text: str) -> Ref[object]:
    """Return the person that a text names; an id is enough for one that was deleted."""
    from crmkit.cli.naming import ID, record_of, referring

    name, _colon, which = text.partition(":")
    if ID.match(which):
        return referring(session.model.entity(name), int(which))
    return record_of(session, text).ref


def show(plan: ErasurePlan, form: str, conventions: Conventions) -> None:
    """Print a plan."""
    if form == "json":
        print_json(plan.as_json())
        return
    fates = {"person": _("empty"), "blank": _("empty"), "delete": _("empty and delete"), "keep": _("keep")}
    rows = [
        (fates[each.fate], each.entity, str(len(each.records)), ", ".join(each.fields), each.reason)
        for each in plan.steps
    ]
    print_texts((_("What"), _("Entity"), _("Records"), _("Fields"), _("Why")), rows, conventions)
    if plan.merged:
        count = len(plan.merged)
        echo(ngettext("{count} record was merged into it.", "{count} records were merged into it.", count))
    for problem in plan.problems:
        echo(problem, fg="red")
