"""Upgrades: what a new version of a plugin renamed, and what it does once to the data of an older one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import field, frozen

from crmkit.core.declare.names import as_text, check_name

if TYPE_CHECKING:
    from collections.abc import Callable

RENAMED = ("field", "entity", "stage")


@frozen
class Renamed:
    """Something has another name than in an older version of the plugin; its data goes along.

    Attributes:
        old, new: a field as `customer.recall`, an entity as `visit`, a stage as `opportunity.planned` (the pipeline's
            name comes first).
    """

    old: str
    new: str
    what: Literal["field", "entity", "stage"] = field(default="field", kw_only=True)

    def __attrs_post_init__(self) -> None:
        for path in (self.old, self.new):
            for name in path.split("."):
                check_name(name, "renamed name")


@frozen(kw_only=True)
class UpgradeStep:
    """Something that is done once, when a database is upgraded from a version without this step.

    A database that is made anew, or whose plugin is enabled for the first time, never runs it.

    Attributes:
        run: with `before`, a function of the SQLAlchemy connection, called before the tables change, with names as the
            older version had them. Else a function of a session of the system and of a cursor, called after the tables
            have changed, in a transaction of its own, with None first and then with what it returned, until it returns
            None: so it can work in batches, and goes on where it stopped. Or where it is (`package.module:function`).
        help: what it does.
    """

    name: str
    run: Callable[..., object] | str
    before: bool = False
    help: str = field(default="", converter=as_text)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "upgrade step")
