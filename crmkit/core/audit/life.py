"""The audit of a CRM: `crm.audit`, which seals the change log and verifies the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.audit import sealing
from crmkit.core.audit.verifying import Finding, verify
from crmkit.core.reading.permission import SYSTEM

if TYPE_CHECKING:
    from crmkit.app import CRM
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.outbox.occurrence import JobRun


class Audit:
    """Seals the change log of a CRM, and verifies its database."""

    def __init__(self, crm: CRM) -> None:
        self._crm = crm

    def seal(self) -> int:
        """Seal the changes that were committed since the last time, and return their number.

        Run it regularly, such as every minute: what is sealed can't be altered unnoticed. Writers never wait for it.
        """
        with self._crm.session(actor=SYSTEM) as session:
            session.unit.check_writable()
            return sealing.seal(session.unit.connection, session.tables, session.unit.now)

    def head(self) -> sealing.Head:
        """Return the end of the chain. Note it elsewhere: only so can it be shown that nothing was cut off."""
        with self._crm.session(actor=SYSTEM, readonly=True) as session:
            return sealing.head(session.unit.connection, session.tables)

    def verify(self, anchor: str | None = None) -> list[Finding]:
        """Return all that is wrong in the database; nothing if all is well.

        The chain of seals, references, versions and stages against their history, links, the closure of teams and
        users, and what plugins check (`Check`). `anchor` is an end of the chain that was noted before.
        """
        with self._crm.session(actor=SYSTEM, readonly=True) as session:
            return verify(session, anchor)


def seal_changes(session: Session, _run: JobRun) -> None:
    """Seal the changes that were committed since the last time: a job that workers do every minute."""
    session.unit.check_writable()
    sealing.seal(session.unit.connection, session.tables, session.unit.now)
