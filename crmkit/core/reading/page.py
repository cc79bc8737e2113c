"""Pages: some of the records that were asked for, and where the rest begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


class Page(tuple[T, ...], Generic[T]):  # noqa: SLOT001  (a tuple's subclass can have no slots of its own)
    """The records or rows of one page, in order.

    Attributes:
        next: what to give as `after` to get the next page; None if this is the last one.
    """

    next: str | None

    def __new__(cls, items: Iterable[T] = (), *, next: str | None = None) -> Page[T]:
        """Make a page of its items."""
        page = super().__new__(cls, items)
        page.next = next
        return page

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (tuple(self), self.next)


def _restore(items: tuple[T, ...], following: str | None) -> Page[T]:
    return Page(items, next=following)
