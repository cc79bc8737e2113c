"""Commands that plugins declare, as commands of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from attrs import evolve

from crmkit.cli.language import echo, say
from crmkit.cli.naming import record_of, titled
from crmkit.cli.output import format_option, print_json, print_table
from crmkit.core.declare.declarations import Command
from crmkit.core.declare.kinds import AnyRefKind, ChoiceKind
from crmkit.core.declare.records import Record
from crmkit.errors import AccessDeniedError, Refused
from crmkit.translation import _, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.cli.chosen import Chosen
    from crmkit.core.assemble.model import Model
    from crmkit.core.declare.declarations import Parameter
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.lifecycle.session import Session


def commands(model: Model) -> Iterator[click.Command]:
    """Yield the declared commands."""
    for declared, plugin in model.of(Command):
        yield as_click(declared, plugin)


def as_click(declared: Command, plugin: str) -> click.Command:
    """Return a declared command as one of click's, each parameter an option; its help is in the language wanted."""

    @click.pass_obj
    def run(chosen: Chosen, /, form: str, **given: str | None) -> None:
        run_declared(chosen, declared, given, form)

    told = joined([declared.help, _("Added by the plugin {plugin}.", plugin=plugin)], "\n\n")
    made = click.command(name=declared.name, help=say(told))(format_option()(run))
    made.params[:0] = [option(each) for each in declared.parameters]
    return made


def option(parameter: Parameter) -> click.Option:
    """Return the option for a parameter; its value is read by the parameter's kind."""
    told = [parameter.help or _("{label}.", label=parameter.label)]
    if parameter.default is not None:
        told.append(_("Default: {default}.", default=parameter.kind.to_text(parameter.default)))
    return click.Option(
        [f"--{parameter.name.replace('_', '-')}", parameter.name],
        metavar=metavar(parameter),
        required=parameter.required,
        help=say(joined(told)),
    )


def metavar(parameter: Parameter) -> str:
    """Return what stands for the value in the help: the choices, or the name of the kind."""
    if isinstance(parameter.kind, ChoiceKind):
        return f"[{'|'.join(choice.name for choice in parameter.kind.choices)}]"
    return parameter.kind.name.upper()


def run_declared(chosen: Chosen, declared: Command, given: dict[str, str | None], form: str) -> None:
    """Run a declared command in a session, and print what it returns.

    Raises:
        AccessDeniedError: if the actor may not run it.
        Refused: if a parameter doesn't fit.
    """
    from crmkit.core.reading.reports.running import function_of, parameter_values

    with chosen.session() as session:
        principal = session.principal
        if not principal.may_run(declared):
            raise AccessDeniedError(
                action="run", entity=_("command {declared}", declared=declared.name), actor=principal.name
            )
        subject = _("command {declared}", declared=declared.name)
        try:
            named = {each.name: named_record(session, each.kind, given.get(each.name)) for each in declared.parameters}
            values = parameter_values(subject, declared.parameters, named, session.model.conventions)
            tell(session, function_of(declared.run)(session, **values), form)
        except Refused as refused:
            if {each.path for each in refused.refusals} <= {each.name for each in declared.parameters}:
                raise of_options(refused, subject) from refused
            raise


def named_record(session: Session, kind: Kind, text: str | None) -> object:
    """Return what is given for a parameter; for a record of any entity its reference, as it may be named, too."""
    return record_of(session, text).ref if text and isinstance(kind, AnyRefKind) else text


def of_options(refused: Refused, subject: str) -> Refused:
    """Return what a command refuses about its parameters as said about its options."""
    told = [evolve(each, path=f"--{each.path.replace('_', '-')}") for each in refused.refusals]
    return Refused(entity=subject, refusals=tuple(told))


def tell(session: Session, result: object, form: str) -> None:
    """Print a table, a record or a text."""
    from crmkit.cli.showing import record_answer
    from crmkit.core.reading.reports.table import Table

    if isinstance(result, Table):
        if form == "json":
            click.echo(result.to_json())
        else:
            print_table(result.speaking(session.model.languages), session.model.conventions)
    elif isinstance(result, Record):
        if form == "json":
            print_json(record_answer(session, result))
        else:
            click.echo(titled(session.model.entity(result), result))
    elif form == "json":
        print_json({"result": None if result is None else str(result)})
    elif result is not None:
        echo(result if isinstance(result, str) else str(result))
