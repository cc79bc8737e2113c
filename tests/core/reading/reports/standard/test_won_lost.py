from __future__ import annotations

import statistics
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import Opportunity
from crmkit.core.reading.spans import spans

if TYPE_CHECKING:
    from crmkit import CRM, User
    from crmkit.core.lifecycle.session import Session
    from tests.core.reading.reports.standard.conftest import MakeDeal

pytestmark = pytest.mark.row("I9")
START = date(2025, 11, 10)


def close(session: Session, stage: str, days: int, amount: int | None = None, **values: object) -> Opportunity:
    """Create a deal that was opened at the start and closed some days later."""
    closed = {"opened_on": START, "closed_on": START + timedelta(days=days)}
    given = {"name": "deal", "stage": stage, "amount": amount, **closed, **values}
    return session.create_many(Opportunity, [given])[0]


def test_what_was_closed_is_counted_and_measured(session: Session, make_deal: MakeDeal) -> None:
    """The win rate is won of won and lost; the days are the mean from opening to closing; open deals don't count."""
    close(session, "won", 10, 100)
    close(session, "won", 21, 50)
    close(session, "lost", 5, 70)
    make_deal(session, "open", amount=1000)
    assert session.report("won_lost").records() == [
        {
            "group": "All",
            "won": 2,
            "lost": 1,
            "win_rate": Decimal("66.67"),
            "won_value": 150,
            "lost_value": 70,
            "won_days": Decimal("15.50"),
            "lost_days": Decimal("5.00"),
        }
    ]


def test_nothing_closed_has_no_rate(session: Session) -> None:
    """Of nothing there is no share and no mean."""
    ((_, won, lost, rate, *_, won_days, lost_days),) = session.report("won_lost").rows
    assert (won, lost, rate, won_days, lost_days) == (0, 0, None, None, None)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("month", ["2025-11", "2025-12", "2026-02"]),
        ("quarter", ["2025 Q4", "2026 Q1"]),
        ("year", ["2025", "2026"]),
    ],
)
def test_periods_come_in_their_order(session: Session, by: str, groups: list[str]) -> None:
    """Months, quarters and years are those of the day of closing, the earliest first."""
    for days in (95, 30, 1):
        close(session, "won", days)
    table = session.report("won_lost", by=by)
    assert [row[0] for row in table.rows] == groups
    assert table.total is not None
    assert table.total[1] == 3


def test_both_days_of_the_period_count(session: Session) -> None:
    """`since` and `until` are days of closing, both included."""
    for days in (0, 1, 2, 3):
        close(session, "lost", days)
    since, until = START + timedelta(days=1), "2025-11-12"
    assert session.report("won_lost", since=since, until=until).rows[0][2] == 2


def test_the_largest_group_comes_first_and_the_total_is_of_all(session: Session, sellers: dict[str, User]) -> None:
    """Groups are sorted by what was won; the total's means are those of all deals, not of the groups' means."""
    close(session, "won", 10, 10, owner=sellers["ann"])
    close(session, "won", 10, 10, owner=sellers["ann"])
    close(session, "won", 40, 30, owner=sellers["cem"])
    table = session.report("won_lost", by="team")
    assert [row[0] for row in table.rows] == ["South", "North"]
    assert table.total == ("Total", 3, 0, Decimal(100), Decimal(50), Decimal(0), Decimal(20), None)


def test_a_viewer_sees_the_results_of_what_the_viewer_sees(crm: CRM, sellers: dict[str, User]) -> None:
    """Won and lost deals out of reach are in no figure, spans included."""
    with crm.session(actor="admin") as session:
        close(session, "won", 3, 10, owner=sellers["ann"])
        close(session, "won", 9, 10, owner=sellers["cem"])
    with crm.session(actor="ben") as session:
        assert session.report("won_lost", by="owner").rows[0][:2] == ("Ann", 1)
        assert session.report("won_lost").rows[0][6] == 3


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(st.integers(0, 400), min_size=1, max_size=12))
def test_the_database_finds_the_median(crm: CRM, days: list[int]) -> None:
    """Count, sum and median of the days are those of the statistics module; nine in ten are within the ninth decile."""
    with crm.session(actor="admin") as session:
        made = session.create_many(
            Opportunity,
            [
                {"name": "d", "stage": "won", "opened_on": START, "closed_on": START + timedelta(days=each)}
                for each in days
            ],
        )
        first = made[0].id
        entity = session.model.entities["opportunity"]
        where, values = "id >= given.first", {"first": first}
        found = spans(session.reader, entity, "opened_on", "closed_on", where=where, given=values, ranked=True)[()]
    assert (found.count, found.total, found.median) == (len(days), sum(days), Decimal(str(statistics.median(days))))
    assert found.p90 is not None
    assert sum(each <= found.p90 for each in days) >= 0.9 * len(days)
    assert sum(each < found.p90 for each in days) < 0.9 * len(days)
