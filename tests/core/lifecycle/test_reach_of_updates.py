"""Updates of actors whose reach is bound: the predicate is part of the statement, and values of every kind arrive."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from crmkit import SYSTEM, Opportunity, User, duration, extend
from crmkit import datetime as moment
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory


@extend(Opportunity)
class Call:
    """A field of each kind that a driver takes in another form than Python."""

    called_at: datetime | None = moment()
    talked: timedelta | None = duration()


def test_a_bound_actor_writes_values_of_every_kind(make_crm: CRMFactory) -> None:
    """A member changes an own record by dates, times, money, tags and references, and reads them back unchanged."""
    crm = make_crm([make_plugin("calls", Call)])
    with crm.session(actor=SYSTEM) as session:
        session.create(User, name="Mel", external_id="mel", roles=["member"])
    values: dict[str, Any] = {
        "expected_close": date(2026, 5, 1),
        "called_at": datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
        "talked": timedelta(minutes=7),
        "amount": "12.50 EUR",
        "tags": ["b", "a"],
        "probability": "33.5",
        "description": None,
    }
    with crm.session(actor="mel") as session:
        deal = session.create(Opportunity, name="Deal", description="x")
        deal = session.update(deal, **values)
        deal = session.move(deal, "proposal")
    with crm.session(actor="mel") as session:
        read = session.get(Opportunity, deal.id)
        assert read == deal
        assert (read.expected_close, read.called_at, read.talked) == tuple(values.values())[:3]
        assert (read.tags, read.description, read.stage) == (("a", "b"), None, "proposal")
