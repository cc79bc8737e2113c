"""Loading: plugins, declarations and editions that don't fit."""

from __future__ import annotations

from attrs import define

from crmkit.errors.root import CRMKitError, listed


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
        owner = f" (plugin {self.plugin!r})" if self.plugin else ""
        return f"{self.subject}{owner}: {self.problem}"


@define(kw_only=True, eq=False)
class ClashError(AssemblyError):
    """Two plugins say different things about one part of the model."""

    subject: str
    plugins: tuple[str, str]

    @property
    def message(self) -> str:
        """Name the part and both plugins."""
        first, second = self.plugins
        return (
            f"{self.subject} is declared differently by the plugins {first!r} and {second!r}. "
            "Rename it in one of them, or disable one."
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
        hint = f" Did you mean {self.nearest!r}?" if self.nearest else ""
        return (
            f"Plugin {self.plugin!r}, wanted by {self.wanted_by}, is not installed.{hint} "
            f"Installed: {listed(self.known)}. Install it, or take it off the list."
        )


@define(kw_only=True, eq=False)
class PluginCycleError(AssemblyError):
    """Plugins require each other in a circle."""

    plugins: tuple[str, ...]

    @property
    def message(self) -> str:
        """Show the circle."""
        return f"Plugins depend on each other in a circle: {' -> '.join(self.plugins)}. Remove one requirement."


@define(kw_only=True, eq=False)
class IncompatiblePluginError(AssemblyError):
    """A plugin does not fit the version of crmkit, or of a plugin it requires."""

    plugin: str
    needs: str
    found: str

    @property
    def message(self) -> str:
        """Say what the plugin needs and what is there."""
        return f"Plugin {self.plugin!r} needs {self.needs}, found {self.found}. Install fitting versions."


@define(kw_only=True, eq=False)
class PluginLoadError(AssemblyError):
    """A plugin's module can't be imported, or is not a plugin."""

    plugin: str
    problem: str

    @property
    def message(self) -> str:
        """Name the plugin and the problem."""
        return f"Plugin {self.plugin!r} can't be loaded: {self.problem}"


@define(kw_only=True, eq=False)
class EditionError(AssemblyError):
    """An edition file (`crmkit.toml`) says something that can't be understood; all problems at once."""

    path: str
    problems: tuple[str, ...]

    @property
    def message(self) -> str:
        """List every problem of the file."""
        return f"{self.path}: " + "; ".join(self.problems)
