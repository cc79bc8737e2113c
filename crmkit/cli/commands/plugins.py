"""`crmkit plugins`: what is installed, enabled and stored, and what is to become of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from crmkit.cli.agreeing import lift_restrictions_option
from crmkit.cli.language import echo, say
from crmkit.cli.output import format_option, print_json, print_texts
from crmkit.translation import _, about

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit.app import CRM
    from crmkit.cli.chosen import Chosen
    from crmkit.core.assemble.plugins import Plugin
    from crmkit.core.upgrade.life import PluginState
    from crmkit.core.upgrade.plan import Plan

F = TypeVar("F", bound="Callable[..., object]")
SIGNS = {
    "add": ("+", "green"),
    "change": ("~", "yellow"),
    "hide": ("o", "cyan"),
    "lift": ("!", "red"),
    "drop": ("-", "red"),
}
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(invoke_without_command=True)
@format_option()
@click.pass_context
def plugins(ctx: click.Context, *, form: str) -> None:
    """List the plugins, and plan what is to become of them.

    The enabled ones come in their order, then those that are installed only.

    With --format json: {"plugins": [{"name", "enabled", "order", "version", "summary", "source"}]}.
    """
    if ctx.invoked_subcommand is None:
        list_plugins(ctx.obj, form)


def list_plugins(chosen: Chosen, form: str) -> None:
    """Print the plugins; the database isn't asked."""
    enabled = chosen.crm.model.plugins
    found = [row(each, order) for order, each in enumerate(enabled, start=1)]
    found += only_installed({each.name for each in enabled})
    if form == "json":
        print_json({"plugins": found})
        return
    rows = [
        (
            str(each["order"] or ""),
            str(each["name"]),
            str(each["version"]),
            _("yes") if each["enabled"] else _("no"),
            each["summary"] if isinstance(each["summary"], str) else "",
        )
        for each in found
    ]
    headings = (_("Order"), _("Plugin"), _("Version"), _("Enabled"), _("What it adds"))
    print_texts(headings, rows, chosen.crm.model.conventions)


def row(plugin: Plugin, order: int) -> dict[str, object]:
    """Return what is told of an enabled plugin."""
    return {
        "name": plugin.name,
        "enabled": True,
        "order": order,
        "version": plugin.manifest.version,
        "summary": plugin.manifest.summary,
        "source": plugin.source,
    }


def only_installed(enabled: set[str]) -> list[dict[str, object]]:
    """Return the plugins that are installed and not enabled; they are not imported, so their distribution speaks."""
    from crmkit.core.assemble.plugins import installed

    return [
        {
            "name": name,
            "enabled": False,
            "order": None,
            "version": entry.dist.version if entry.dist else "",
            "summary": str(entry.dist.metadata["Summary"] or "") if entry.dist else "",
            "source": entry.value,
        }
        for name, entry in sorted(installed().items())
        if name not in enabled
    ]


@plugins.command()
@format_option()
@click.pass_obj
def status(chosen: Chosen, *, form: str) -> None:
    """Say which plugins the database was made for, and how much each keeps in it.

    With --format json: {"plugins": [{"name", "state", "wished", "version", "rows"}]}; `state` is available, enabled or
    disabled, `rows` the number of records and values.
    """
    found = chosen.database_crm.plugins.list()
    if form == "json":
        print_json({"plugins": [state_json(each) for each in found]})
        return
    states = {"available": _("available"), "enabled": _("enabled"), "disabled": _("disabled")}
    rows = [
        (each.name, states[each.state], _("yes") if each.is_wished else _("no"), each.version, str(each.rows))
        for each in found
    ]
    headings = (_("Plugin"), _("In the database"), _("On the list"), _("Version"), _("Records and values"))
    print_texts(headings, rows, chosen.crm.model.conventions)


def state_json(state: PluginState) -> dict[str, object]:
    """Return the state of a plugin as JSON."""
    return {
        "name": state.name,
        "state": state.state,
        "wished": state.is_wished,
        "version": state.version,
        "rows": state.rows,
    }


@plugins.command()
@click.argument("name")
@click.option("--folder", type=FOLDER, help="Where to; by default crmkit-NAME here.")
def new(name: str, *, folder: Path | None) -> None:
    """Write a new plugin: a distribution with tests that pass, a README and translations."""
    from crmkit.cli.scaffold.writing import scaffold

    target = folder or Path(f"crmkit-{name.replace('_', '-')}")
    for each in scaffold(name, target):
        click.echo(f"  {each}")
    echo(about(_("Next"), f"cd {target} && pip install -e '.[test]' && pytest"))


def changes(function: F) -> F:
    """Give a command the options that say what would be changed."""
    for option in (
        click.option("--purge", "purged", multiple=True, metavar="NAME", help="Delete for good what a plugin keeps."),
        click.option("--disable", "disabled", multiple=True, metavar="NAME", help="Take a plugin off the list."),
        click.option("--enable", "enabled", multiple=True, metavar="NAME", help="Put a plugin on the list."),
    ):
        function = option(function)
    return function


@plugins.command()
@changes
@format_option()
@click.pass_obj
def plan(
    chosen: Chosen, *, enabled: tuple[str, ...], disabled: tuple[str, ...], purged: tuple[str, ...], form: str
) -> None:
    """Show what an upgrade would do, with other plugins on the list if asked; nothing is written.

    Signs: + adds, ~ changes, o hides, ! shows people what was kept from them, - deletes for good.

    With --format json: {"fingerprint", "destructive", "steps": [{"sort", "text", "plugin", "rows"}], "problems"}.
    """
    crm = changed(chosen, enabled, disabled)
    show(crm.plugins.plan(purge=purged), form)


@plugins.command()
@changes
@click.option("--destructive", is_flag=True, help="Deleting for good is meant.")
@lift_restrictions_option()
@click.option("--export", type=FOLDER, help="A folder into which what is purged is written first.")
@click.option("--plan", "fingerprint", metavar="FINGERPRINT", help="Only if the plan is still this one.")
@format_option()
@click.pass_obj
def apply(
    chosen: Chosen,
    *,
    enabled: tuple[str, ...],
    disabled: tuple[str, ...],
    purged: tuple[str, ...],
    destructive: bool,
    lift_restrictions: bool,
    export: Path | None,
    fingerprint: str | None,
    form: str,
) -> None:
    """Do what the plan shows, and write the list of plugins into the edition.

    With --format json: {"done": [TEXT, ...]}.
    """
    from crmkit.errors import StalePlanError

    crm = changed(chosen, enabled, disabled)
    made = crm.plugins.plan(purge=purged)
    if fingerprint is not None and not made.fingerprint.startswith(fingerprint):
        raise StalePlanError
    done = crm.plugins.apply(made, destructive=destructive, lift_restrictions=lift_restrictions, export=export)
    if enabled or disabled:
        keep_list(chosen, enabled, disabled)
    told(done, form)


@plugins.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@format_option()
@click.pass_obj
def enable(chosen: Chosen, *, names: tuple[str, ...], form: str) -> None:
    """Enable plugins: in the database, and on the edition's list.

    With --format json: {"done": [TEXT, ...]}.
    """
    crm = changed(chosen, names, ())
    done = crm.plugins.apply(crm.plugins.plan())
    keep_list(chosen, names, ())
    told(done, form)


@plugins.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@lift_restrictions_option()
@format_option()
@click.pass_obj
def disable(chosen: Chosen, *, names: tuple[str, ...], lift_restrictions: bool, form: str) -> None:
    """Disable plugins: what they keep is hidden, and there again when they are enabled.

    A plugin whose restrictions may hide records of others is disabled only with --lift-restrictions.

    With --format json: {"done": [TEXT, ...]}.
    """
    crm = changed(chosen, (), names)
    done = crm.plugins.apply(crm.plugins.plan(), lift_restrictions=lift_restrictions)
    keep_list(chosen, (), names)
    told(done, form)


@plugins.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--destructive", is_flag=True, help="Deleting for good is meant.")
@lift_restrictions_option()
@click.option("--export", type=FOLDER, help="A folder into which what is purged is written first.")
@format_option()
@click.pass_obj
def purge(
    chosen: Chosen,
    *,
    names: tuple[str, ...],
    destructive: bool,
    lift_restrictions: bool,
    export: Path | None,
    form: str,
) -> None:
    """Delete for good what disabled plugins keep; their code isn't needed.

    Of an enabled plugin, only what it no longer declares goes. Without --destructive, it shows what would be deleted.

    With --format json: {"done": [TEXT, ...]}.
    """
    crm = chosen.database_crm
    made = crm.plugins.plan(purge=names)
    if not destructive and made.is_destructive and form != "json":
        show(made, form)
    done = crm.plugins.apply(made, destructive=destructive, lift_restrictions=lift_restrictions, export=export)
    told(done, form)


def changed(chosen: Chosen, enabled: Iterable[str], disabled: Iterable[str]) -> CRM:
    """Return the CRM with other plugins on its list; the edition's file is left as it is.

    Raises:
        UsageError: if a tenant was chosen.
        UnknownNameError: if a plugin is to be taken off the list that isn't on it.
        AssemblyError: if the plugins don't fit together.
    """
    from crmkit.app import CRM
    from crmkit.cli.commands.modes import edition_of
    from crmkit.core.assemble.edition import Edition
    from crmkit.core.assemble.edition.edition import parsed

    wished, unwished = tuple(enabled), tuple(disabled)
    if not wished and not unwished:
        return chosen.database_crm
    if chosen.tenant is not None:
        text = _("All tenants have the plugins of the edition. Leave out --tenant, and then upgrade each tenant.")
        raise click.UsageError(text)
    path, listed = edition_of(chosen)
    given = dict(parsed(path))
    table = given.get("crm")
    given["crm"] = {**(table if isinstance(table, dict) else {}), "plugins": list_with(listed, wished, unwished)}
    edition = Edition.of(given, path, database=chosen.database)
    return CRM.of_edition(edition, plugins=chosen.plugins)


def list_with(listed: Iterable[str], enabled: Iterable[str], disabled: Iterable[str]) -> list[str]:
    """Return the list of plugins with some more and some less.

    Raises:
        UnknownNameError: if one is to be taken off that isn't on it.
    """
    from crmkit.core.assemble.model import known

    before = list(listed)
    for each in disabled:
        known(dict.fromkeys(before), each, _("plugin on the list"))
    return [each for each in dict.fromkeys([*before, *enabled]) if each not in set(disabled)]


def keep_list(chosen: Chosen, enabled: Iterable[str], disabled: Iterable[str]) -> None:
    """Write the list of plugins into the edition."""
    from crmkit.cli.commands.modes import edition_of
    from crmkit.cli.editing import set_plugins

    path, listed = edition_of(chosen)
    set_plugins(path, list_with(listed, enabled, disabled))


def show(made: Plan, form: str) -> None:
    """Print a plan."""
    if form == "json":
        print_json(made.as_json())
        return
    for each in made.steps:
        sign, color = SIGNS[each.sort]
        rows = "" if each.rows is None else f"  ({each.rows})"
        click.echo(f"{click.style(sign, fg=color)} {say(each.text)}{rows}")
    for problem in made.problems:
        echo(about(_("Problem"), problem), fg="red")
    if not made.steps:
        echo(_("There is nothing to do."))
    elif not made.problems:
        echo(about(_("Plan"), made.fingerprint[:12]))


def told(done: Iterable[str], form: str) -> None:
    """Print what was done."""
    lines = list(done)
    if form == "json":
        print_json({"done": [str(each) for each in lines]})
        return
    for each in lines:
        echo(each)
    if not lines:
        echo(_("There was nothing to do."))
