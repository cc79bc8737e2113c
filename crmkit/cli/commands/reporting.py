"""`crmkit report`: reports in every form that they have."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.language import asked_locale, echo
from crmkit.cli.output import print_json, print_table, print_texts, write_file
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.cli.chosen import Chosen
    from crmkit.core.assemble.model import Model
    from crmkit.core.declare.declarations import Parameter
    from crmkit.core.reading.reports.table import Table

FORMATS = ("text", "json", "csv", "html", "svg", "png", "xlsx")
BINARY = ("png", "xlsx")


@click.command()
@click.argument("name", required=False)
@click.argument("parameters", metavar="[PARAM=VALUE]...", nargs=-1)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="How it is written; by default as OUTPUT ends, or text."
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@click.pass_obj
def report(
    chosen: Chosen, *, name: str | None, parameters: tuple[str, ...], form: str | None, output: Path | None
) -> None:
    """Run a report, or list all reports.

    With --format json: {"title", "parameters", "columns", "rows", "total", "notes"}; numbers keep every digit.
    Without NAME: {"reports": [{"name", "label", "help", "provider", "parameters"}]}.
    """
    if name is None:
        list_reports(chosen.crm.model, form or "text")
        return
    from crmkit.cli.naming import assignments

    wanted = form or form_of(output)
    if wanted in BINARY and output is None and sys.stdout.isatty():
        raise click.UsageError(
            _("A report in the form {wanted} needs a file: --output {name}.{wanted}", wanted=wanted, name=name)
        )
    with chosen.session(readonly=True) as session:
        table = session.report(name, **assignments(parameters))
        conventions = session.model.conventions
    if wanted == "text" and output is None:
        print_table(table, conventions)
        return
    content = rendered(table, wanted, asked_locale() or conventions.locale, conventions.time_zone)
    if output is not None:
        write_file(output, content)
        echo(_("Wrote {output}.", output=output), err=True)
    else:
        click.echo(content, nl=isinstance(content, str) and not content.endswith("\n"))


def form_of(output: Path | None) -> str:
    """Return the form that a file's name asks for."""
    ending = output.suffix.removeprefix(".").lower() if output else ""
    return ending if ending in FORMATS else "text"


def rendered(table: Table, form: str, locale: str, time_zone: str) -> str | bytes:
    """Return a report in a form."""
    from crmkit.core.exchange.files.formulas import neutralise

    reader: dict[str, Any] = {"locale": locale, "time_zone": time_zone}
    forms: dict[str, Callable[[], str | bytes]] = {
        "text": lambda: table.to_text(**reader),
        "json": table.to_json,
        "csv": lambda: table.to_csv(neutralise=neutralise),
        "html": lambda: table.to_html(**reader),
        "svg": lambda: table.to_svg(**reader),
        "png": lambda: table.to_png(**reader),
        "xlsx": lambda: workbook(table, reader),
    }
    return forms[form]()


def workbook(table: Table, reader: Mapping[str, str]) -> bytes:
    """Return a report as a workbook."""
    from io import BytesIO

    written = BytesIO()
    table.to_xlsx(written, locale=reader["locale"], time_zone=reader["time_zone"])
    return written.getvalue()


def list_reports(model: Model, form: str) -> None:
    """List the reports of all plugins."""
    from crmkit.core.assemble.description import reports_of

    found = reports_of(model)
    if form == "json":
        print_json({"reports": found})
        return
    rows = [
        (each.name, each.help or each.label, "\n".join(map(parameter_words, each.parameters)))
        for each in model.reports.values()
    ]
    print_texts((_("Report"), _("What it shows"), _("Parameters")), rows, model.conventions)


def parameter_words(parameter: Parameter) -> str:
    """Return a parameter as it is typed, with its default or that it is required."""
    if parameter.default is not None:
        return f"{parameter.name}={parameter.default}"
    return f"{parameter.name}=({parameter.kind.name}{', required' if parameter.required else ''})"
