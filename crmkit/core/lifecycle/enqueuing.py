"""Enqueuing: asking for a run of a job, in the transaction of what it is to be done about."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from crmkit.core.assemble.model import known
from crmkit.core.declare.outbox import JOB, Job, consumer_name
from crmkit.core.lifecycle.ledger import encode
from crmkit.core.reading.reports.running import parameter_values
from crmkit.core.storage.adding import add_new
from crmkit.core.storage.system.outbox import WAITING
from crmkit.errors import AccessDeniedError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crmkit.core.lifecycle.session import Session


def enqueue(session: Session, name: str, given: Mapping[str, object], *, key: str | None, at: datetime | None) -> bool:
    """Ask for a run of a job; see `Session.enqueue`."""
    job, plugin = known({each.name: (each, plugin) for each, plugin in session.model.of(Job)}, name, "job")
    if not session.principal.reaches_all:
        raise AccessDeniedError(action="enqueue", entity=_("job {name}", name=name), actor=session.principal.name)
    values = parameter_values(_("job {name}", name=name), job.parameters, given, session.model.conventions)
    kinds = {each.name: each.kind for each in job.parameters}
    texts = {
        name: value if value is None or kinds[name].is_json else kinds[name].to_json(value)
        for name, value in values.items()
    }
    with session.unit.command(writes_much=False):
        row = {
            "consumer": consumer_name(JOB, plugin, name),
            "occasion": f"new {secrets.token_hex(8)}" if key is None else f"key {key}",
            "parameters": encode(texts),
            "state": WAITING,
            "wanted_at": at or session.unit.now,
            "due_at": at or session.unit.now,
            "tries": 0,
            "crashes": 0,
        }
        with session.unit.writing():
            added = add_new(session.unit.connection, session.tables.system.work, [row])
            session.unit.written += added
    return added > 0
