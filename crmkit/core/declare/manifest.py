"""The manifest: who a plugin is, what it needs and after whom it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.declare.names import as_label, as_text, check_name

if TYPE_CHECKING:
    from collections.abc import Mapping


def _frozen_when(given: Mapping[str, tuple[str, ...] | list[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((module, tuple(plugins)) for module, plugins in dict(given).items())


@frozen(kw_only=True)
class Manifest:
    """Who a plugin is.

    Attributes:
        version: the plugin's own version (PEP 440).
        crmkit: the versions of crmkit it runs with, as a specifier such as `>=0.1,<0.2`; empty for any.
        requires: plugins that must be enabled, and whose hooks run before this one's.
        after: plugins whose hooks run before this one's if they are enabled.
        when: extra hook modules, each with the plugins that must all be enabled for it to be loaded.
    """

    name: str
    version: str = "0"
    label: str = field(default="", converter=as_text)
    summary: str = field(default="", converter=as_text)
    crmkit: str = ""
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    when: tuple[tuple[str, tuple[str, ...]], ...] = field(factory=dict, converter=_frozen_when)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "plugin")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))
