from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import Contact, Customer, OrgUnit
from crmkit.core.reading.reports.standard.org_chart import INDENT
from crmkit.errors import Refused

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.core.lifecycle.session import Session

pytestmark = pytest.mark.row("B12")


def build(session: Session) -> Customer:
    """Create a customer with a board, two units, one inside the other, and people in them."""
    acme = session.create(Customer, name="Acme")
    sales = session.create(OrgUnit, name="Sales", customer=acme)
    export = session.create(OrgUnit, name="Export", customer=acme, parent=sales)
    chief = session.create(Contact, name="Zoe", customer=acme, title="CEO", is_primary=True)
    session.create(Contact, name="Adam", customer=acme, reports_to=chief)
    head = session.create(Contact, name="Sam", customer=acme, org_unit=sales, reports_to=chief)
    session.create(Contact, name="Eve", customer=acme, org_unit=export, reports_to=head)
    session.create(Contact, name="Tim", customer=acme, org_unit=sales, reports_to=head)
    return acme


def test_people_stand_below_their_managers_and_units(session: Session) -> None:
    """Each stands below the manager in the same unit, else at the top of its unit, with the manager named."""
    build(session)
    rows = session.report("org_chart", customer="Acme").rows
    assert [(str(row[1]).replace(INDENT, "> "), row[5]) for row in rows] == [
        ("Zoe", None),
        ("> Adam", "Zoe"),
        ("Sales", None),
        ("> Sam", "Zoe"),
        ("> > Tim", "Sam"),
        ("> Export", None),
        ("> > Eve", "Sam"),
    ]


def test_units_and_people_take_one_statement_each(crm: CRM) -> None:
    """The tree is put together in memory, whatever its depth."""
    with crm.session(actor="admin") as session:
        number = str(build(session).id)
    seen: list[str] = []
    with crm.session(actor="admin") as session:
        sa.event.listen(session.unit.connection, "before_cursor_execute", lambda *given: seen.append(given[2]))
        session.report("org_chart", customer=number)
    assert len([each for each in seen if each.lstrip().startswith("SELECT")]) == 3


def test_the_customer_is_one(session: Session) -> None:
    """A name that nobody has, or that several have, is refused with what to do."""
    for _ in range(2):
        session.create(Customer, name="Twin")
    with pytest.raises(Refused, match=r"More than one customer is called 'Twin'\. Give the id: "):
        session.report("org_chart", customer="Twin")
    with pytest.raises(Refused, match="There is no customer 'Nobody'"):
        session.report("org_chart", customer="Nobody")


def test_who_stood_below_a_deleted_record_moves_up(session: Session) -> None:
    """By `crmkit_after_delete`, units and people below a deleted one stand below the one above it."""
    acme = build(session)
    (sam,) = session.find(Contact, {"name": "Sam"})
    (sales,) = session.find(OrgUnit, {"name": "Sales"})
    session.delete(sam)
    session.delete(sales)
    (zoe,) = session.find(Contact, {"name": "Zoe"})
    assert {each.reports_to for each in session.find(Contact, {"customer": acme})} == {None, zoe.id}
    assert [each.parent for each in session.find(OrgUnit, {"customer": acme})] == [None]


def test_a_customer_takes_its_whole_tree_along(session: Session) -> None:
    """Deleting a customer deletes its units, and none of them is moved up first."""
    acme = build(session)
    session.delete(acme)
    assert session.count(OrgUnit) == 0
