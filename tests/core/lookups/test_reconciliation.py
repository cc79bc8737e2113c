"""The report `reconciliation` lists where records here and those of another system differ, and why."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from crmkit import CRM, Customer, ExternalSource, Grant, Order, Role, SqlReader, User
from crmkit.errors import AccessDeniedError, DeclarationError, Refused, SourceFailedError, UnknownNameError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crmkit import Session
    from crmkit.testing.fixtures import CRMFactory

pytestmark = [pytest.mark.row("L1"), pytest.mark.thorough]
BOOKED = [
    ("S-1", "O-1", "1200.50", "Acme"),
    ("S-2", "O-2", "990", "Acme"),
    ("S-3", "O-3", "10", "Beta"),
    ("S-9", "O-9", "77", "Gamma"),
]
Row = tuple[object, ...]


@pytest.fixture
def erp(tmp_path: Path) -> Path:
    """The orders that another system has booked."""
    file = tmp_path / "erp.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE booked (no TEXT PRIMARY KEY, number TEXT, total TEXT, firm TEXT)")
        connection.executemany("INSERT INTO booked VALUES (?, ?, ?, ?)", BOOKED)
    connection.close()
    return file


@pytest.fixture
def crm(make_crm: CRMFactory, erp: Path) -> CRM:
    """A CRM whose orders are booked in another system, with a seller, who doesn't see amounts, and a guest."""
    orders = SqlReader(
        url=f"sqlite:///{erp}",
        statement="SELECT no, number, total, firm FROM booked WHERE no IN :ids",
        key="no",
        listing="SELECT no FROM booked ORDER BY no",
    )
    plugin = make_plugin(
        "erp",
        ExternalSource(
            name="erp",
            label="ERP",
            read=orders,
            ids=orders.ids,
            entity="order",
            compares={"number": "number", "amount": "total", "customer.name": "firm"},
            reads=("order",),
        ),
        ExternalSource(name="shop", read=unreachable, entity="customer", compares={"name": "name"}, public=True),
        ExternalSource(name="notes", read=unreachable, public=True),
        ExternalSource(
            name="silent", read=lambda *_given: {}, ids=broken, entity="customer", compares={"name": "n"}, public=True
        ),
        Role(
            name="seller",
            grants=(
                Grant(entity="order", read="own", hides=("amount",)),
                Grant(entity="customer", read="all"),
                Grant(entity="external_id", read="all"),
            ),
        ),
        Role(name="guest", grants=(Grant(entity="product", read="all"),)),
    )
    crm = make_crm([plugin])
    with crm.session(actor="admin") as session:
        seller, _guest = (
            session.create(User, name=name, external_id=name, roles=[name]) for name in ("seller", "guest")
        )
        acme, beta = session.create(Customer, name="Acme"), session.create(Customer, name="Beta")
        for number, amount, customer, there in (
            ("O-1", "1200.5", acme, "S-1"),
            ("O-2", "1000", beta, "S-2"),
            ("O-4", "5", beta, "S-4"),
            ("O-5", "6", acme, None),
        ):
            order = session.create(Order, number=number, amount=amount, customer=customer, owner=seller)
            if there is not None:
                session.set_external_id(order, "erp", there)
    return crm


def unreachable(session: Session, ids: Sequence[str]) -> dict[str, dict[str, object]]:
    """A system that is down."""
    raise ConnectionError


def broken(session: Session) -> Iterator[str]:
    """A system that is gone when its list is half read."""
    yield "1"
    raise ConnectionError


def rows(session: Session, **given: object) -> list[Row]:
    """Return the report's rows without the records' ids."""
    return [tuple(row[1:]) for row in session.report("reconciliation", source="erp", **given).rows]


def test_every_difference_is_listed_once(crm: CRM) -> None:
    """Other values, records without an id there, records that are gone there, and records that nobody knows here."""
    with crm.session(actor="admin") as session:
        table = session.report("reconciliation", source="erp")
        assert rows(session) == [
            ("O-2", "S-2", "differs", "Amount", "1000.00 EUR", "990"),
            ("O-2", "S-2", "differs", "Customer / Name", "Beta", "Acme"),
            ("O-4", "S-4", "isn't there any more", None, None, None),
            ("O-5", None, "has no id there", None, None, None),
            (None, "S-3", "isn't here", None, None, None),
            (None, "S-9", "isn't here", None, None, None),
        ]
        assert [str(note) for note in table.notes] == [
            "differs: 2",
            "has no id there: 1",
            "isn't there any more: 1",
            "isn't here: 2",
        ]


def test_nothing_is_listed_when_both_agree(crm: CRM, erp: Path) -> None:
    """After the other system was brought in line, the report is empty."""
    with sqlite3.connect(erp) as connection:
        connection.execute("UPDATE booked SET total = '1000', firm = 'Beta' WHERE no = 'S-2'")
        connection.execute("INSERT INTO booked VALUES ('S-4', 'O-4', 5, 'Beta')")
        connection.execute("DELETE FROM booked WHERE no IN ('S-3', 'S-9')")
    connection.close()
    with crm.session(actor="admin") as session:
        session.delete(session.find(Order, {"number": "O-5"})[0])
        assert rows(session) == []


def test_a_filter_chooses_what_is_compared(crm: CRM) -> None:
    """Then what is unknown here isn't listed: nobody can say whether the filter would hold."""
    with crm.session(actor="admin") as session:
        assert [row[0] for row in rows(session, where="number >= 'O-4'")] == ["O-4", "O-5"]


def test_the_limit_cuts_rows_and_not_counts(crm: CRM) -> None:
    """A note says that there are more."""
    with crm.session(actor="admin") as session:
        table = session.report("reconciliation", source="erp", limit=1)
    assert len(table.rows) == 1
    assert "differs: 2" in map(str, table.notes)
    assert "There are more. Raise the limit to see them." in map(str, table.notes)


def test_only_what_the_reader_may_see_is_compared(crm: CRM) -> None:
    """Hidden fields are left out; what is unknown here is for those who may read all records."""
    with crm.session(actor="seller") as session:
        assert [row[2:4] for row in rows(session)] == [
            ("differs", "Customer / Name"),
            ("isn't there any more", None),
            ("has no id there", None),
        ]
    with crm.session(actor="guest") as session, pytest.raises(AccessDeniedError):
        session.report("reconciliation", source="erp")


def test_what_cannot_be_compared_is_an_error(crm: CRM) -> None:
    """A source that is unknown, that says nothing of what is compared, or that can't be read, fully or half-way."""
    with crm.session(actor="admin") as session:
        with pytest.raises(UnknownNameError, match="epr"):
            session.report("reconciliation", source="epr")
        with pytest.raises(Refused, match="compares="):
            session.report("reconciliation", source="notes")
        for customer in session.find(Customer):
            session.set_external_id(customer, "shop", str(customer.id))
        with pytest.raises(SourceFailedError, match="ConnectionError"):
            session.report("reconciliation", source="shop")
        with pytest.raises(SourceFailedError, match="ConnectionError"):
            session.report("reconciliation", source="silent")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"compares": {"name": "n"}}, "there is no ''"),
        ({"entity": "custmer", "compares": {"name": "n"}}, "there is no 'custmer'"),
        ({"entity": "customer", "compares": {"nme": "n"}}, "there is no 'nme'"),
        ({"entity": "customer", "compares": {"name": "n"}, "fields": ("m",)}, "there is no 'n'"),
    ],
)
def test_what_is_compared_must_be_there(make_crm: CRMFactory, said: dict[str, object], problem: str) -> None:
    """A wrong entity, field or value is found when the CRM is assembled."""
    source = ExternalSource(name="erp", read=unreachable, public=True, **said)  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match=problem):
        make_crm([make_plugin("erp", source)])
