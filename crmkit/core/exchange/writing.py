"""Writing with a net: what is refused is found and left out, and everything else goes in."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from crmkit.errors import CommandError, Refused, SessionDoomedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crmkit.core.lifecycle.session import Session

T = TypeVar("T")
R = TypeVar("R")


def row_errors() -> tuple[type[Exception], ...]:
    """Return what can be one row's fault. Everything else ends the import."""
    from sqlalchemy.exc import DataError, IntegrityError

    return (CommandError, SessionDoomedError, IntegrityError, DataError)


def is_fatal(error: Exception) -> bool:
    """Return whether an error is of the whole transaction, which may be tried again."""
    from crmkit.core.lifecycle.opening import is_retryable

    return is_retryable(error)


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """Run what is inside in a savepoint; if it raises, the database and the session are as they were before."""
    session.unit.check_writable()
    with session.unit.savepoint():
        yield


def write_all(
    session: Session,
    entity: str,
    items: Sequence[T],
    write: Callable[[Sequence[T]], Sequence[R]],
) -> Iterator[tuple[T, R | Exception]]:
    """Write items together, and yield each with what became of it: a result, or why it was refused.

    Refusals that say which item they are about are believed; other errors halve the items until the one is found.
    """
    if not items:
        return
    try:
        with savepoint(session):
            results = write(items)
    except row_errors() as error:
        if is_fatal(error):
            raise
        yield from _without(session, entity, items, write, error)
    else:
        yield from zip(items, results, strict=True)


def _without(
    session: Session,
    entity: str,
    items: Sequence[T],
    write: Callable[[Sequence[T]], Sequence[R]],
    error: Exception,
) -> Iterator[tuple[T, R | Exception]]:
    if len(items) == 1:
        yield items[0], error
        return
    blamed = blamed_by(error, entity, len(items))
    if blamed == {0} and _is_fine_alone(session, items[0], write):
        # A plugin's own command was refused, not the first item: its batch was of one.
        blamed = set()
    if not blamed:
        middle = len(items) // 2
        yield from write_all(session, entity, items[:middle], write)
        yield from write_all(session, entity, items[middle:], write)
        return
    assert isinstance(error, Refused)
    for index in sorted(blamed):
        yield items[index], Refused(entity=entity, refusals=tuple(r for r in error.refusals if r.index == index))
    yield from write_all(session, entity, [each for index, each in enumerate(items) if index not in blamed], write)


def blamed_by(error: Exception, entity: str, count: int) -> set[int]:
    """Return the positions of the items that a refusal is about, if it says so."""
    if not isinstance(error, Refused) or error.entity != entity:
        return set()
    return {each.index for each in error.refusals if each.index < count}


class _Undo(Exception):
    """Leaves a savepoint."""


def _is_fine_alone(session: Session, item: T, write: Callable[[Sequence[T]], Sequence[R]]) -> bool:
    try:
        with savepoint(session):
            write([item])
            raise _Undo  # noqa: TRY301  (it leaves the savepoint)
    except _Undo:
        return True
    except row_errors() as error:
        if is_fatal(error):
            raise
        return False
