"""Worklists: sorts of records that wait for somebody, such as tasks that are due."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.declare.names import as_label, as_text, check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
        order: the paths to sort by, `-` before one for downwards. Or a function of a session that returns them.
        until: the path of the day or moment by which it is to be done; of several, the first that isn't empty.
        day: a function of a session and of what is found there that returns the day that is meant, of what comes back:
            the next birthday.
        title: the path that names a record for people; what names records of the entity, unless it is given.
        roles: the roles for which it is; everybody who may read the entity, if there are none.
        position: the place among the kinds; equal ones come in the order of their declaration.
    """

    name: str
    entity: str
    where: str | Callable[[Session], str]
    label: str = field(default="", converter=as_text)
    help: str = field(default="", converter=as_text)
    order: str | Callable[[Session], str] = "id"
    until: str = ""
    day: Callable[[Session, date], date | None] | None = None
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

    def order_for(self, session: Session) -> str:
        """Return the paths by which the records are sorted for whoever looks."""
        return self.order if isinstance(self.order, str) else self.order(session)

    @property
    def times(self) -> tuple[str, ...]:
        """The paths of the days or moments by which it is to be done."""
        return tuple(each.strip() for each in self.until.split(",") if each.strip())

    def until_of(self, session: Session, values: Iterable[object]) -> date | None:
        """Return the day or moment by which a record is to be done, of the values at `times`."""
        found = next((each for each in values if isinstance(each, date)), None)
        return found if found is None or self.day is None else self.day(session, found)
