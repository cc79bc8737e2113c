"""The registry of modes: those that are installed or enabled, which of them suit a firm, and what presets hold."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.assemble.model import known
from crmkit.core.declare.declarations import Report
from crmkit.core.declare.modes import Mode, Preset, Question
from crmkit.errors import PluginLoadError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.assemble.model import Model

GROUP = "crmkit.modes"
MOST_SUGGESTED = 2


@frozen(kw_only=True)
class ModeState:
    """A mode, and whether its plugin is enabled."""

    mode: Mode
    plugin: str
    is_enabled: bool


@frozen(kw_only=True)
class Brought:
    """What the plugin of a mode brings: names of stages with their pipelines, fields with their entities, reports."""

    needs: tuple[str, ...]
    entities: tuple[str, ...]
    fields: tuple[str, ...]
    stages: tuple[str, ...]
    reports: tuple[str, ...]


def modes(model: Model) -> Mapping[str, ModeState]:
    """Return the modes that are enabled, then those that are installed, by name; only their declarations are imported.

    An installed mode is an entry point of the group `crmkit.modes` that names a `Mode`.

    Raises:
        PluginLoadError: if an entry point can't be imported, or is no mode.
    """
    found = {mode.name: ModeState(mode=mode, plugin=plugin, is_enabled=True) for mode, plugin in model.of(Mode)}
    for entry in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        if entry.name not in found:
            found[entry.name] = ModeState(mode=load(entry.name, entry.load), plugin=entry.name, is_enabled=False)
    return found


def load(name: str, loader: object) -> Mode:
    """Return the mode that an entry point names."""
    try:
        mode = loader()  # type: ignore[operator]
    except (Exception, SystemExit) as error:
        raise PluginLoadError(plugin=name, problem=f"{type(error).__name__}: {error}") from error
    if not isinstance(mode, Mode) or mode.name != name:
        problem = _("its entry point in {group} must name a Mode called {name!r}.", group=GROUP, name=name)
        raise PluginLoadError(plugin=name, problem=problem)
    return mode


def brought(model: Model, plugin: str) -> Brought:
    """Return what an enabled plugin brings, read off the model."""
    manifest = next(each.manifest for each in model.plugins if each.name == plugin)
    return Brought(
        needs=manifest.requires,
        entities=tuple(each.name for each in model.entities.values() if each.provider == plugin),
        fields=tuple(
            f"{entity.name}.{each.name}"
            for entity in model.entities.values()
            for each in entity.writable.values()
            if each.provider == plugin and entity.provider != plugin
        ),
        stages=tuple(
            f"{pipeline.name}.{each.name}"
            for pipeline in model.pipelines.values()
            for each in pipeline.stages
            if each.provider == plugin
        ),
        reports=tuple(each.name for each, provider in model.of(Report) if provider == plugin),
    )


def suggested(found: Mapping[str, ModeState], answers: Mapping[str, str]) -> list[tuple[ModeState, int]]:
    """Return the modes that the answers speak for, the strongest first, at most two, each with its weight.

    The second is only named if the answers speak at least half as strongly for it as for the first.
    """
    weighed = [(each, each.mode.weight(answers)) for each in found.values()]
    ranked = sorted((each for each in weighed if each[1] > 0), key=lambda each: (-each[1], each[0].mode.name))
    return [each for each in ranked if each[1] * 2 >= ranked[0][1]][:MOST_SUGGESTED]


def questions(model: Model) -> Mapping[str, Question]:
    """Return the questions about a firm, by name."""
    return {each.name: each for each, _plugin in model.of(Question)}


def presets(model: Model) -> Mapping[str, Preset]:
    """Return the presets by name, an earlier one before those that follow it."""
    return {each.name: each for each, _plugin in model.of(Preset)}


def plugins_of(found: Mapping[str, Preset], name: str) -> list[str]:
    """Return the names of all plugins of a preset, those of the presets before it first.

    Raises:
        UnknownNameError: if there is no such preset.
    """
    preset = known(found, name, _("preset"))
    before = plugins_of(found, preset.follows) if preset.follows else []
    return list(dict.fromkeys([*before, *preset.plugins]))
