"""Workflow: who does what next, and by when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Manifest, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

manifest = Manifest(
    name="workflow",
    version="0.1.0",
    crmkit=">=0.1,<0.2",
    summary="Queues and pools, approvals, reviews, hand-over, clocks, escalations and rules.",
)


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield what each part of the plugin declares."""
    yield from ()
