from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Opportunity, Product

if TYPE_CHECKING:
    from crmkit import CRM, User

pytestmark = pytest.mark.row("I18")
OPENED = date(2025, 12, 1)


@pytest.fixture
def past(crm: CRM, sellers: dict[str, User]) -> None:
    """Deals that Ann, Bob and Cem have closed with customers in two countries."""
    with crm.session(actor="admin") as session:
        saw, axe = (session.create(Product, name=name) for name in ("Saw", "Axe"))
        paris = session.create(Customer, name="P", city="Paris", country="FR")
        lyon = session.create(Customer, name="L", city="Lyon", country="FR")
        rome = session.create(Customer, name="R", city="Rome", country="IT")
        closed = [
            ("ann", "won", saw, paris, 100, 10, "website"),
            ("ann", "lost", saw, rome, 80, 5, "website"),
            ("bob", "won", axe, lyon, 50, 20, None),
            ("cem", "won", saw, rome, 350, 31, "partner"),
        ]
        session.create_many(
            Opportunity,
            [
                {
                    "name": name,
                    "owner": sellers[name],
                    "stage": stage,
                    "lost_reason": "price" if stage == "lost" else None,
                    "product": product,
                    "customer": customer,
                    "amount": amount,
                    "opened_on": OPENED,
                    "closed_on": OPENED + timedelta(days=days),
                    "source": source,
                }
                for name, stage, product, customer, amount, days, source in closed
            ],
        )


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("owner", [("Cem", 350), ("Ann", 100), ("Bob", 50)]),
        ("team", [("South", 350), ("North", 150)]),
        ("product", [("Saw", 450), ("Axe", 50)]),
        ("source", [("Partner", 350), ("Website", 100), (None, 50)]),
        ("country", [("IT", 350), ("FR", 150)]),
        ("city", [("Rome", 350), ("Paris", 100), ("Lyon", 50)]),
        ("month", [("2025-12", 150), ("2026-01", 350)]),
    ],
)
def test_sales_are_analysed_by_agent_team_product_source_and_region(
    crm: CRM, by: str, groups: list[tuple[str | None, int]]
) -> None:
    """Every grouping adds up to the same whole, the largest amount first, or in the order of time."""
    with crm.session(actor="admin") as session:
        table = session.report("sales_analysis", by=by)
    assert [(row[0], row[4]) for row in table.rows] == groups
    assert table.total is not None
    assert table.total[1:6] == (3, 1, Decimal(75), Decimal(500), Decimal(100))


@pytest.mark.usefixtures("past")
def test_rate_share_size_and_cycle_of_a_seller(crm: CRM) -> None:
    """The win rate is of closed deals; share, average size and days of the cycle are of won ones."""
    with crm.session(actor="admin") as session:
        row = session.report("sales_analysis", where="owner.name == 'Ann' or owner.name == 'Bob'").records()[0]
    assert row == {
        "group": "Ann",
        "won": 1,
        "lost": 1,
        "win_rate": 50,
        "amount": 100,
        "share": Decimal("66.67"),
        "average": 100,
        "cycle": 10,
    }


@pytest.mark.usefixtures("past")
@pytest.mark.row("M10")
def test_a_manager_analyses_the_team(crm: CRM) -> None:
    """The analysis is of the deals that the viewer may see."""
    with crm.session(actor="mia") as session:
        assert [row[0] for row in session.report("sales_analysis").rows] == ["Ann", "Bob"]
        assert session.report("sales_analysis", since="2025-12-15").rows[0][0] == "Bob"


def test_nothing_closed_is_no_row(crm: CRM) -> None:
    """Before the first deal is closed the analysis is empty, without a rate."""
    with crm.session(actor="admin") as session:
        table = session.report("sales_analysis")
    assert table.rows == ()
    assert table.total == ("Total", 0, 0, None, Decimal(0), None, None, None)
