"""`crmkit audit` and `crmkit verify`: the change log sealed and read, and the whole database checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json, print_texts
from crmkit.translation import _, about, ngettext

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.lifecycle.trail import AuditEntry


@click.group()
def audit() -> None:
    """Read, export and seal the audit trail."""


@audit.command(name="list")
@click.option("--entity", metavar="ENTITY", help="Only records of this entity.")
@click.option("--actor", type=int, metavar="ID", help="Only what this user did.")
@click.option("--action", metavar="ACTION", help="Only actions of this sort, such as update or transfer.")
@click.option("--since", type=click.DateTime(), help="Only from this moment on, UTC.")
@click.option("--until", type=click.DateTime(), help="Only before this moment, UTC.")
@click.option("--after", type=int, default=0, metavar="NUMBER", help="Go on behind this entry.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@format_option()
@click.pass_obj
def list_(chosen: Chosen, /, *, limit: int, form: str, **wanted: object) -> None:
    """List the entries of the audit trail, oldest first.

    With --format json: {"entries": [{"number", "record", "version", "action", "at", "actor", "old", "new", "seal",
    "hash", "sealed_as"}]}.
    """
    with chosen.session(readonly=True) as session:
        found = list(session.audit.entries(limit=limit, **in_utc(wanted)))  # type: ignore[arg-type]
        conventions = session.model.conventions
    if form == "json":
        print_json({"entries": [entry_json(each) for each in found]})
        return
    rows = [
        (
            str(each.number),
            f"{each.at:%Y-%m-%d %H:%M:%S}",
            "" if each.actor is None else str(each.actor),
            each.action,
            str(each.record),
            ", ".join(each.new),
            "" if each.seal is None else str(each.seal),
        )
        for each in found
    ]
    headings = (_("Number"), _("When (UTC)"), _("User"), _("Action"), _("Record"), _("Fields"), _("Seal"))
    print_texts(headings, rows, conventions)


@audit.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--since", type=click.DateTime(), help="Only from this moment on, UTC.")
@click.option("--until", type=click.DateTime(), help="Only before this moment, UTC.")
@click.pass_obj
def export(chosen: Chosen, /, *, file: Path, **wanted: object) -> None:
    """Write the audit trail to a file, a line of JSON for every entry, with the hashes that its seals cover."""
    count = 0
    with chosen.session(readonly=True) as session, file.open("w", encoding="utf-8", newline="\n") as written:
        for each in session.audit.entries(**in_utc(wanted)):  # type: ignore[arg-type]
            written.write(json.dumps(entry_json(each), ensure_ascii=False) + "\n")
            count += 1
    echo(ngettext("Wrote {count} entry to {file}.", "Wrote {count} entries to {file}.", count, file=file))


@audit.command()
@click.pass_obj
def seal(chosen: Chosen) -> None:
    """Seal the changes since the last time, and print the end of the chain, to be noted elsewhere."""
    crm = chosen.database_crm
    count = crm.audit.seal()
    echo(about(ngettext("Sealed {count} change", "Sealed {count} changes", count), str(crm.audit.head())))


@click.command()
@click.option("--anchor", metavar="NUMBER:DIGEST", help="An end of the chain that was noted before.")
@format_option()
@click.pass_obj
def verify(chosen: Chosen, *, anchor: str | None, form: str) -> None:
    """Check everything in the database against everything else.

    Exit code 1 if something is wrong. With --format json: {"findings": [{"check", "plugin", "text"}]}.
    """
    found = chosen.database_crm.audit.verify(anchor)
    if form == "json":
        print_json({"findings": [{"check": each.check, "plugin": each.plugin, "text": each.text} for each in found]})
    else:
        for each in found:
            echo(about(f"{each.plugin}.{each.check}", each.text), fg="red")
        if not found:
            echo(_("All is well."))
    if found:
        raise click.exceptions.Exit(1)


def in_utc(wanted: dict[str, object]) -> dict[str, object]:
    """Return options whose moments are in UTC."""
    from datetime import UTC, datetime

    return {name: each.replace(tzinfo=UTC) if isinstance(each, datetime) else each for name, each in wanted.items()}


def entry_json(entry: AuditEntry) -> dict[str, object]:
    """Return an entry as JSON."""
    return {
        "number": entry.number,
        "record": str(entry.record),
        "version": entry.version,
        "action": entry.action,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "old": dict(entry.old),
        "new": dict(entry.new),
        "seal": entry.seal,
        "hash": entry.hash,
        "sealed_as": entry.sealed_as,
    }
