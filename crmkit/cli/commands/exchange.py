"""`crmkit import` and `crmkit export`: records from and to files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import click

from crmkit.cli.output import format_option, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.cli.chosen import Chosen

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


class Outcome(Protocol):
    """What the exchange layer answers."""

    @property
    def message(self) -> str:
        """What happened, as a person reads it."""

    @property
    def failed(self) -> int:
        """How many rows were left out."""

    def as_json(self) -> dict[str, object]:
        """Return the same as JSON."""


@click.command("import")
@click.argument("mapping", type=FILE, required=False)
@click.option("--from", "folder", type=FOLDER, help="The folder of the files; by default the mapping's.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--errors", type=FILE, help="Where rows that can't be imported are written, to be corrected.")
@click.option("--revert", type=int, metavar="ID", help="Take an earlier import back instead.")
@format_option()
@click.pass_obj
def import_(
    chosen: Chosen,
    *,
    mapping: Path | None,
    folder: Path | None,
    dry_run: bool,
    errors: Path | None,
    revert: int | None,
    form: str,
) -> None:
    """Import files as a mapping says, or take an import back.

    MAPPING is a .toml file. An import that was interrupted goes on where it stopped. Exit code 1 means that some rows
    were left out.
    """
    if (mapping is None) == (revert is None):
        raise click.UsageError("Say either a MAPPING or --revert ID.")
    crm = chosen.database_crm
    if revert is not None:
        outcome = exchange("importing:revert_import")(crm, number=revert, actor=chosen.actor)
    else:
        outcome = exchange("importing:run_import")(
            crm,
            mapping=mapping,
            folder=folder,
            errors=errors,
            actor=chosen.actor,
            dry_run=dry_run,
            resume=True,
            progress=form == "text",
        )
    tell(outcome, form)


@click.command()
@click.argument("entity")
@click.argument("file", type=FILE)
@click.argument("where", metavar="[FILTER]", required=False)
@click.option("--fields", metavar="PATHS", help="What to export, such as name,customer.name; by default everything.")
@format_option()
@click.pass_obj
def export(chosen: Chosen, *, entity: str, file: Path, where: str | None, fields: str | None, form: str) -> None:
    """Export records to a file.

    FILE ends in .csv, .xlsx, .jsonl, or .vcf for contacts.
    """
    paths = [each.strip() for each in fields.split(",")] if fields else None
    with chosen.session(readonly=True) as session:
        found = session.model.entity(entity)
        tell(exchange("exporting:export")(session, found.name, file, where=where, fields=paths), form)


def exchange(home: str) -> Callable[..., Outcome]:
    """Return a function of the exchange layer, imported now."""
    from crmkit.core.reading.reports.running import function_of

    return cast("Callable[..., Outcome]", function_of(f"crmkit.core.exchange.{home}"))


def tell(outcome: Outcome, form: str) -> None:
    """Print what happened; the exit code says whether rows were left out."""
    if form == "json":
        print_json(outcome.as_json())
    else:
        click.echo(outcome.message)
    if outcome.failed:
        raise click.exceptions.Exit(1)
