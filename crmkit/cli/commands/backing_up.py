"""`crmkit backup` and `crmkit restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.backup.manifest import Manifest


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@format_option()
@click.pass_obj
def backup(chosen: Chosen, *, file: Path, form: str) -> None:
    """Write everything that the CRM keeps into a new file.

    It is as it was at one moment, while others go on writing, and fits SQLite and PostgreSQL.

    With --format json: {"file", "at", "tables": {NAME: ROWS}}.
    """
    manifest = chosen.database_crm.backup(file)
    tell(file, manifest, form, _("Wrote {rows} rows of {tables} tables to {file}."))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="Replace what the database holds; it is deleted for good.")
@format_option()
@click.pass_obj
def restore(chosen: Chosen, *, file: Path, replace: bool, form: str) -> None:
    """Restore a backup into an empty database.

    The archive is verified before anything is written. A backup of older plugins needs `crmkit upgrade` afterwards.

    With --format json: {"file", "at", "tables": {NAME: ROWS}}.
    """
    manifest = chosen.database_crm.restore(file, replace=replace)
    tell(file, manifest, form, _("Restored {rows} rows of {tables} tables from {file}."))


def tell(file: Path, manifest: Manifest, form: str, template: str) -> None:
    """Say what was written or restored."""
    rows = {name: entry.rows for name, entry in manifest.tables.items()}
    if form == "json":
        print_json({"file": str(file), "at": manifest.at, "tables": rows})
    else:
        echo(_(template, rows=sum(rows.values()), tables=len(rows), file=file))
