"""`crmkit import` and `crmkit export`: records from and to files."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crmkit.app import CRM
    from crmkit.cli.chosen import Chosen
    from crmkit.core.exchange.mapping import Mapping
    from crmkit.core.exchange.results import ImportResult
    from crmkit.core.exchange.reverting import RevertResult

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
NEW_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("import")
@click.argument("mapping", metavar="[MAPPING|FILE]", type=FILE, required=False)
@click.option("--from", "folder", type=FOLDER, help="The folder of the files; by default the mapping's.")
@click.option("--entity", help="What the rows of FILE are, if its columns are named as fields and there is no mapping.")
@click.option("--mode", type=click.Choice(["create", "update", "upsert"]), help="With --entity: what rows may do.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--errors", type=NEW_FOLDER, help="The folder for rows that can't be imported, to be corrected.")
@click.option("--anew", is_flag=True, help="Begin anew, even if an import of this mapping was interrupted.")
@click.option("--revert", type=int, metavar="ID", help="Take an earlier import back instead.")
@format_option()
@click.pass_obj
def import_(
    chosen: Chosen,
    *,
    mapping: Path | None,
    folder: Path | None,
    entity: str | None,
    mode: str | None,
    dry_run: bool,
    errors: Path | None,
    anew: bool,
    revert: int | None,
    form: str,
) -> None:
    """Import files as a mapping says, or take an import back.

    MAPPING is a .toml file; with --entity, FILE is an export or any file whose columns are named as fields.
    An import that was interrupted goes on where it stopped. Exit code 1 means that some rows were left out.
    """
    if (mapping is None) == (revert is None):
        raise click.UsageError(_("Say either a MAPPING or --revert ID."))
    crm = chosen.database_crm
    if revert is not None:
        from crmkit.core.exchange.reverting import revert_import

        tell(revert_import(crm, revert, actor=chosen.actor), form)
        return
    assert mapping is not None
    from crmkit.core.exchange.importing import run_import

    with shown_progress(form) as progress:
        result = run_import(
            crm,
            mapping=mapping if entity is None else generated(crm, mapping, entity, mode),
            folder=folder or mapping.parent,
            errors=errors,
            actor=chosen.actor,
            dry_run=dry_run,
            resume=False if anew else None,
            progress=progress,
        )
    tell(result, form)


def generated(crm: CRM, file: Path, entity: str, mode: str | None) -> Mapping:
    """Return the mapping of a file whose columns are named as fields."""
    from crmkit.core.exchange.generated import mapping_for
    from crmkit.core.lifecycle.opening import current_model

    return mapping_for(current_model(crm), [(file, entity)], mode=mode)


@contextmanager
def shown_progress(form: str) -> Iterator[Callable[[int, float], None] | None]:
    """Show a bar while an import runs, if a person is watching."""
    if form == "json" or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.fields[rows]:,} rows"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("import", total=1.0, rows=0)
        yield lambda rows, share: bar.update(task, completed=share, rows=rows)


@click.command()
@click.argument("entity")
@click.argument("file", type=FILE)
@click.argument("where", metavar="[FILTER]", required=False)
@click.option("--fields", metavar="PATHS", help="What to export, such as name,customer.name; by default everything.")
@click.option("--search", metavar="TEXT", help="Only what holds this text.")
@click.option("--order", metavar="PATHS", help="What to sort by, such as -amount,name; by default by id.")
@format_option()
@click.pass_obj
def export(
    chosen: Chosen,
    *,
    entity: str,
    file: Path,
    where: str | None,
    fields: str | None,
    search: str | None,
    order: str | None,
    form: str,
) -> None:
    """Export records to a file.

    FILE ends in .csv, .xlsx, .jsonl, or .vcf for contacts.
    """
    from crmkit.core.exchange.exporting import export as write

    paths = [each.strip() for each in fields.split(",")] if fields else None
    with chosen.session(readonly=True) as session:
        count = write(session, entity, file, where=where, fields=paths, search=search, order=order)
    if form == "json":
        print_json({"file": str(file), "records": count})
    else:
        echo(ngettext("Wrote {count} record to {file}.", "Wrote {count} records to {file}.", count, file=file))


def tell(outcome: ImportResult | RevertResult, form: str) -> None:
    """Print what happened; the exit code says whether rows were left out."""
    if form == "json":
        print_json(outcome.as_json())
    else:
        echo(outcome.message)
    if outcome.failed:
        raise click.exceptions.Exit(1)
