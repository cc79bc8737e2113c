"""Checks: what `crmkit verify` makes sure of, beyond what the core looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.declare.names import as_text, check_name

if TYPE_CHECKING:
    from collections.abc import Callable


@frozen(kw_only=True)
class Check:
    """Something that must always be so in the database, such as a ledger whose entries add up.

    Attributes:
        run: a function of a read-only session of the system that yields what is wrong, a text each; or where it is
            (`package.module:function`).
        help: what it makes sure of.
    """

    name: str
    run: Callable[..., object] | str
    help: str = field(default="", converter=as_text)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "check")
