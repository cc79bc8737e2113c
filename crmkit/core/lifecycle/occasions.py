"""Occasions: what a plugin's command tells the plugin's hooks about the writes that it makes.

A command of a plugin, such as claiming a record, is carried out by `update`; the hooks that then run see what changes,
but not what it was for. The occasion says it. It is a value of a class of the plugin's own, by which it is asked for,
so that plugins can't take each other's.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.lifecycle.session import Session

T = TypeVar("T")


@contextmanager
def occasion(session: Session, value: object) -> Iterator[None]:
    """Let hooks know on what occasion everything inside is written; within another of its class, it takes its place."""
    occasions, kind = session.unit.occasions, type(value)
    before = occasions.get(kind)
    occasions[kind] = value
    try:
        yield
    finally:
        if before is None:
            del occasions[kind]
        else:
            occasions[kind] = before


def occasion_of(session: Session, kind: type[T]) -> T | None:
    """Return the occasion of this class on which the running hook's batch is written; None if there is none."""
    found = session.unit.occasions.get(kind)
    return found if isinstance(found, kind) else None
