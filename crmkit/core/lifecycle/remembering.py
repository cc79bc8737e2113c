"""Remembering: what a plugin has read once need not be read again in the same transaction.

It is for what changes seldom and is asked for with every write, such as an administrator's rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from crmkit.core.lifecycle.session import Session

T = TypeVar("T")


def remembered(session: Session, key: Hashable, make: Callable[[], T]) -> T:
    """Return what this transaction remembers by a key, such as a class of the plugin's own; at first, make it.

    Whoever writes what it was made of calls `forget`. A savepoint that is taken back takes all of it along.
    """
    kept = session.unit.remembered
    if key not in kept:
        kept[key] = make()
    return cast("T", kept[key])


def forget(session: Session, key: Hashable) -> None:
    """Remember nothing by this key any more."""
    session.unit.remembered.pop(key, None)
