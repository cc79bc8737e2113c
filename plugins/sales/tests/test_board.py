from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit import Money, Opportunity
from crmkit_sales.board import board

if TYPE_CHECKING:
    from crmkit import CRM, Session, User
    from crmkit_sales.board import BoardColumn

pytestmark = pytest.mark.row("E8")
OF_LEVEL = {"self": "owner == me()", "team": "owner.team == my_team()", "all": "id > 0"}


@pytest.fixture
def deals(crm: CRM, sellers: dict[str, User]) -> int:
    """Deals of every seller in every stage; return how many are open."""
    stages = ("prospecting", "qualification", "proposal", "negotiation", "won")
    given = [
        {"name": f"{name} {stage}", "owner": seller, "stage": stage, "amount": 10 * (place + 1), "probability": place}
        for name, seller in sellers.items()
        for place, stage in enumerate(stages)
    ]
    with crm.session(actor="admin") as session:
        session.create_many(Opportunity, given)
        session.create(Opportunity, name="worth unknown", owner=sellers["ann"])
    return len(sellers) * (len(stages) - 1) + 1


def listed(session: Session, column: BoardColumn, level: str) -> tuple[int, Decimal, Decimal]:
    """Return the totals of a column as the viewer's own list gives them."""
    records = session.find(Opportunity, f"{OF_LEVEL[level]} and stage == given.stage", given={"stage": column.stage})
    amount, weighted = Decimal(0), Decimal(0)
    for record in records:
        if isinstance(record.amount, Money) and record.probability is not None:
            amount += record.amount.base
            weighted += record.amount.base * record.probability / 100
    return len(records), amount, weighted


@pytest.mark.usefixtures("deals")
@pytest.mark.parametrize("level", ["self", "team", "all"])
@pytest.mark.parametrize("viewer", ["ann", "mia", "admin"])
def test_the_board_equals_the_viewers_lists(crm: CRM, viewer: str, level: str) -> None:
    """Count, sum and weighted sum of every column are those of the same viewer's list, at every level."""
    with crm.session(actor=viewer) as session:
        columns = board(session, level=level)
        totals = [(each.deals, each.amount, each.weighted) for each in columns]
        assert totals == [listed(session, each, level) for each in columns]


@pytest.mark.row("M10")
def test_levels_widen_as_far_as_the_viewer_reaches(crm: CRM, deals: int) -> None:
    """A representative sees the own deals, a manager the team's, an administrator all, whatever level is asked for."""
    seen = {}
    for viewer in ("ann", "mia", "admin"):
        with crm.session(actor=viewer) as session:
            seen[viewer] = [sum(each.deals for each in board(session, level=level)) for level in OF_LEVEL]
    assert seen == {"ann": [5, 5, 5], "mia": [4, 13, 13], "admin": [0, 0, deals]}


def test_somebody_without_a_team_is_a_team_alone(session: Session) -> None:
    """Who has no team sees the own deals at the level of the team."""
    session.create(Opportunity, name="a")
    assert [sum(each.deals for each in board(session, level=level)) for level in OF_LEVEL] == [1, 1, 1]


@pytest.mark.usefixtures("deals")
def test_cards_are_the_deals_of_their_column(crm: CRM) -> None:
    """Each column has its own deals as cards, the largest first and those of unknown worth last."""
    with crm.session(actor="ann") as session:
        first, second, *_ = board(session, cards=5)
        assert [card.name for card in first.cards] == ["ann prospecting", "worth unknown"]
        assert [(card.name, card.amount, card.owner) for card in second.cards] == [
            ("ann qualification", Decimal(20), "Ann")
        ]
    with crm.session(actor="admin") as session:
        table = session.report("board_cards", cards=1)
        assert [row[0] for row in table.rows] == ["Prospecting", "Qualification", "Proposal", "Negotiation"]
        assert table.notes == ("There are 13 more cards. Raise cards to see them.",)


@pytest.mark.usefixtures("deals")
def test_the_board_is_a_report(crm: CRM) -> None:
    """The report has a row a column, the totals of them all, and takes a filter."""
    with crm.session(actor="mia") as session:
        table = session.report("board", level="team", where="owner.name == 'Bob'")
        assert table.rows[1] == ("Qualification", 1, Decimal(20), Decimal("0.2"))
        assert table.total == ("Total", 4, Decimal(100), Decimal(2))
