"""`crmkit doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.language import say
from crmkit.cli.output import format_option, print_json
from crmkit.translation import _, about

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen

SIGNS = {"ok": ("ok", "green"), "warning": ("!", "yellow"), "problem": ("x", "red")}


@click.command()
@format_option()
@click.pass_obj
def doctor(chosen: Chosen, *, form: str) -> None:
    """Check edition, plugins and database, and say what to do.

    Exit code: 0 if all is well or there are only warnings, 2 if edition or plugins are wrong, 3 if the database can't
    be used or needs an upgrade, 1 for other problems.

    With --format json: {"healthy", "checks": [{"name", "state", "text", "advice"}], "counts": {ENTITY: NUMBER}}.
    """
    from attrs import asdict

    from crmkit.cli.examining.examination import examine

    found = examine(chosen)
    if form == "json":
        checks = [asdict(each) for each in found.checks]
        print_json({"healthy": not found.exit_code, "checks": checks, "counts": found.counts})
    else:
        for each in found.checks:
            sign, color = SIGNS[each.state]
            click.echo(f"{click.style(f'{sign:>2}', fg=color)}  {say(about(each.name, each.text))}")
            if each.advice:
                click.echo(f"      {say(each.advice)}")
        filled = ", ".join(f"{number} {name}" for name, number in found.counts.items() if number)
        click.echo("    " + say(_("Records: {counts}", counts=filled or _("none"))))
    if found.exit_code:
        raise click.exceptions.Exit(found.exit_code)
