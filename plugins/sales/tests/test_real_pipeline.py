"""The plugin's reports on 8,800 opportunities of a (fictitious) seller of hardware."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Opportunity, Product, Team, User

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory

pytestmark = [pytest.mark.data, pytest.mark.slow, pytest.mark.row("I18"), pytest.mark.row("I9")]
STAGES = {"Prospecting": "prospecting", "Engaging": "qualification", "Won": "won", "Lost": "lost"}
SPELLINGS = {"GTXPro": "GTX Pro"}


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of one of the files."""
    with (folder / "maven-crm-sales" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def filled(make_crm: CRMFactory, data_folder: Path) -> CRM:
    """A CRM with all opportunities, agents, managers' teams and products of the data set."""
    crm = make_crm(["sales"], currency="USD", settings={"require_loss_reason": False})
    agents = rows_of(data_folder, "sales_teams")
    with crm.session(actor=SYSTEM) as session:
        managers = {row["manager"] for row in agents}
        teams = {name: session.create(Team, name=name) for name in sorted(managers)}
        users = {
            row["sales_agent"]: session.create(
                User, name=row["sales_agent"], external_id=row["sales_agent"], team=teams[row["manager"]]
            )
            for row in agents
        }
        products = {
            row["product"]: session.create(Product, name=row["product"]) for row in rows_of(data_folder, "products")
        }
        session.create_many(
            Opportunity,
            [
                {
                    "name": row["opportunity_id"],
                    "number": row["opportunity_id"],
                    "owner": users[row["sales_agent"]],
                    "product": products[SPELLINGS.get(row["product"], row["product"])],
                    "stage": STAGES[row["deal_stage"]],
                    "opened_on": row["engage_date"] or None,
                    "closed_on": row["close_date"] or None,
                    "amount": row["close_value"] or None,
                }
                for row in rows_of(data_folder, "sales_pipeline")
            ],
        )
    return crm


def test_the_figures_of_the_data_set(filled: CRM) -> None:
    """Counts, rate, value and days are those that others have found in the same files."""
    with filled.session(actor="admin", readonly=True) as session:
        (figures,) = session.report("won_lost").records()
        assert (figures["won"], figures["lost"], figures["win_rate"]) == (4238, 2473, Decimal("63.15"))
        assert figures["won_value"] == 10_005_534
        assert (figures["won_days"], figures["lost_days"]) == (Decimal("51.78"), Decimal("41.48"))
        quarters = session.report("won_lost", by="quarter").rows
        assert [(row[0], row[1], row[4]) for row in quarters] == [
            ("2017 Q1", 531, 1_134_672),
            ("2017 Q2", 1254, 3_086_111),
            ("2017 Q3", 1257, 2_982_255),
            ("2017 Q4", 1196, 2_802_496),
        ]
        assert [row[:2] for row in session.report("board").rows][:2] == [("Prospecting", 500), ("Qualification", 1589)]
        best = {by: session.report("sales_analysis", by=by).rows[0] for by in ("owner", "team")}
        assert (best["owner"][0], best["owner"][4]) == ("Darcel Schlecht", 1_153_214)
        assert (best["team"][0], best["team"][4]) == ("Melvin Marxen", 2_251_930)
        for mode in ("snapshot", "cohort"):
            funnel = session.report("funnel", mode=mode)
            assert [row[2] for row in funnel.rows] == [500, 1589, 0, 0, 4238, 2473]
            assert [row[3] for row in funnel.rows] == [8800, 5827, 4238, 4238, 4238, 2473]
