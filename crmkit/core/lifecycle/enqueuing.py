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
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from crmkit.core.lifecycle.session import Session


def enqueue(session: Session, name: str, given: Mapping[str, object], *, key: str | None, at: datetime | None) -> bool:
    """Ask for a run of a job; see `Session.enqueue`."""
    return enqueue_many(session, name, [(key, given)], at=at) > 0


def enqueue_many(
    session: Session,
    name: str,
    runs: Iterable[tuple[str | None, Mapping[str, object]]],
    *,
    at: datetime | None = None,
) -> int:
    """Ask for runs of a job, each by its key (if it is to be done but once) and parameters; return how many are new.

    Raises:
        UnknownNameError, Refused, AccessDeniedError: as `Session.enqueue`.
    """
    job, plugin = known({each.name: (each, plugin) for each, plugin in session.model.of(Job)}, name, "job")
    if not session.principal.reaches_all:
        raise AccessDeniedError(action="enqueue", entity=_("job {name}", name=name), actor=session.principal.name)
    with session.unit.command(writes_much=False):
        due = at or session.unit.now
        rows = [
            {
                "consumer": consumer_name(JOB, plugin, name),
                "occasion": f"new {secrets.token_hex(8)}" if key is None else f"key {key}",
                "parameters": encode(texts_of(session, job, given)),
                "state": WAITING,
                "wanted_at": due,
                "due_at": due,
                "tries": 0,
                "crashes": 0,
            }
            for key, given in runs
        ]
        with session.unit.writing():
            added = add_new(session.unit.connection, session.tables.system.work, rows)
            session.unit.written += added
    return added


def texts_of(session: Session, job: Job, given: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters of a run as they are kept.

    Raises:
        Refused: if one doesn't fit.
    """
    values = parameter_values(_("job {name}", name=job.name), job.parameters, given, session.model.conventions)
    kinds = {each.name: each.kind for each in job.parameters}
    return {
        name: value if value is None or kinds[name].is_json else kinds[name].to_json(value)
        for name, value in values.items()
    }
