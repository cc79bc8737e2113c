"""Hook calls: which function of which plugin is called for a hook, in the plugins' order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy
from attrs import frozen

from crmkit.core.declare import hooks
from crmkit.core.declare.names import nearest
from crmkit.errors import PluginLoadError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit.core.assemble.plugins import Plugin

PREFIX = "crmkit_"
HOOKS = tuple(name for name in vars(hooks) if name.startswith(PREFIX))


@frozen
class HookCall:
    """One plugin's implementation of a hook."""

    plugin: str
    function: Callable[..., object]
    arguments: tuple[str, ...]
    label: str = ""

    def __call__(self, **given: object) -> object:
        """Call the implementation with those arguments that it asks for."""
        return self.function(**{name: given[name] for name in self.arguments})


def hook_calls(plugins: Iterable[Plugin]) -> dict[str, tuple[HookCall, ...]]:
    """Return, for every hook, its implementations in the order of the plugins.

    Raises:
        PluginLoadError: if a plugin implements a hook that doesn't exist, or asks for arguments it doesn't have.
    """
    manager = pluggy.PluginManager("crmkit")
    manager.add_hookspecs(hooks)
    for plugin in plugins:
        for position, holder in enumerate(plugin.hooks):
            check_marked(plugin, holder)
            register(manager, plugin, holder, f"{plugin.name}:{position}")
    return {name: tuple(calls_of(manager, name)) for name in HOOKS}


def register(manager: pluggy.PluginManager, plugin: Plugin, holder: object, name: str) -> None:
    """Register one module or object, turning pluggy's refusals into ours."""
    try:
        manager.register(holder, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginLoadError(plugin=plugin.name, problem=str(error).replace("\n", " ")) from None


def check_marked(plugin: Plugin, holder: object) -> None:
    """Refuse what looks like a hook but would silently never be called."""
    for name in dir(holder):
        function = getattr(holder, name, None)
        if not name.startswith(PREFIX) or not callable(function):
            continue
        if name not in HOOKS:
            close = nearest(name, HOOKS)
            hint = _(" Did you mean {close}?", close=close) if close else ""
            raise PluginLoadError(
                plugin=plugin.name, problem=_("there is no hook {name!r}.{hint}", name=name, hint=hint)
            )
        if not hasattr(function, "crmkit_impl"):
            raise PluginLoadError(plugin=plugin.name, problem=_("{name} is not marked with @hookimpl.", name=name))


def calls_of(manager: pluggy.PluginManager, name: str) -> Iterable[HookCall]:
    """Yield the implementations of a hook in the order in which they were registered."""
    for each in getattr(manager.hook, name).get_hookimpls():
        plugin = each.plugin_name.partition(":")[0]
        yield HookCall(plugin, each.function, tuple(each.argnames), f"{plugin}.{name}")
