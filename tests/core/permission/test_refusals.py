"""The check that runs along with all tests notices commands that write and are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Customer
from crmkit.core.lifecycle import creating
from crmkit.errors import Refusal, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit import CRM, Record, Session
    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.lifecycle.drafts import CreateDraft

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
REFUSED = Refused(entity="customer", refusals=(Refusal(path="", text="Too late."),))


def insert_and_refuse(session: Session, entity: EntityModel, drafts: Sequence[CreateDraft]) -> list[Record]:
    """Write a row past the lifecycle, and refuse it then."""
    table = session.tables.system.generation
    session.unit.connection.execute(table.insert().values(topic=f"t{len(drafts)}", number=1))
    raise REFUSED


def test_a_write_before_a_refusal_is_noticed(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row written outside of a savepoint by a command that is refused fails the test."""
    monkeypatch.setattr(creating, "insert", insert_and_refuse)
    session = crm.session(actor="admin")
    with pytest.raises(AssertionError, match="outside of a savepoint"):
        session.create(Customer, name="x")
    session.unit.finish(failed=True)


def test_what_a_savepoint_takes_back_is_well(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that the command's own savepoint has taken back is no finding; one that it left is."""
    monkeypatch.setattr(creating, "insert", insert_and_refuse)
    session = crm.session(actor="admin")
    with pytest.raises(Refused):
        session.create_many(Customer, [{"name": "x"}, {"name": "y"}])

    def keep(*given: object) -> list[Record]:
        connection = session.unit.connection
        connection.exec_driver_sql("RELEASE SAVEPOINT sa_savepoint_2")
        connection.exec_driver_sql("INSERT INTO crm_generation (topic, number) VALUES ('left', 1)")
        connection.exec_driver_sql("SAVEPOINT sa_savepoint_2")
        raise REFUSED

    monkeypatch.setattr(creating, "insert", keep)
    with pytest.raises(AssertionError, match="not all was taken back"):
        session.create_many(Customer, [{"name": "x"}, {"name": "y"}])
    session.unit.finish(failed=True)
