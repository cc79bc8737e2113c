"""`crmkit privacy`: what there is of a person, and forgetting it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmkit.cli.language import echo, say
from crmkit.cli.output import format_option, print_json, print_texts
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.records import Record
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
        click.confirm(say(_("Erase all this? There is no way back.")), abort=True)
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
        echo(ngettext("Wrote {count} record to {file}.", "Wrote {count} records to {file}.", count, file=file))


@privacy.command()
@click.argument("person")
@click.option("--give", metavar="PURPOSE", help="Record that the person has agreed to this, now.")
@click.option("--withdraw", metavar="PURPOSE", help="Record that the person no longer agrees to this.")
@click.option("--source", help="How it was given: form, web, phone, letter, in_person, import or other.")
@click.option("--evidence", help="How it is known: a document, a sentence.")
@format_option()
@click.pass_obj
def consents(
    chosen: Chosen,
    /,
    *,
    person: str,
    give: str | None,
    withdraw: str | None,
    source: str | None,
    evidence: str | None,
    form: str,
) -> None:
    """List what a person has agreed to, and record consents and their withdrawal.

    With --format json: {"consents": [{"id", "purpose", "given_at", "expires_at", "withdrawn_at", "source"}]}.
    """
    with chosen.session(readonly=not (give or withdraw)) as session:
        ref = person_of(session, person)
        if withdraw:
            session.consents.withdraw(ref, withdraw)
        if give:
            session.consents.give(ref, give, source=source, evidence=evidence)
        rows = [row_of(each) for each in session.consents.of(ref)]
        conventions = session.model.conventions
    if form == "json":
        print_json({"consents": [dict(zip(SHOWN, row, strict=True)) for row in rows]})
        return
    headings = (_("Id"), _("Purpose"), _("Given"), _("Expires"), _("Withdrawn"), _("Source"))
    print_texts(headings, [["" if each is None else str(each) for each in row] for row in rows], conventions)


SHOWN = ("id", "purpose", "given_at", "expires_at", "withdrawn_at", "source")


def row_of(consent: Record) -> list[object]:
    """Return what is shown of a consent; moments in UTC."""
    values = dict(consent.items())
    shown = (values.get(name) for name in SHOWN)
    return [f"{each:%Y-%m-%dT%H:%M:%SZ}" if isinstance(each, datetime) else each for each in shown]


@privacy.command()
@format_option()
@click.pass_obj
def ungrounded(chosen: Chosen, /, *, form: str) -> None:
    """List sensitive values that rest on a consent which is missing, withdrawn or expired. Nothing is emptied.

    With --format json: {"records": [{"record", "persons", "fields"}]}.
    """
    with chosen.session(readonly=True) as session:
        found = list(session.consents.ungrounded())
        conventions = session.model.conventions
    if form == "json":
        rows = [
            {"record": str(e.record), "persons": list(map(str, e.persons)), "fields": list(e.fields)} for e in found
        ]
        print_json({"records": rows})
        return
    texts = [(str(each.record), ", ".join(map(str, each.persons)), ", ".join(each.fields)) for each in found]
    print_texts((_("Record"), _("Persons"), _("Fields")), texts, conventions)


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
