from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer

if TYPE_CHECKING:
    from crmkit import CRM, User
    from crmkit.core.lifecycle.session import Session
    from crmkit.testing.clock import FrozenClock
    from tests.core.reading.reports.standard.conftest import MakeDeal

pytestmark = pytest.mark.row("E7")


def test_stays_and_ages_are_measured(session: Session, clock: FrozenClock, make_deal: MakeDeal) -> None:
    """Stays that have ended give mean, median and ninth decile; who is inside gives an age and may be late."""
    deals = [make_deal(session, f"deal {number}") for number in range(4)]
    for number, deal in enumerate(deals[:3]):
        clock.advance(days=4 if number == 2 else 1)
        session.move(deal, "proposal")
    clock.advance(days=6)
    first, second, *_ = session.report("stage_time").records()
    assert first == {
        "stage": "Qualification",
        "entered": 4,
        "left": 3,
        "mean_days": Decimal("3.00"),
        "median_days": Decimal("2.00"),
        "p90_days": Decimal("6.00"),
        "inside": 1,
        "age_days": Decimal("12.00"),
        "limit_days": Decimal("10.00"),
        "overdue": 1,
    }
    assert (second["entered"], second["left"], second["inside"], second["overdue"]) == (3, 0, 3, 3)


def test_a_second_stay_is_a_stay_of_its_own(session: Session, clock: FrozenClock, make_deal: MakeDeal) -> None:
    """A record that comes back to a stage has entered it twice."""
    deal = make_deal(session, "a")
    for stage, days in (("proposal", 2), ("qualification", 1), ("proposal", 4)):
        clock.advance(days=days)
        deal = session.move(deal, stage)
    first = session.report("stage_time").records()[0]
    assert (first["entered"], first["left"], first["mean_days"]) == (2, 2, Decimal("3.00"))


def test_the_time_in_stages_is_of_what_the_viewer_sees(
    crm: CRM, clock: FrozenClock, make_deal: MakeDeal, sellers: dict[str, User]
) -> None:
    """Stays, ages and late records out of reach are in no figure."""
    with crm.session(actor="admin") as session:
        deals = [make_deal(session, name, owner=sellers[name]) for name in ("ann", "cem")]
        clock.advance(days=20)
        session.move(deals[1], "proposal")
    with crm.session(actor="ann") as session:
        first = session.report("stage_time").records()[0]
        assert (first["entered"], first["left"], first["overdue"]) == (1, 0, 1)


def test_overdue_records_are_listed_the_longest_first(
    session: Session, clock: FrozenClock, make_deal: MakeDeal
) -> None:
    """A record is overdue when it has been in its stage for longer than the limit, not when the limit is reached."""
    make_deal(session, "oldest")
    clock.advance(days=4)
    make_deal(session, "old")
    make_deal(session, "short", "proposal")
    clock.advance(days=6)
    assert [row[1] for row in session.report("overdue").rows] == ["short"]
    clock.advance(days=4, seconds=1)
    rows = session.report("overdue", limit=2)
    assert [row[1] for row in rows.rows] == ["oldest", "old"]
    assert rows.rows[0][-2:] == (timedelta(days=10), timedelta(days=4, seconds=1))
    assert rows.notes == ("There is 1 more. Raise the limit to see it.",)


def test_overdue_records_of_one_owner(
    session: Session, clock: FrozenClock, make_deal: MakeDeal, sellers: dict[str, User]
) -> None:
    """The list can be that of one owner."""
    make_deal(session, "hers", owner=sellers["ann"])
    make_deal(session, "mine")
    clock.advance(days=11)
    assert [row[1:3] for row in session.report("overdue", owner="ann").rows] == [("hers", "Ann")]


def test_a_pipeline_without_limits_says_so(session: Session) -> None:
    """Where no stage has a limit nothing is overdue, and the report tells why it is empty."""
    session.create(Customer, name="Acme")
    table = session.report("overdue", entity="customer")
    assert (table.rows, table.notes) == ((), ("No stage of this pipeline has a limit.",))
    assert [row[-1] for row in session.report("stage_time", entity="customer").rows] == [None] * 4
