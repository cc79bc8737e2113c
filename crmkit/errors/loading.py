"""Loading: plugins, declarations and editions that don't fit."""

from __future__ import annotations

from attrs import define

from crmkit.errors.root import CRMKitError, listed
from crmkit.translation import _, about, joined


class AssemblyError(CRMKitError):
    """Plugins or declarations don't fit together; nothing was loaded and no database was touched."""


@define(kw_only=True, eq=False)
class DeclarationError(AssemblyError):
    """One declaration is wrong in itself."""

    subject: str
    problem: str
    plugin: str | None = None

    @property
    def message(self) -> str:
        """Say which declaration of which plugin is wrong."""
        if self.plugin is None:
            return about(self.subject, self.problem)
        return _("{subject} (plugin {plugin!r}): {text}", subject=self.subject, plugin=self.plugin, text=self.problem)


@define(kw_only=True, eq=False)
class ClashError(AssemblyError):
    """Two plugins say different things about one part of the model."""

    subject: str
    plugins: tuple[str, str]

    @property
    def message(self) -> str:
        """Name the part and both plugins."""
        first, second = self.plugins
        return _(
            "{subject} is declared differently by the plugins {first!r} and {second!r}. "
            "Rename it in one of them, or disable one.",
            subject=self.subject,
            first=first,
            second=second,
        )


@define(kw_only=True, eq=False)
class UnknownPluginError(AssemblyError):
    """A plugin is asked for that is not installed."""

    plugin: str
    wanted_by: str
    known: tuple[str, ...]
    nearest: str | None = None

    @property
    def message(self) -> str:
        """Name the plugin, who wants it and what is installed."""
        told = _("Plugin {plugin!r}, wanted by {wisher}, is not installed.", plugin=self.plugin, wisher=self.wanted_by)
        hint = [_("Did you mean {name!r}?", name=self.nearest)] if self.nearest else []
        advice = _("Installed: {names}. Install it, or take it off the list.", names=listed(self.known))
        return joined([told, *hint, advice])


@define(kw_only=True, eq=False)
class PluginCycleError(AssemblyError):
    """Plugins require each other in a circle."""

    plugins: tuple[str, ...]

    @property
    def message(self) -> str:
        """Show the circle."""
        return _(
            "Plugins depend on each other in a circle: {plugins}. Remove one requirement.",
            plugins=" -> ".join(self.plugins),
        )


@define(kw_only=True, eq=False)
class IncompatiblePluginError(AssemblyError):
    """A plugin does not fit the version of crmkit, or of a plugin it requires."""

    plugin: str
    needs: str
    found: str

    @property
    def message(self) -> str:
        """Say what the plugin needs and what is there."""
        return _(
            "Plugin {plugin!r} needs {needed}, found {found}. Install fitting versions.",
            plugin=self.plugin,
            needed=self.needs,
            found=self.found,
        )


@define(kw_only=True, eq=False)
class PluginLoadError(AssemblyError):
    """A plugin's module can't be imported, or is not a plugin."""

    plugin: str
    problem: str

    @property
    def message(self) -> str:
        """Name the plugin and the problem."""
        return _("Plugin {plugin!r} can't be loaded: {problem}", plugin=self.plugin, problem=self.problem)


@define(kw_only=True, eq=False)
class EditionError(AssemblyError):
    """An edition file (`crmkit.toml`) says something that can't be understood; all problems at once."""

    path: str
    problems: tuple[str, ...]

    @property
    def message(self) -> str:
        """List every problem of the file."""
        return about(self.path, joined(self.problems, "; "))
