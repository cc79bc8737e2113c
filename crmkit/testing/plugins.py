"""Plugins made within a test."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from crmkit.core.declare.hooks import hookimpl
from crmkit.core.declare.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def make_plugin(
    name: str,
    *declarations: object,
    version: str = "1.0",
    crmkit: str = "",
    requires: Iterable[str] = (),
    after: Iterable[str] = (),
    **hooks: Callable[..., object],
) -> ModuleType:
    """Return a plugin that yields these declarations and implements these hooks, given without their prefix.

    `make_plugin("strict", before_create=refuse_everything)` implements `crmkit_before_create`.
    """
    module = ModuleType(name)

    def crmkit_declare() -> Iterable[object]:
        return declarations

    manifest = Manifest(name=name, version=version, crmkit=crmkit, requires=tuple(requires), after=tuple(after))
    vars(module)["manifest"] = manifest
    vars(module)["crmkit_declare"] = hookimpl(crmkit_declare)
    for hook, function in hooks.items():
        vars(module)[f"crmkit_{hook}"] = hookimpl(function)
    return module
