"""Misuse: a command line that can't be read, told in the language of the person at the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from crmkit.cli.language import say
from crmkit.translation import Text, _, joined

if TYPE_CHECKING:
    from collections.abc import Iterable

MISSING = {"argument": _("Missing argument {name}."), "option": _("Missing option {name}.")}
VALUES = (
    (re.compile(r"(?P<value>.+) is not one of (?P<names>.+)\."), _("{value} is not one of {names}.")),
    (re.compile(r"(?P<value>.+) is not in the range (?P<range>.+)\."), _("{value} is not in the range {range}.")),
    (re.compile(r"(?P<value>.+) is not a valid (?P<kind>.+)\."), _("{value} is not a valid {kind}.")),
    (re.compile(r"(?P<sort>\S+) (?P<path>'.+') does not exist\."), _("{sort} {path} does not exist.")),
    (re.compile(r"(?P<sort>\S+) (?P<path>'.+') is a directory\."), _("{sort} {path} is a directory.")),
)
"""What click says about values, which it gives as ready sentences."""
CALLS = (
    (re.compile(r"No such command (?P<name>'.+?')\."), _("There is no command {name}.")),
    (re.compile(r"Option (?P<name>'.+?') requires an argument\."), _("{name} needs a value behind it.")),
    (re.compile(r"Option (?P<name>'.+?') does not take a value\."), _("{name} takes no value.")),
    (re.compile(r"Got unexpected extra arguments? \((?P<words>.+)\)", re.DOTALL), _("{words} is too much here.")),
    (re.compile(r"Missing command\."), _("Say which command.")),
)
"""What click says about a whole call."""


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
        return with_close(_("No such option {name!r}.", name=error.option_name), error)
    elif isinstance(error, click.BadParameter) and error.param is not None:
        name = error.param.get_error_hint(error.ctx)
        return _("Invalid value for {name}: {problem}", name=name, problem=known(error.message, VALUES))
    return with_close(known(error.message or error.format_message(), CALLS), error)


def with_close(told: str, error: click.UsageError) -> str:
    """Return what is told with what may have been meant, if click has found something."""
    close = ", ".join(map(repr, getattr(error, "possibilities", None) or ()))
    return joined([told, _("Did you mean {name}?", name=close)]) if close else told


def known(message: str, sentences: Iterable[tuple[re.Pattern[str], Text]]) -> str:
    """Return one of click's sentences as a text, if it is one of those that are known."""
    if not isinstance(message, Text):
        for pattern, template in sentences:
            found = pattern.fullmatch(message)
            if found:
                return Text(template, **found.groupdict())
    return message
