"""After a restore: what waited still waits, leases have ended, and new events don't look like ones that were lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Handler, Occurrence
from crmkit.core.outbox.dispatching import dispatch
from crmkit.core.outbox.leasing import lease
from crmkit.core.outbox.transactions import writing
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.testing.fixtures import CRMFactory


@pytest.mark.row("L1", "M4")
def test_events_after_a_restore_have_ids_of_their_own(make_crm: CRMFactory, tmp_path: Path) -> None:
    """Those of before the backup keep theirs; those that were lost, and those in their places, differ."""
    seen: dict[str, str] = {}

    def note(_session: object, occurrence: Occurrence) -> None:
        assert occurrence.id not in seen
        seen[occurrence.id] = f"{occurrence.record} {occurrence.version}"

    crm = make_crm([make_plugin("noting", Handler(name="note", events=("customer.*",), run=note))])
    with crm.session(actor="admin") as session:
        first = session.create(Customer, name="First")
    worker = crm.worker()
    with writing(crm) as (connection, now):
        dispatch(connection, crm.tables, {"handler:noting.note": ["customer.*"]}, now)
        assert len(lease(connection, crm.tables, {"handler:noting.note": timedelta(seconds=30)}, now, 10)) == 1
    crm.backup(tmp_path / "crm.zip")
    before = crm.fingerprint()
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Lost")
    worker.run_once()
    assert len(seen) == 1  # the first one is leased
    crm.restore(tmp_path / "crm.zip", replace=True)
    after = crm.fingerprint()
    assert {name for name, digest in before.items() if after[name] != digest} == {"work"}
    with crm.session(actor="admin") as session:
        session.update(session.get(Customer, first.id), city="Paris")
    assert worker.run_once().done == 2
    assert len(seen) == 3
    assert {f"{first.ref} 1", f"{first.ref} 2"} <= set(seen.values())
    token = [each.partition("-")[0] for each in seen]
    assert token[0] == token[1] != token[2]
