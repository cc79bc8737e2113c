from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import Customer, Opportunity

if TYPE_CHECKING:
    from crmkit import Session

pytestmark = pytest.mark.row("E17")


def ends(session: Session) -> list[tuple[str, int]]:
    """Return the events about deals that were won or lost, with the deals' ids."""
    event = session.tables.system.event.c
    wanted = event.name.in_(["opportunity.won", "opportunity.lost"])
    rows = session.unit.connection.execute(sa.select(event.name, event.record_id).where(wanted).order_by(event.id))
    return [(str(name).partition(".")[2], number) for name, number in rows]


def test_an_end_is_announced_once_by_crmkit_after_move(session: Session) -> None:
    """Every time a deal comes to an end there is one event, and none for what happens to it there."""
    deal = session.create(Opportunity, name="a")
    deal = session.move(deal, "won")
    deal = session.update(deal, name="b")
    deal = session.move(deal, "won")
    assert ends(session) == [("won", deal.id)]
    deal = session.move(deal, "lost", lost_reason="other")
    deal = session.move(deal, "proposal")
    session.move(deal, "won")
    assert [name for name, _ in ends(session)] == ["won", "lost", "won"]


def test_an_end_is_announced_by_crmkit_after_create(session: Session) -> None:
    """A deal that is created at its end, as imports do, is announced like any other."""
    made = session.create_many(
        Opportunity,
        [{"name": "a", "stage": "won"}, {"name": "b"}, {"name": "c", "stage": "lost", "lost_reason": "price"}],
    )
    assert ends(session) == [("won", made[0].id), ("lost", made[2].id)]


def test_the_event_says_what_it_is_about(session: Session) -> None:
    """The event carries the worth in the base currency, the customer, and why and where a deal was lost."""
    acme = session.create(Customer, name="Acme")
    deal = session.create(Opportunity, name="a", customer=acme, amount="10 USD @ 0.9", stage="proposal")
    session.move(deal, "lost", lost_reason="price")
    event = session.tables.system.event.c
    text = session.unit.connection.execute(
        sa.select(event.payload).where(event.name == "opportunity.lost")
    ).scalar_one()
    assert json.loads(text) == {
        "amount": "9.0000",
        "customer": acme.id,
        "lost_reason": "price",
        "lost_stage": "proposal",
    }
