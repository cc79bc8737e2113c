"""The order of plugins: after everything they require and everything they come after."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from crmkit.core.assemble.plugins import requirement_name
from crmkit.errors import PluginCycleError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.plugins import Plugin


def in_order(plugins: Iterable[Plugin]) -> list[Plugin]:
    """Return the plugins, each after those it requires or comes after; else by name, the built-in ones first.

    The result depends on the plugins only, never on the order in which they were found.

    Raises:
        PluginCycleError: if they depend on each other in a circle.
    """
    by_name = {plugin.name: plugin for plugin in plugins}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, plugin in by_name.items():
        wanted = {requirement_name(each) for each in plugin.manifest.requires} | set(plugin.manifest.after)
        first = {"core"} - {name}
        last = set(by_name) - {name} if name == "edition" else set()
        sorter.add(name, *((wanted | first | last) & by_name.keys()))
    try:
        sorter.prepare()
    except CycleError as error:
        raise PluginCycleError(plugins=tuple(error.args[1])) from None
    ordered: list[Plugin] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += [by_name[name] for name in ready]
        sorter.done(*ready)
    return ordered
