"""`crmkit plugins`: what is installed and what is enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.output import format_option, print_json, print_texts
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.assemble.plugins import Plugin


@click.command()
@format_option()
@click.pass_obj
def plugins(chosen: Chosen, *, form: str) -> None:
    """List the plugins, enabled and installed.

    The enabled ones come in their order, then those that are installed only.

    With --format json: {"plugins": [{"name", "enabled", "order", "version", "summary", "source"}]}.
    """
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
            "yes" if each["enabled"] else "no",
            str(each["summary"]),
        )
        for each in found
    ]
    print_texts(
        (_("Order"), _("Plugin"), _("Version"), _("Enabled"), _("What it adds")), rows, chosen.crm.model.conventions
    )


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
