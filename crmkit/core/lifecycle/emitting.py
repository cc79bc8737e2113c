"""Emitting: a declared event about a record goes into the outbox, and plugins react to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.model import known
from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.access import within
from crmkit.core.lifecycle.drafts import Batch, Emission
from crmkit.core.lifecycle.hooking import EMISSIONS, run_hook
from crmkit.errors import AccessDeniedError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


def emit(session: Session, name: str, record: Record, payload: Mapping[str, object] | None) -> None:
    """Write a declared event into the outbox, and have plugins react to it; see `Session.emit`."""
    known(session.model.events, name, "event")
    session.unit.check_writable()
    entity = session.model.entity(record)
    if not session.principal.reaches_all and not within(session, entity.name, [record.id], "update"):
        action = _("emit {name} about", name=name)
        raise AccessDeniedError(action=action, entity=entity.name, actor=session.principal.name)
    if not session.model.hooks["crmkit_after_emit"]:
        ledger.emit(session, name, record, payload)
        return
    with session.unit.command(writes_much=False):
        ledger.emit(session, name, record, payload)
        emission = Emission(event=name, record=record, payload=payload)
        run_hook(session, "crmkit_after_emit", EMISSIONS, Batch(entity, [emission], session))
