"""Misuse: a command line that can't be read, told in the language of the person at the terminal."""

from __future__ import annotations

import re

import click

from crmkit.cli.language import say
from crmkit.translation import Text, _, joined

MISSING = {"argument": _("Missing argument {name}."), "option": _("Missing option {name}.")}
VALUES = (
    (re.compile(r"(?P<value>.+) is not one of (?P<names>.+)\."), _("{value} is not one of {names}.")),
    (re.compile(r"(?P<value>.+) is not in the range (?P<range>.+)\."), _("{value} is not in the range {range}.")),
    (re.compile(r"(?P<value>.+) is not a valid (?P<kind>.+)\."), _("{value} is not a valid {kind}.")),
    (re.compile(r"(?P<sort>\S+) (?P<path>'.+') does not exist\."), _("{sort} {path} does not exist.")),
    (re.compile(r"(?P<sort>\S+) (?P<path>'.+') is a directory\."), _("{sort} {path} is a directory.")),
)
"""What click says about values, which it gives as ready sentences."""


def tell(error: click.UsageError) -> None:
    """Write to the standard error what is wrong with a command line, and where help is."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    if error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        command = f"{error.ctx.command_path} --help"
        click.echo(say(_("Try '{command}' for help.", command=command)) + "\n", err=True)
    click.echo(say(_("Error: {problem}", problem=problem(error))), err=True)


def problem(error: click.UsageError) -> str:
    """Return what is wrong as a text."""
    if isinstance(error, click.MissingParameter) and error.param is not None and not error.message:
        template = MISSING.get(error.param.param_type_name)
        extra = error.param.type.get_missing_message(param=error.param, ctx=error.ctx)
        if template is not None and not extra:
            return Text(template, name=error.param.get_error_hint(error.ctx))
    elif isinstance(error, click.NoSuchOption):
        close = ", ".join(map(repr, error.possibilities or ()))
        told = _("No such option {name!r}.", name=error.option_name)
        return joined([told, _("Did you mean {name}?", name=close)]) if close else told
    elif isinstance(error, click.BadParameter) and error.param is not None:
        name = error.param.get_error_hint(error.ctx)
        return _("Invalid value for {name}: {problem}", name=name, problem=value_problem(error.message))
    return error.message if isinstance(error.message, Text) else error.format_message()


def value_problem(message: str) -> str:
    """Return click's sentence about a value as a text, if it is one of those that are known."""
    if not isinstance(message, Text):
        for pattern, template in VALUES:
            found = pattern.fullmatch(message)
            if found:
                return Text(template, **found.groupdict())
    return message
