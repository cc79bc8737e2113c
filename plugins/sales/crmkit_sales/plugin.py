"""Sales: the standard pipeline of opportunities, why deals are lost, the board, and reports on deals and sellers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Manifest, hookimpl
from crmkit_sales import fields, reports, roles, rules, stages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import Batch, Change, MoveDraft, Session

manifest = Manifest(
    name="sales",
    version="0.1.0",
    crmkit=">=0.1,<0.2",
    summary="The standard sales pipeline, reasons of loss, board, deal and sales reports.",
)


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield fields, stages, settings, events, roles and reports."""
    yield fields.Loss
    yield from stages.DECLARATIONS
    yield from rules.DECLARATIONS
    yield from roles.DECLARATIONS
    yield from reports.DECLARATIONS


@hookimpl
def crmkit_before_move(session: Session, moves: Batch[MoveDraft]) -> None:
    """Check the step, ask for the reason of a loss, and note the stage in which it happened."""
    rules.check_steps(session, moves)
    rules.note_loss(session, moves)


@hookimpl
def crmkit_after_create(session: Session, changes: Batch[Change]) -> None:
    """Announce opportunities that came in closed."""
    rules.announce(session, changes)


@hookimpl
def crmkit_after_move(session: Session, changes: Batch[Change]) -> None:
    """Announce what was won and what was lost."""
    rules.announce(session, changes)
