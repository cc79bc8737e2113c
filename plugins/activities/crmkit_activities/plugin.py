"""Activities: what was done, what is due, and who is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Manifest, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

manifest = Manifest(
    name="activities",
    version="0.1.0",
    crmkit=">=0.1,<0.2",
    summary="Calls, meetings, tasks, a shared calendar, reminders, follow-up and the worklist.",
)


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield what each part of the plugin declares."""
    yield from ()
