"""Assembly: the one place where the contributions of plugins meet."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve

from crmkit.core.assemble.calls import hook_calls
from crmkit.core.assemble.checks import check_model
from crmkit.core.assemble.entities import assemble_entities
from crmkit.core.assemble.model import Model, Part
from crmkit.core.assemble.order import in_order
from crmkit.core.assemble.pipelines import assemble_pipelines
from crmkit.core.declare.access import Role
from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.declarations import Command, Event, Report, Setting
from crmkit.core.declare.names import nearest
from crmkit.errors import AssemblyError, ClashError, DeclarationError, InvalidValue, PluginLoadError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.assemble.calls import HookCall
    from crmkit.core.assemble.plugins import Plugin

T = TypeVar("T", Report, Role, Command, Event, Setting)


def assemble(
    plugins: Iterable[Plugin], *, conventions: Conventions | None = None, settings: Mapping[str, object] | None = None
) -> Model:
    """Assemble loaded plugins into a Model.

    Raises:
        AssemblyError: if they don't fit together; the message names every plugin concerned.
    """
    ordered = in_order(plugins)
    hooks = hook_calls(ordered)
    parts = tuple(part for call in hooks["crmkit_declare"] for part in declared_by(call))
    conventions = conventions or Conventions()
    declared_settings = named(parts, Setting)
    values = setting_values(declared_settings, settings or {}, conventions)
    entities = assemble_entities(parts, pinyin=bool(values.get("pinyin_search")))
    pipelines = assemble_pipelines(parts)
    model = Model(
        plugins=tuple(ordered),
        parts=parts,
        entities=MappingProxyType(entities),
        pipelines=MappingProxyType(pipelines),
        hooks=MappingProxyType(hooks),
        reports=MappingProxyType(named(parts, Report)),
        roles=MappingProxyType(named(parts, Role)),
        commands=MappingProxyType(named(parts, Command)),
        events=MappingProxyType(named(parts, Event)),
        settings=MappingProxyType(declared_settings),
        values=MappingProxyType(values),
        conventions=conventions,
    )
    check_model(model)
    return model


def declared_by(call: HookCall) -> list[Part]:
    """Return what one plugin declares, saying whose error it is if it fails."""
    try:
        return [Part(each, call.plugin) for each in call() or ()]  # type: ignore[attr-defined]
    except DeclarationError as error:
        raise evolve(error, plugin=call.plugin) from None
    except AssemblyError:
        raise
    except (Exception, SystemExit) as error:
        problem = _("crmkit_declare raised {name}: {error}", name=type(error).__name__, error=error)
        raise PluginLoadError(plugin=call.plugin, problem=problem) from error


def named(parts: Iterable[Part], declaration: type[T]) -> dict[str, T]:
    """Return the declarations of a type by name; equal ones merge, different ones of one name clash."""
    found: dict[str, tuple[T, str]] = {}
    for part in parts:
        if isinstance(part.declaration, declaration):
            other, plugin = found.setdefault(part.declaration.name, (part.declaration, part.plugin))
            if other != part.declaration:
                subject = f"{declaration.__name__.lower()} {other.name!r}"
                raise ClashError(subject=subject, plugins=(plugin, part.plugin))
    return {name: each for name, (each, _) in found.items()}


def setting_values(
    declared: Mapping[str, Setting], given: Mapping[str, object], conventions: Conventions
) -> dict[str, object]:
    """Return the value of every setting, checked by its kind."""
    for name in given:
        if name not in declared:
            close = nearest(name, declared)
            hint = (
                _(" Did you mean {close!r}?", close=close)
                if close
                else _(" There are: {names}.", names=", ".join(sorted(declared)) or _("none"))
            )
            raise DeclarationError(
                subject=_("setting {name!r}", name=name), problem=_("no enabled plugin declares it.{hint}", hint=hint)
            )
    values: dict[str, object] = {}
    for name, setting in declared.items():
        try:
            values[name] = setting.kind.parse(given[name], conventions) if name in given else setting.default
        except InvalidValue as error:
            raise DeclarationError(subject=_("setting {name!r}", name=name), problem=str(error)) from None
    return values
