from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Opportunity, Product
from crmkit.errors import Refused
from crmkit_sales.assessment import assess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit import CRM, Session, User
    from crmkit.testing.clock import FrozenClock

pytestmark = pytest.mark.row("E2")
OPENED, CLOSED = date(2026, 1, 1), date(2026, 1, 21)


def pass_through(session: Session, clock: FrozenClock, days: Mapping[str, float], end: str) -> None:
    """Take a deal through stages, staying so many days in each, to an end."""
    first, *others = days
    deal = session.create(Opportunity, name="past", stage=first)
    clock.advance(days=days[first])
    for stage in others:
        deal = session.move(deal, stage)
        clock.advance(days=days[stage])
    session.move(deal, end, **({"lost_reason": "price"} if end == "lost" else {}))


def test_the_days_left_are_the_medians_of_won_deals(session: Session, clock: FrozenClock) -> None:
    """What is left is the median stay in this stage less the days spent, and the medians of the stages behind it."""
    for proposal, negotiation in ((6, 1), (10, 3), (20, 8)):
        days = {"prospecting": 2, "qualification": 4, "proposal": proposal, "negotiation": negotiation}
        pass_through(session, clock, days, "won")
    pass_through(session, clock, {"proposal": 90}, "lost")
    deal = session.create(Opportunity, name="this", stage="proposal")
    clock.advance(days=4)
    found = assess(session, deal)
    assert (found.days_in_stage, found.days_left, found.won_before) == (Decimal(4), Decimal(9), 3)
    clock.advance(days=30)
    assert assess(session, deal).days_left == 3


def test_the_chance_is_that_of_deals_that_came_as_far(session: Session, clock: FrozenClock) -> None:
    """The historical rate is of closed deals that were in this stage or a later one; others say nothing about it."""
    pass_through(session, clock, {"prospecting": 1, "proposal": 1}, "won")
    pass_through(session, clock, {"negotiation": 1}, "lost")
    pass_through(session, clock, {"proposal": 1}, "lost")
    pass_through(session, clock, {"qualification": 1}, "lost")
    session.create(Opportunity, name="imported", stage="won")
    found = assess(session, session.create(Opportunity, name="this", stage="proposal"))
    assert (found.probability, found.win_rate, found.came_this_far) == (Decimal(25), Decimal("33.33"), 3)


def test_too_little_history_is_told(session: Session) -> None:
    """Without history the figures are empty, their number is nought, and the report says that it says little."""
    session.create(Opportunity, name="this")
    table = session.report("deal", deal="this")
    still, rate = (row for row in table.rows if row[0] in {table.rows[3][0], table.rows[5][0]})
    assert still[1:] == (None, None, None, 0)
    assert rate[1:] == (None, None, None, 0)
    assert "Figures that rest on fewer than 5 past deals say little." in table.notes


def test_a_stage_nobody_stayed_in_is_named(session: Session, clock: FrozenClock) -> None:
    """Stages without a past stay count as taking no time, and the report names them."""
    pass_through(session, clock, {"prospecting": 2, "negotiation": 5}, "won")
    deal = session.create(Opportunity, name="this")
    assert assess(session, deal).days_left == 7
    notes = session.report("deal", deal="this").notes
    assert any("Qualification, Proposal" in note for note in notes)


def test_similar_deals_share_product_or_industry_and_size(session: Session) -> None:
    """Similar are closed deals of the same product or industry at half to twice the amount, and not the deal itself."""
    saw, axe = (session.create(Product, name=name) for name in ("Saw", "Axe"))
    mill, farm = (session.create(Customer, name=name, industry=name) for name in ("mill", "farm"))
    past = [
        ("won", saw, farm, 50),
        ("won", axe, mill, 200),
        ("lost", saw, None, 100),
        ("won", axe, farm, 100),
        ("won", saw, mill, 201),
        ("lost", saw, mill, "49.99"),
        ("lost", saw, mill, None),
    ]
    session.create_many(
        Opportunity,
        [
            {
                "name": "past",
                "stage": stage,
                "product": product,
                "customer": customer,
                "amount": amount,
                "lost_reason": "price" if stage == "lost" else None,
                "opened_on": OPENED,
                "closed_on": CLOSED,
            }
            for stage, product, customer, amount in past
        ],
    )
    deal = session.create(Opportunity, name="this", product=saw, customer=mill, amount=100)
    found = assess(session, deal).similar
    assert (found.closed, found.win_rate, found.priced) == (3, Decimal("66.67"), 3)
    assert found.mean_amount == Decimal("116.67")
    assert (found.median_days, found.timed, found.unpriced) == (Decimal(20), 2, 1)
    notes = session.report("deal", deal="this").notes
    assert found.meaning == "Similar are closed deals for the same product or industry, of half to twice the amount."
    assert "Closed deals without an amount are not compared; there are 1." in notes


def test_a_closed_deal_needs_no_more_days(session: Session) -> None:
    """A deal that is over has no days left and no stage to come from."""
    found = assess(session, session.create(Opportunity, name="this", stage="won"))
    assert (found.days_left, found.win_rate, found.probability) == (None, None, Decimal(100))


def test_only_what_the_viewer_sees_is_history(crm: CRM, clock: FrozenClock, sellers: dict[str, User]) -> None:
    """A representative's figures rest on the own deals, a manager's on the team's."""
    for name in ("ann", "bob"):
        with crm.session(actor=name) as session:
            pass_through(session, clock, {"prospecting": 3}, "won")
    with crm.session(actor="ann") as session:
        deal = session.create(Opportunity, name="this", owner=sellers["ann"])
        assert assess(session, deal).came_this_far == 1
    with crm.session(actor="mia") as session:
        assert assess(session, deal).came_this_far == 2
        assert session.report("deal", deal="this").title == "this: Prospecting"
    with crm.session(actor="cem") as session, pytest.raises(Refused, match="There is no opportunity 'this'"):
        session.report("deal", deal="this")
