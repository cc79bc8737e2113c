"""The help of crmkit's own commands, as sentences to translate; click keeps it as plain texts."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

from crmkit.translation.extraction import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADINGS = ("Options", "Commands", "Show this message and exit.", "Show the version and exit.")
"""What click itself says in a help."""


def help_sentences() -> set[Sentence]:
    """Return what --help says of all commands and their options."""
    from crmkit.cli.program import HOMES, program

    ctx = click.Context(program)
    commands = [program, *(program.get_command(ctx, name) for name in HOMES)]
    said = [text for command in commands if command for text in said_of(command)]
    return {Sentence(text) for text in (*HEADINGS, *said) if text}


def said_of(command: click.Command) -> Iterator[str]:
    """Yield what the help of a command says, and of those in it."""
    yield inspect.cleandoc(command.help or "").partition("\f")[0]
    for parameter in command.params:
        yield getattr(parameter, "help", None) or ""
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        yield each.get_short_help_str(limit=1000)
        yield from said_of(each)
