"""What refers to many records at once, in as few statements as there may be values in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crmkit import Record, Session

AT_ONCE = 5_000


def rows_referring(
    session: Session, entity: type[Record], paths: Sequence[str], field: str, numbers: Iterable[int]
) -> Iterator[tuple[object, ...]]:
    """Yield values of the records whose reference `field` points to one of these."""
    for some in chunks(sorted(set(numbers))):
        yield from session.rows(entity, paths, f"{field} in given.numbers", given={"numbers": some})


def chunks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the numbers in parts that fit into one statement."""
    for start in range(0, len(numbers), AT_ONCE):
        yield numbers[start : start + AT_ONCE]
