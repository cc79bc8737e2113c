"""Worklists: sorts of records that wait for somebody, such as tasks that are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.declare.names import as_label, as_text, check_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.core.lifecycle.session import Session


@frozen(kw_only=True)
class WorklistKind:
    """A sort of work that people find on their worklists: records of an entity that wait for who looks.

    Everybody finds those that they may read and that meet the filter, so the filter says whose work it is
    (`owner == me()`).

    Attributes:
        entity: the entity whose records wait.
        where: a filter expression that they meet; it may ask for `me()`, `today()` and `now()`. Or a function of a
            session that returns one, for what depends on more.
        order: the paths to sort by, `-` before one for downwards.
        until: the path of the day or moment by which it is to be done.
        title: the path that names a record for people; what names records of the entity, unless it is given.
        roles: the roles for which it is; everybody who may read the entity, if there are none.
        position: the place among the kinds; equal ones come in the order of their declaration.
    """

    name: str
    entity: str
    where: str | Callable[[Session], str]
    label: str = field(default="", converter=as_text)
    help: str = field(default="", converter=as_text)
    order: str = "id"
    until: str = ""
    title: str = ""
    roles: tuple[str, ...] = ()
    position: int = 100

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "worklist kind")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))

    def filter_for(self, session: Session) -> str:
        """Return the filter that the records meet for whoever looks."""
        return self.where if isinstance(self.where, str) else self.where(session)
