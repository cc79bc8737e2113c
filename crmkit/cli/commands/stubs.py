"""`crmkit stubs`: the types of the assembled model, written down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="crm_types.py")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if the files are out of date.")
@format_option()
@click.pass_obj
def stubs(chosen: Chosen, *, file: Path, check: bool, form: str) -> None:
    """Write the types of records and session, for editors and type checkers.

    Programs import CRM, Session and the entities from FILE instead of crmkit; they are the same at run time. A stub
    beside it has every field of every plugin, so that names and types of values are checked. Write both anew when
    plugins or the edition change.

    With --format json: {"files": [PATH, ...], "changed": BOOLEAN}.
    """
    from crmkit.cli.stubs.writing import outdated, write

    found = outdated(chosen.crm.model, file)
    if not check:
        write(found)
    if form == "json":
        print_json({"files": [str(file), str(file.with_suffix(".pyi"))], "changed": bool(found)})
    for each in found if form != "json" else ():
        echo(_("{file} is out of date.", file=each) if check else _("Wrote {file}.", file=each))
    if not found and form != "json":
        echo(_("The types are up to date."))
    if found and check:
        raise click.exceptions.Exit(1)
