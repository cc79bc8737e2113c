"""Plugins: finding the wanted ones among entry points, files and modules, and loading only those."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from crmkit.core.declare.manifest import Manifest
from crmkit.core.declare.names import nearest
from crmkit.errors import (
    AssemblyError,
    ClashError,
    DeclarationError,
    IncompatiblePluginError,
    PluginLoadError,
    UnknownPluginError,
)
from crmkit.translation import _
from crmkit.translation.languages import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GROUP = "crmkit.plugins"


@frozen(kw_only=True, eq=False)
class Plugin:
    """A loaded plugin: its manifest, the modules or objects that hold its hooks, and where its translations lie."""

    manifest: Manifest
    hooks: tuple[object, ...]
    source: str = ""
    texts: Texts | None = None

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.manifest.name


def installed() -> Mapping[str, EntryPoint]:
    """Return the entry points of all installed plugins by name, without importing any.

    Raises:
        ClashError: if two distributions offer plugins of one name.
    """
    found: dict[str, EntryPoint] = {}
    for each in entry_points(group=GROUP):
        other = found.setdefault(each.name, each)
        if other.value != each.value:
            raise ClashError(subject=_("plugin {name!r}", name=each.name), plugins=(other.value, each.value))
    return found


def load_all(wished: Iterable[object], builtin: Iterable[Plugin] = (), wisher: str = "the list") -> list[Plugin]:
    """Load the wished plugins and those they require. Plugins that nobody wants are not even imported.

    A wish is the name of an installed plugin, the path of a `.py` file, a `Plugin`, or a module or object with hooks.

    Raises:
        AssemblyError: if a plugin is unknown, can't be loaded, comes twice or does not fit.
    """
    known = installed()
    loaded = {each.name: each for each in builtin}
    waiting = [(wish, wisher) for wish in wished]
    while waiting:
        wish, wanted_by = waiting.pop(0)
        if isinstance(wish, str) and requirement_name(wish) in loaded:
            continue
        plugin = load(wish, wanted_by, known)
        if plugin.name in loaded:
            raise ClashError(
                subject=_("plugin {plugin!r}", plugin=plugin.name), plugins=(loaded[plugin.name].source, plugin.source)
            )
        loaded[plugin.name] = plugin
        waiting += [(required, _("plugin {plugin!r}", plugin=plugin.name)) for required in plugin.manifest.requires]
    for plugin in loaded.values():
        check_versions(plugin, loaded)
    return [with_conditional_modules(plugin, loaded) for plugin in loaded.values()]


def load(wish: object, wanted_by: str, known: Mapping[str, EntryPoint]) -> Plugin:
    """Load one plugin."""
    if isinstance(wish, Plugin):
        return wish
    if not isinstance(wish, str) and not isinstance(wish, Path):
        return as_plugin(wish, getattr(wish, "__name__", type(wish).__name__), _("object {wish!r}", wish=wish))
    path = Path(wish)
    if path.suffix == ".py":
        return load_file(path)
    name = requirement_name(str(wish))
    if name not in known:
        raise UnknownPluginError(plugin=name, wanted_by=wanted_by, known=tuple(known), nearest=nearest(name, known))
    return load_entry_point(known[name])


def load_entry_point(found: EntryPoint) -> Plugin:
    """Import an installed plugin; its version is its distribution's."""
    try:
        module = found.load()
    except (Exception, SystemExit) as error:
        raise PluginLoadError(plugin=found.name, problem=f"{type(error).__name__}: {error}") from error
    plugin = as_plugin(module, found.name, found.value)
    if plugin.name != found.name:
        problem = _("its manifest calls it {plugin!r}; entry point and manifest must agree.", plugin=plugin.name)
        raise PluginLoadError(plugin=found.name, problem=problem)
    version = found.dist.version if found.dist else plugin.manifest.version
    return evolve(plugin, manifest=evolve(plugin.manifest, version=version))


def load_file(path: Path) -> Plugin:
    """Import a plugin that is a single file; without a manifest, its name is the file's."""
    if not path.is_file():
        raise PluginLoadError(plugin=str(path), problem=_("there is no such file."))
    name = re.sub(r"\W", "_", path.stem.lower())
    specification = importlib.util.spec_from_file_location(f"crmkit_file_{name}", path.resolve())
    if specification is None or specification.loader is None:
        raise PluginLoadError(plugin=str(path), problem=_("it is not a Python file."))
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    try:
        specification.loader.exec_module(module)
    except AssemblyError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginLoadError(plugin=str(path), problem=f"{type(error).__name__}: {error}") from error
    return as_plugin(module, name, str(path))


def as_plugin(holder: object, name: str, source: str) -> Plugin:
    """Return the plugin that a module or an object with hooks is."""
    manifest = getattr(holder, "manifest", None)
    if not isinstance(manifest, Manifest):
        try:
            manifest = Manifest(name=name.rpartition(".")[2].lower())
        except DeclarationError as error:
            raise PluginLoadError(
                plugin=name, problem=_("{error} Give it a manifest with a name.", error=error)
            ) from None
    if not any(attribute.startswith("crmkit_") for attribute in dir(holder)):
        raise PluginLoadError(
            plugin=manifest.name, problem=_("it has no hooks; a plugin has at least crmkit_declare().")
        )
    return Plugin(manifest=manifest, hooks=(holder,), source=source, texts=texts_of(holder))


def texts_of(holder: object) -> Texts | None:
    """Return where the translations of a module's plugin lie: in its package, or beside a module that is alone."""
    place = getattr(holder, "__file__", None)
    if not isinstance(holder, ModuleType) or place is None:
        return None
    package = holder.__name__.partition(".")[0]
    top = sys.modules.get(package)
    if top is not None and hasattr(top, "__path__"):
        return Texts(Path(next(iter(top.__path__))) / "locale", package)
    path = Path(place)
    return Texts(path.parent / "locale", path.stem)


def with_conditional_modules(plugin: Plugin, loaded: Mapping[str, Plugin]) -> Plugin:
    """Add the hook modules whose conditions hold."""
    modules = []
    for module, needed in plugin.manifest.when:
        if all(name in loaded for name in needed):
            try:
                modules.append(importlib.import_module(module))
            except (Exception, SystemExit) as error:
                problem = f"{module}: {type(error).__name__}: {error}"
                raise PluginLoadError(plugin=plugin.name, problem=problem) from error
    return evolve(plugin, hooks=(*plugin.hooks, *modules))


def check_versions(plugin: Plugin, loaded: Mapping[str, Plugin]) -> None:
    """Refuse a plugin that does not fit crmkit's version or that of a plugin it requires."""
    from crmkit.version import VERSION

    check_range(plugin, "crmkit", plugin.manifest.crmkit, VERSION)
    for required in plugin.manifest.requires:
        name = requirement_name(required)
        check_range(plugin, name, required[len(name) :].strip(), loaded[name].manifest.version)


def check_range(plugin: Plugin, name: str, wanted: str, version: str) -> None:
    """Refuse a version outside the wanted range (PEP 440)."""
    if not wanted:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        fits = SpecifierSet(wanted).contains(version, prereleases=True)
    except InvalidSpecifier:
        raise PluginLoadError(
            plugin=plugin.name, problem=_("{wanted!r} is not a range of versions.", wanted=wanted)
        ) from None
    if not fits:
        raise IncompatiblePluginError(plugin=plugin.name, needs=f"{name} {wanted}", found=version)


def requirement_name(requirement: str) -> str:
    """Return the name in a requirement such as `sales>=0.1`."""
    return re.split(r"[<>=!~ ]", requirement, maxsplit=1)[0]
