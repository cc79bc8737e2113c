from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit import AddChoice, Choice, Manifest, Opportunity, hookimpl
from crmkit.core.assemble.plugins import Plugin
from crmkit.errors import Refused
from crmkit_sales.fields import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import CRM, Session, User
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("E17")


def loss_of(session: Session, deal: Opportunity) -> tuple[str | None, str | None, str | None]:
    """Return reason, competitor and stage of a loss as they are stored."""
    found = session.get(Opportunity, deal.id)
    assert isinstance(found, Loss)
    return found.lost_reason, found.competitor, found.lost_stage


def test_a_loss_needs_a_reason(session: Session) -> None:
    """Losing a deal without saying why is refused, on the way and from the start, and changes nothing."""
    deal = session.create(Opportunity, name="a")
    with pytest.raises(Refused, match="Say why the opportunity was lost") as caught:
        session.move(deal, "lost")
    assert [(each.path, each.plugin) for each in caught.value.refusals] == [("lost_reason", "sales")]
    with pytest.raises(Refused, match="Say why"):
        session.create(Opportunity, name="b", stage="lost")
    assert session.get(Opportunity, deal.id) == deal
    assert session.count(Opportunity) == 1


def test_an_import_of_history_may_do_without_reasons(make_crm: CRMFactory) -> None:
    """Where the setting is off, losses come in without a reason."""
    with make_crm(["sales"], settings={"require_loss_reason": False}).session(actor="admin") as session:
        deal = session.create(Opportunity, name="a", stage="lost")
        assert loss_of(session, deal) == (None, None, None)


@pytest.mark.parametrize("stage", ["prospecting", "qualification", "proposal", "negotiation", "won"])
def test_the_stage_of_the_loss_is_the_one_that_was_left(session: Session, stage: str) -> None:
    """A deal can be lost in any stage, and the loss remembers which."""
    deal = session.create(Opportunity, name="a", stage=stage)
    lost = session.move(deal, "lost", lost_reason="competitor", competitor="Globex")
    assert loss_of(session, lost) == ("competitor", "Globex", stage)


def test_a_stage_of_loss_that_is_known_is_kept(session: Session) -> None:
    """An imported loss may say itself in which stage it happened."""
    deal = session.create(Opportunity, name="a", stage="lost", lost_reason="price", lost_stage="proposal")
    assert loss_of(session, deal) == ("price", None, "proposal")


def test_reopening_forgets_the_loss(session: Session) -> None:
    """A deal that is open again has no reason of loss; one that is lost again gets its own."""
    deal = session.move(session.create(Opportunity, name="a"), "lost", lost_reason="price", competitor="Globex")
    deal = session.move(deal, "proposal")
    assert loss_of(session, deal) == (None, None, None)
    with pytest.raises(Refused, match="Say why"):
        session.move(deal, "lost")
    deal = session.move(deal, "lost", lost_reason="timing")
    assert loss_of(session, deal) == ("timing", None, "proposal")


def test_a_competitor_in_the_running_stays(session: Session) -> None:
    """Who else is in the running is kept while the deal goes from one open stage to the next."""
    deal = session.move(session.create(Opportunity, name="a", competitor="Globex"), "proposal")
    assert loss_of(session, deal) == (None, "Globex", None)


def test_losses_are_reported_by_stage_and_reason(session: Session) -> None:
    """Rows come in the order of the stages, the most frequent reason first, unknown stages last."""
    for stage, reason, amount, competitor in (
        ("proposal", "price", 10, "Globex"),
        ("proposal", "price", 20, None),
        ("proposal", "timing", 5, None),
        ("prospecting", "no_need", 1, None),
    ):
        deal = session.create(Opportunity, name="a", stage=stage, amount=amount, competitor=competitor)
        session.move(deal, "lost", lost_reason=reason)
    session.create(Opportunity, name="b", stage="lost", lost_reason="other", amount=4)
    session.create(Opportunity, name="c", stage="won", amount=100)
    table = session.report("losses")
    assert table.rows == (
        ("Prospecting", "No need", 1, Decimal(20), Decimal(1)),
        ("Proposal", "Price", 2, Decimal(40), Decimal(30)),
        ("Proposal", "Timing", 1, Decimal(20), Decimal(5)),
        ("Not known", "Other", 1, Decimal(20), Decimal(4)),
    )
    assert table.total == ("Total", None, 5, Decimal(100), Decimal(40))
    competitors = [row[2] for row in session.report("losses", competitor="yes", where="lost_reason == 'price'").rows]
    assert sorted(map(str, competitors)) == ["Globex", "Not known"]
    assert "No need" in table.to_svg()


def test_reasons_can_be_added(make_crm: CRMFactory) -> None:
    """An edition or another plugin adds reasons of its own, and the report calls them by their labels."""

    class House:
        """Adds a reason."""

        @staticmethod
        @hookimpl
        def crmkit_declare() -> Iterator[object]:
            """Yield the reason."""
            yield AddChoice("opportunity.lost_reason", Choice("export_ban", "Export ban"))

    house = Plugin(manifest=Manifest(name="house", requires=("sales",)), hooks=(House,))
    with make_crm([house]).session(actor="admin") as session:
        session.create(Opportunity, name="a", stage="lost", lost_reason="export_ban")
        assert session.report("losses").rows[0][1] == "Export ban"


def test_a_viewer_sees_the_losses_of_what_the_viewer_sees(crm: CRM, sellers: dict[str, User]) -> None:
    """Losses out of reach are in no row."""
    with crm.session(actor="admin") as session:
        for name in ("ann", "bob", "cem"):
            session.create(Opportunity, name=name, stage="lost", lost_reason="price", owner=sellers[name])
    counts = {}
    for name in ("admin", "mia", "ann"):
        with crm.session(actor=name) as session:
            counts[name] = session.report("losses").rows[0][2]
    assert counts == {"admin": 3, "mia": 2, "ann": 1}
