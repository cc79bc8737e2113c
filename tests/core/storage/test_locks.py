"""Locks: names that one transaction holds, each for the tables of one CRM only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import CRM, SYSTEM

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory

HELD = "SELECT classid, objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() ORDER BY 1, 2"


def held_by(crm: CRM, *names: str) -> list[tuple[int, int]]:
    """Return the locks that a session has, once it holds some names."""
    with crm.session(actor=SYSTEM) as session:
        for name in names:
            session.serialise(name)
        return [(row[0], row[1]) for row in session.unit.connection.exec_driver_sql(HELD)]


@pytest.mark.parametrize("backend", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_name_is_held_among_those_who_work_on_the_same_tables(make_crm: CRMFactory) -> None:
    """A name is one lock for all processes on one schema, and another one in every other schema."""
    here, there = make_crm(), make_crm()
    beside = CRM(here.engine, schema=here.tables.schema)
    assert held_by(here, "imports") == held_by(beside, "imports")
    assert not {*held_by(here, "imports", "command 1")} & {*held_by(there, "imports", "command 1")}
    assert len(held_by(here, "imports", "command 1", "imports")) == 2


@pytest.mark.parametrize("backend", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_schema_is_the_same_whether_it_is_named_or_the_connection_s_own(make_crm: CRMFactory) -> None:
    """A CRM that names its schema and one that finds it by the search path hold the same names."""
    crm = make_crm()
    with crm.engine.connect() as connection:
        connection.exec_driver_sql(f"SET search_path TO {crm.tables.schema}")
        unnamed = CRM(crm.engine)
        with unnamed.session(actor=SYSTEM, connection=connection) as session:
            session.serialise("imports")
            found = [(row[0], row[1]) for row in connection.exec_driver_sql(HELD)]
        connection.rollback()
        connection.exec_driver_sql("RESET search_path")
    assert found == held_by(crm, "imports")
