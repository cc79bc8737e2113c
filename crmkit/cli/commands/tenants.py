"""`crmkit tenants`: the tenants of a CRM, each with a database of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmkit.cli.agreeing import lift_restrictions_option
from crmkit.cli.calling import typed
from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json, print_texts
from crmkit.translation import _, about, joined, ngettext

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.tenants.life import Tenants
    from crmkit.core.tenants.upgrading import TenantUpgrade


@click.group(invoke_without_command=True)
@format_option()
@click.pass_context
def tenants(ctx: click.Context, *, form: str) -> None:
    """List the tenants, create, upgrade, suspend and drop them.

    Each is a CRM of the same plugins in a schema (PostgreSQL) or file (SQLite) of its own. All other commands work in
    one with `crmkit --tenant NAME ...`.

    With --format json: {"tenants": [{"name", "state", "location", "created_at", "changes"}]}; `state` is creating,
    active, suspended or dropping, `changes` what an upgrade is needed for.
    """
    if ctx.invoked_subcommand is None:
        list_tenants(ctx.obj, form)


def life(chosen: Chosen) -> Tenants:
    """Return what the commands work on: the tenants of the CRM itself."""
    if chosen.tenant is not None:
        raise click.UsageError(_("A tenant has no tenants: leave out --tenant, or unset CRMKIT_TENANT."))
    return chosen.home_crm.tenants


def list_tenants(chosen: Chosen, form: str) -> None:
    """Print the tenants."""
    found = life(chosen).list()
    if form == "json":
        rows = [
            {
                "name": each.name,
                "state": each.state,
                "location": each.location,
                "created_at": each.created_at.isoformat(),
                "changes": list(each.changes),
            }
            for each in found
        ]
        print_json({"tenants": rows})
        return
    states = {
        "creating": _("being created"),
        "active": _("active"),
        "suspended": _("suspended"),
        "dropping": _("being dropped"),
    }
    headings = (_("Tenant"), _("State"), _("Where it lives"), _("What needs an upgrade"))
    lines = [(each.name, states[each.state], each.location, joined(each.changes, "; ")) for each in found]
    print_texts(headings, lines, chosen.home_crm.model.conventions)


@tenants.command()
@click.argument("name")
@click.option("--admin", metavar="NAME", help="Make this user the tenant's first administrator.")
@format_option()
@click.pass_obj
def create(chosen: Chosen, *, name: str, admin: str | None, form: str) -> None:
    """Create a tenant, or finish a creation that was cut short.

    With --format json: {"name"}.
    """
    life(chosen).create(name, admin=admin)
    tell(name, form, _("Created the tenant {name}.", name=name))
    if admin is None and form == "text":
        again = typed(*chosen.edition_arguments, "--tenant", name, "upgrade", "--admin", "NAME")
        echo(_("There is no user yet. Make the first one: {again}", again=again))


@tenants.command()
@click.argument("name")
@format_option()
@click.pass_obj
def suspend(chosen: Chosen, *, name: str, form: str) -> None:
    """Let nobody work in a tenant from now on.

    With --format json: {"name"}.
    """
    life(chosen).suspend(name)
    tell(name, form, _("The tenant {name} is suspended.", name=name))


@tenants.command()
@click.argument("name")
@format_option()
@click.pass_obj
def resume(chosen: Chosen, *, name: str, form: str) -> None:
    """Let a suspended tenant be worked in again.

    With --format json: {"name"}.
    """
    life(chosen).resume(name)
    tell(name, form, _("The tenant {name} is active.", name=name))


@tenants.command()
@click.option("--parallel", type=click.IntRange(1, 64), default=2, show_default=True, help="How many at the same time.")
@lift_restrictions_option()
@format_option()
@click.pass_obj
def upgrade(chosen: Chosen, *, parallel: int, lift_restrictions: bool, form: str) -> None:
    """Upgrade all tenants; run again, it does what is left to do.

    Exit code: 1 if one could not be upgraded; the others are.

    With --format json: {"tenants": [{"name", "done": [TEXT, ...], "error"}]}.
    """
    found = life(chosen).upgrade_all(parallel=parallel, lift_restrictions=lift_restrictions)
    if form == "json":
        print_json({"tenants": [upgrade_json(each) for each in found]})
    else:
        for each in found:
            if each.error is not None:
                echo(about(each.name, _("failed: {problem}", problem=str(each.error))), err=True)
            elif each.done:
                echo(about(each.name, joined(each.done, "; ")))
        done = sum(each.error is None for each in found)
        echo(ngettext("{count} tenant is up to date.", "{count} tenants are up to date.", done))
    if any(each.error is not None for each in found):
        raise click.exceptions.Exit(1)


def upgrade_json(upgraded: TenantUpgrade) -> dict[str, object]:
    """Return what became of a tenant as JSON."""
    error = None if upgraded.error is None else str(upgraded.error)
    return {"name": upgraded.name, "done": list(upgraded.done), "error": error}


@tenants.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@format_option()
@click.pass_obj
def export(chosen: Chosen, *, name: str, file: Path, form: str) -> None:
    """Write everything that a tenant keeps into a new file, which `restore` brings back.

    With --format json: {"file", "at", "tables": {NAME: ROWS}}.
    """
    from crmkit.cli.commands.backing_up import tell as tell_backup

    tell_backup(file, life(chosen).export(name, file), form, _("Wrote {rows} rows of {tables} tables to {file}."))


@tenants.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="Replace what the tenant holds; it is deleted for good.")
@format_option()
@click.pass_obj
def restore(chosen: Chosen, *, name: str, file: Path, replace: bool, form: str) -> None:
    """Restore a backup as a new tenant, or in the place of one.

    With --format json: {"file", "at", "tables": {NAME: ROWS}}.
    """
    from crmkit.cli.commands.backing_up import tell as tell_backup

    manifest = life(chosen).restore(name, file, replace=replace)
    tell_backup(file, manifest, form, _("Restored {rows} rows of {tables} tables from {file}."))


@tenants.command()
@click.argument("name")
@click.option("--confirm", metavar="NAME", default="", help="The tenant's name once more.")
@format_option()
@click.pass_obj
def drop(chosen: Chosen, *, name: str, confirm: str, form: str) -> None:
    """Delete a tenant with all its data for good, or finish what was cut short.

    With --format json: {"name"}.
    """
    life(chosen).drop(name, confirm=confirm)
    tell(name, form, _("Dropped the tenant {name}.", name=name))


def tell(name: str, form: str, text: str) -> None:
    """Say what was done."""
    if form == "json":
        print_json({"name": name})
    else:
        echo(text)
