"""Erasing reaches what nobody thinks of: disabled plugins, custom fields, and what is being written meanwhile."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import Customer, CustomField
from crmkit.errors import Refused
from tests.core.privacy import person
from tests.core.privacy.erasing import bytes_of, clinic_ref, erase
from tests.core.privacy.person import SIGN, Known, Visit, know

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("M16")


def test_what_a_disabled_plugin_keeps_of_a_person_goes(
    make_crm: CRMFactory, clock: FrozenClock, tmp_path: Path
) -> None:
    """Columns of a disabled plugin are emptied; its own records, which nobody can read any more, stand against it."""
    on = make_crm.database()
    crm = make_crm(["sales", person], on=on)
    known = know(crm, clock, tmp_path)
    crm = make_crm(["sales"], on=on)
    with crm.session(actor="olga") as session:
        plan = session.erasure_plan(clinic_ref(known.ann))
        assert "person" in plan.problems[0]
        with pytest.raises(Refused, match="is disabled, keeps"):
            session.erase(clinic_ref(known.ann), reason="asked")
    with crm.engine.begin() as connection:
        for name in ("remark", "memo", "visit"):
            table = sa.table(f"crm_person_{name}", schema=crm.tables.schema)
            connection.execute(sa.delete(table))
    erase(crm, known.ann)
    with crm.engine.connect() as connection:
        there = sa.table("crm_customer", sa.column("id"), sa.column("diagnosis"), schema=crm.tables.schema)
        rows = dict(connection.execute(sa.select(there.c.id, there.c.diagnosis)).all())
    assert (rows[known.ann], rows[known.other]) == (None, "other flu")


def test_custom_fields_of_a_person_are_erased(clinic: CRM, known: Known) -> None:
    """Those that are personal, and those that nobody can read any more, are emptied; the others stay."""
    with clinic.session(actor="admin") as session:
        for name, privacy in (("hobby", "sensitive"), ("size", "normal"), ("old", "normal")):
            session.create(CustomField, name=name, kind="text", privacy=privacy, searched=True)
        session.create(CustomField, name="mood", entity="visit", kind="text", privacy="personal")
    with clinic.session(actor="admin") as session:
        ann = session.update(session.get(Customer, known.ann), hobby=f"{SIGN} hobby", size="XL", old=f"{SIGN} old")
        session.update(session.related(ann, Visit)[0], mood=f"{SIGN} mood")
        session.update(session.find(CustomField, {"name": "old"})[0], active=False)
    erase(clinic, known.ann)
    with clinic.session(actor="admin") as session:
        ann = session.get(Customer, known.ann)
        assert (ann.hobby, ann.size) == (None, "XL")
        assert session.related(ann, Visit)[0].mood is None
    assert SIGN.encode() not in bytes_of(clinic)
    assert clinic.audit.verify() == []


def test_nobody_adds_to_a_person_while_it_is_erased(clinic: CRM, known: Known, backend: str) -> None:
    """What another transaction is about to write about the person is waited for, and erased with it."""
    if backend == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    erasing = threading.Thread(target=erase, args=(clinic, known.ann))
    with clinic.session(actor="admin") as session:
        session.create(Visit, customer=session.get(Customer, known.ann), note=f"{SIGN} at the last moment")
        erasing.start()
        while erasing.is_alive() and not is_waiting(clinic):
            continue
    erasing.join()
    assert SIGN.encode() not in bytes_of(clinic)


def is_waiting(crm: CRM) -> bool:
    """Return whether anybody waits for a lock."""
    query = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE :words")
    with crm.engine.connect() as connection:
        return int(connection.execute(query, {"words": f"%{crm.tables.schema}%"}).scalar_one()) > 0
