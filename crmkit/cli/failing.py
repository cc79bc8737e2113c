"""Failing: what a user's mistake looks like on the screen, and which exit code it gives."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from crmkit.cli.language import say
from crmkit.cli.misuse import tell
from crmkit.translation import _, about, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSED, USAGE, DATABASE = 1, 2, 3
BUGS = ("no such table", "no such column", "syntax error")
"""What a database says when the statement is wrong, and not the database."""


@contextmanager
def failures(ctx: click.Context) -> Iterator[None]:
    """Turn errors that crmkit raises on purpose into their messages and an exit code; any other is a bug."""
    try:
        yield
    except click.UsageError as error:
        tell(error)
        ctx.exit(error.exit_code)
    except (click.exceptions.Exit, click.exceptions.Abort, click.ClickException):
        raise
    except Exception as error:
        from crmkit.errors import CRMKitError  # imported late: --help needs no attrs

        if isinstance(error, CRMKitError):
            complain(lines_of(error))
            ctx.exit(exit_code(error))
        trouble = database_trouble(error)
        if trouble is None:
            raise
        complain([_("The database can't be used: {trouble}. `crmkit doctor` may know more.", trouble=trouble)])
        ctx.exit(DATABASE)


def complain(lines: list[str]) -> None:
    """Write an error to the standard error."""
    first, *more = map(say, lines)
    click.echo(click.style(say(_("Error:")), fg="red") + " " + first, err=True)
    for line in more:
        click.echo(f"  {line}", err=True)


def lines_of(error: Exception) -> list[str]:
    """Return an error's message, with a line for every refusal or problem."""
    from crmkit.errors import EditionError, Refused

    if isinstance(error, EditionError):
        return [_("{path} can't be used.", path=error.path), *error.problems]
    if isinstance(error, Refused):
        owners = {each.plugin for each in error.refusals} - {"core", "edition"}
        return [
            _("This {entity} was refused; nothing was changed.", entity=error.entity),
            *(
                joined([about(each.path, each.text), *([f"[{each.plugin}]"] if each.plugin in owners else [])])
                for each in error.refusals
            ),
        ]
    return [str(error)]


def exit_code(error: Exception) -> int:
    """Return 2 for a wrong call, edition or plugin, 3 for a database that can't be used, 1 for a refusal."""
    from crmkit import errors
    from crmkit.cli.errors import NoSuchNameError, UsageProblem

    if isinstance(error, errors.DatabaseError):
        return DATABASE
    if isinstance(error, NoSuchNameError):
        return REFUSED
    wrong_calls = (
        errors.AssemblyError,
        errors.UnknownNameError,
        errors.FilterError,
        errors.UnknownActorError,
        errors.UnknownTenantError,
        errors.TenantNameError,
        errors.NoTenantsError,
        UsageProblem,
    )
    return USAGE if isinstance(error, wrong_calls) else REFUSED


def database_trouble(error: Exception) -> str | None:
    """Return the driver's words if the database itself failed: it is no database, locked, full, read-only or gone."""
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

    words = str(getattr(error, "orig", "")).strip()
    if isinstance(error, (OperationalError, InterfaceError)) and not any(bug in words for bug in BUGS):
        return words
    return words if isinstance(error, DatabaseError) and "not a database" in words else None
