"""Output: tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, TypeVar

import click

from crmkit.cli.language import asked_locale, say, spoken_languages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.reading.reports.table import Table

F = TypeVar("F", bound="Callable[..., object]")

TEXT, JSON = "text", "json"


def format_option(*formats: str) -> Callable[[F], F]:
    """Give a command the option --format."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats or (TEXT, JSON)),
        default=TEXT,
        show_default=True,
        help="How the answer is written.",
    )


def print_json(value: object) -> None:
    """Print JSON: exact numbers are texts, dates and times ISO 8601."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(table: Table, conventions: Conventions) -> None:
    """Print a table, as wide as the terminal, or as wide as it needs if it goes elsewhere."""
    in_terminal = sys.stdout.isatty()
    shown = table.to_text(
        width=shutil.get_terminal_size().columns if in_terminal else None,
        color=in_terminal and not os.environ.get("NO_COLOR"),
        locale=asked_locale() or conventions.locale,
        time_zone=conventions.time_zone,
    )
    click.echo(shown, nl=False)


def print_texts(headings: Sequence[str], rows: Iterable[Sequence[str]], conventions: Conventions) -> None:
    """Print rows of texts as a table."""
    from crmkit.core.reading.reports.table import Column, Table

    columns = [Column(f"c{position}", heading) for position, heading in enumerate(headings)]
    print_table(Table(columns, rows).speaking(spoken_languages()), conventions)


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print labels with their values, a line each; longer values continue below."""
    from rich.cells import cell_len  # a Chinese character is two columns wide

    from crmkit.core.reading.reports.display import one_line

    listed = [(one_line(say(label)), say(value).split("\n")) for label, value in pairs]
    width = max((cell_len(label) for label, _ in listed), default=0)
    for label, (first, *more) in listed:
        click.echo(f"{label}{' ' * (width - cell_len(label))}  {one_line(first)}".rstrip())
        for line in more:
            click.echo(f"{'':<{width}}  {one_line(line)}".rstrip())


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file.

    Raises:
        OutputError: if the system refuses.
    """
    from crmkit.cli.errors import OutputError

    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise OutputError(path=str(path), problem=error.strerror or str(error)) from error
