"""The hooks: one to say what a plugin adds, and guards and reactions around every write.

Guards run before anything is written and may set values or refuse. Reactions run after the write in the same
transaction. Each gets a batch; one record is a batch of one. Implementations run in the order of the plugins'
requirements, and must be re-runnable: a bulk batch that fails is split and tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pluggy import HookimplMarker, HookspecMarker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.lifecycle.drafts import (
        Batch,
        Change,
        CreateDraft,
        DeleteDraft,
        Emission,
        MergeDraft,
        MoveDraft,
        RestoreDraft,
        UpdateDraft,
    )
    from crmkit.core.lifecycle.session import Session

hookspec = HookspecMarker("crmkit")
hookimpl = HookimplMarker("crmkit")

GUARDS = (
    "crmkit_before_create",
    "crmkit_before_update",
    "crmkit_before_delete",
    "crmkit_before_restore",
    "crmkit_before_move",
    "crmkit_before_merge",
)
REACTIONS = (
    "crmkit_after_create",
    "crmkit_after_update",
    "crmkit_after_delete",
    "crmkit_after_restore",
    "crmkit_after_move",
    "crmkit_after_emit",
)


@hookspec
def crmkit_declare() -> Iterable[object]:  # type: ignore[empty-body]
    """Yield declarations: entities, extensions, pipelines, stages, rules, reports, roles, settings and so on."""


@hookspec
def crmkit_before_create(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Set values of new records, or refuse them."""


@hookspec
def crmkit_before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
    """Set further values of changed records, or refuse the change."""


@hookspec
def crmkit_before_delete(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse that records are deleted."""


@hookspec
def crmkit_before_restore(session: Session, drafts: Batch[RestoreDraft]) -> None:
    """Refuse that deleted records are brought back."""


@hookspec
def crmkit_before_move(session: Session, moves: Batch[MoveDraft]) -> None:
    """Set values of records that move to another stage, or refuse the move."""


@hookspec
def crmkit_before_merge(session: Session, drafts: Batch[MergeDraft]) -> None:
    """Refuse that records become one."""


@hookspec
def crmkit_after_create(session: Session, changes: Batch[Change]) -> None:
    """React to new records, in their transaction."""


@hookspec
def crmkit_after_update(session: Session, changes: Batch[Change]) -> None:
    """React to changed records, in their transaction."""


@hookspec
def crmkit_after_delete(session: Session, changes: Batch[Change]) -> None:
    """React to deleted records, in their transaction."""


@hookspec
def crmkit_after_restore(session: Session, changes: Batch[Change]) -> None:
    """React to deleted records that were brought back, in their transaction."""


@hookspec
def crmkit_after_move(session: Session, changes: Batch[Change]) -> None:
    """React to records that entered another stage, in their transaction."""


@hookspec
def crmkit_after_emit(session: Session, emissions: Batch[Emission]) -> None:
    """React to declared events that were written into the outbox, in their transaction."""
