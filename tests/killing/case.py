"""A case: something that falls due, and that a worker does in a transaction, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmkit import Session, User

    People = dict[str, User]


@frozen(kw_only=True)
class Case:
    """Something that falls due.

    Attributes:
        plugins: returns the plugins that it needs.
        marks: entities of which a worker creates records while it is at it, where it can be hit.
        jobs: the jobs that do it; what is done by handlers needs none.
        make_small: has the jobs do little in one transaction, so that there are many.
        begin: writes what there is once.
        add: writes what is to be done once more, in the round of a number; it falls due within a day.
        left: returns how much is not done yet.
        check: asserts that all that was added in so many rounds was done, and nothing twice.
    """

    plugins: Callable[[], Sequence[object]]
    marks: frozenset[str]
    jobs: tuple[str, ...] = ()
    make_small: Callable[[], None]
    begin: Callable[[Session, People], None]
    add: Callable[[Session, People, int], None]
    left: Callable[[Session], int]
    check: Callable[[Session, int], None]
