"""Pruning: what was done long ago is forgotten, so that the outbox doesn't grow for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.system.outbox import DONE

if TYPE_CHECKING:
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.outbox.occurrence import JobRun


def prune(session: Session, _run: JobRun) -> None:
    """Delete work that is done, and events that nothing is left to be done about, older than `outbox_days`.

    Dead letters stay. The change log is another matter: it keeps everything.
    """
    days = session.model.setting("outbox_days")
    assert isinstance(days, int)
    session.unit.check_writable()
    before = session.unit.now - timedelta(days=days)
    connection, event, work = session.unit.connection, session.tables.system.event, session.tables.system.work
    connection.execute(work.delete().where(work.c.state == DONE, work.c.finished_at < before))
    is_needed = sa.exists().where(work.c.event_id == event.c.id)
    connection.execute(event.delete().where(event.c.dispatched_at < before, ~is_needed))
