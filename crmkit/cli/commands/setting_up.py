"""`crmkit init` and `crmkit upgrade`: from nothing to a CRM that can be worked in."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crmkit.cli.agreeing import lift_restrictions_option
from crmkit.cli.calling import typed
from crmkit.cli.chosen import FILE, Chosen, system_user
from crmkit.cli.language import echo, say
from crmkit.cli.output import format_option, print_json
from crmkit.translation import _


def asked(value: str | None, question: str, default: str) -> str:
    """Return what was said by an option, else what is answered in a terminal, else the default."""
    if value is not None:
        return value
    return str(click.prompt(say(question), default=default)) if sys.stdin.isatty() else default


@click.command()
@click.option("--name", help="What the CRM is called.")
@click.option("--database", help="The database's URL, or env:NAME for the variable that holds it.")
@click.option("--plugins", help="The plugins, separated by commas.")
@click.option("--mode", "modes", multiple=True, metavar="MODE", help="A mode, as `crmkit modes` lists them.")
@click.option("--preset", metavar="PRESET", help="How far the firm has grown, as `crmkit modes preset` lists.")
@click.option("--currency", help="The base currency (ISO 4217).")
@click.option("--time-zone", help="The home time zone (IANA).")
@click.option("--locale", help="How dates and numbers are written, such as en or zh_Hans_CN.")
@click.pass_obj
def init(
    chosen: Chosen,
    *,
    name: str | None,
    database: str | None,
    plugins: str | None,
    modes: tuple[str, ...],
    preset: str | None,
    currency: str | None,
    time_zone: str | None,
    locale: str | None,
) -> None:
    """Write a crmkit.toml, the edition that describes a CRM.

    In a terminal, it asks for what no option says. It never overwrites a file.
    """
    from crmkit.cli.starting import check_free, write_edition
    from crmkit.cli.wishing import wished_plugins

    path = chosen.edition if chosen.edition_is_given and chosen.edition else Path(FILE)
    check_free(path)
    answers = {
        "name": asked(name, _("Name of the CRM"), path.resolve().parent.name or "CRM"),
        "database": asked(database or chosen.database, _("Database (URL)"), "sqlite:///crm.db"),
        "currency": asked(currency, _("Base currency"), "EUR"),
        "time_zone": asked(time_zone, _("Home time zone"), "UTC"),
        "locale": asked(locale, _("Locale"), "en"),
    }
    proposed = wished_plugins(chosen, modes, preset) if plugins is None or modes or preset else []
    more = asked(plugins, _("Plugins, separated by commas"), ",".join(proposed))
    wished = [name for each in more.split(",") for name in named(each.strip())]
    write_edition(path, answers, list(dict.fromkeys([*(proposed if plugins else ()), *wished, *chosen.plugins])))
    where = () if path.resolve() == Path(FILE).resolve() else ("--edition", str(path))
    echo(_("Wrote {path}. Next:", path=path))
    echo()
    click.echo("  " + typed(*where, "upgrade", "--admin", system_user()))
    click.echo("  " + typed(*where, "create", "customer", "name=Acme", "city=Paris"))
    click.echo("  " + typed(*where, "find", "customer"))


@click.command()
@click.option("--admin", metavar="NAME", help="Make this user an administrator: the host's or the system's user name.")
@lift_restrictions_option()
@format_option()
@click.pass_obj
def upgrade(chosen: Chosen, *, admin: str | None, lift_restrictions: bool, form: str) -> None:
    """Create the database's tables, or add what is missing.

    With --format json: {"done": [TEXT, ...]}.
    """
    done = chosen.database_crm.upgrade(admin=admin, lift_restrictions=lift_restrictions)
    if form == "json":
        print_json({"done": done})
        return
    for line in done:
        echo(line)
    echo(_("The database is up to date.") if done else _("There was nothing to do."))
    if not has_users(chosen):
        again = typed(*chosen.arguments, "upgrade", "--admin", system_user())
        echo(_("There is no user yet. Make the first one: {again}", again=again))


def has_users(chosen: Chosen) -> bool:
    """Return whether anybody can open a session."""
    from crmkit.core.nouns.people import User
    from crmkit.core.reading.permission import SYSTEM

    with chosen.database_crm.session(actor=SYSTEM, readonly=True) as session:
        return session.count(User, "active") > 0


def named(text: str) -> list[str]:
    """Return the plugins that a text names: a path, or names that spaces are between."""
    is_path = "/" in text or text.endswith(".py")
    return [text] if is_path else text.split()
