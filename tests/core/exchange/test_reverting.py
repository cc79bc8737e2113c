from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Contact, Customer, Opportunity
from crmkit.core.exchange.errors import ImportStateError, UnknownImportError
from crmkit.core.exchange.reverting import revert_import

if TYPE_CHECKING:
    from tests.core.exchange.conftest import Importer

MAPPING = """
    [[files]]
    file = "customers.csv"
    entity = "customer"
    mode = "upsert"
    key = "number"
    duplicates = "update"
    [files.columns]
    Number = "number"
    Name = "name"
    City = "city"
    Stage = "stage"
"""


@pytest.mark.row("B3")
def test_what_an_import_did_is_taken_back(importer: Importer) -> None:
    """Created records are gone; changed ones have former values and stage, however often the file changed them."""
    with importer.crm.session(actor="admin") as session:
        session.create(Customer, name="Old", number="1", city="Rome")
    importer.mapping(MAPPING)
    importer.file(
        "customers.csv",
        "Number,Name,City,Stage\n1,New,Paris,\n2,Acme,Paris,\n1,Newer,Lyon,active\n2,Acme,Lyon,\n3,Beta,,\n",
    )
    result = importer.run()
    assert (result.created, result.updated) == (2, 3)
    assert result.id is not None
    reverted = revert_import(importer.crm, result.id, actor="admin")
    assert (reverted.deleted, reverted.restored, reverted.problems) == (2, 3, ())
    with importer.crm.session(actor="admin") as session:
        (left,) = session.find(Customer)
    assert (left.name, left.city, left.stage) == ("Old", "Rome", "prospect")


def test_what_somebody_changed_since_is_left_and_reported(importer: Importer) -> None:
    """Nobody's later work is undone."""
    importer.mapping(MAPPING)
    importer.file("customers.csv", "Number,Name,City,Stage\n1,Acme,Paris,\n2,Beta,Paris,\n3,Gamma,Rome,\n")
    number = importer.run().id
    assert number is not None
    with importer.crm.session(actor="admin") as session:
        acme, beta, _ = session.find(Customer, order="id")
        session.update(acme, city="Nice")
        session.delete(beta)
    reverted = revert_import(importer.crm, number, actor="admin")
    assert reverted.deleted == 1
    assert {(each.record == acme.id, each.message.split()[1]) for each in reverted.problems} == {
        (True, "was"),
        (False, "is"),
    }
    with importer.crm.session(actor="admin") as session:
        assert [each.name for each in session.find(Customer)] == ["Acme"]


def test_records_created_for_look_ups_are_taken_back_too(importer: Importer) -> None:
    """A customer that only came because a contact refers to it goes with it."""
    importer.file("contacts.csv", "Name,Firm\nAnn,New\nBob,New\n")
    importer.mapping("""
        [[files]]
        file = "contacts.csv"
        entity = "contact"
        [files.columns]
        Name = "name"
        Firm = { field = "customer", lookup = "name", missing = "create" }
    """)
    number = importer.run().id
    assert number is not None
    assert revert_import(importer.crm, number, actor="admin").deleted == 3
    with importer.crm.session(actor="admin") as session:
        assert [session.count(each) for each in (Customer, Contact, Opportunity)] == [0, 0, 0]


def test_an_import_is_reverted_once(importer: Importer) -> None:
    """A reverted import can't be reverted again, and one that never was can't be at all."""
    importer.mapping(MAPPING)
    importer.file("customers.csv", "Number,Name,City,Stage\n1,Acme,Paris,\n")
    number = importer.run().id
    assert number is not None
    revert_import(importer.crm, number, actor="admin")
    with pytest.raises(ImportStateError, match="reverted"):
        revert_import(importer.crm, number, actor="admin")
    with pytest.raises(UnknownImportError):
        revert_import(importer.crm, 999, actor="admin")
    assert importer.run().created == 1
