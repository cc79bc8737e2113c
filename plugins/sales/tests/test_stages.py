from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from crmkit import Opportunity
from crmkit.errors import Refused

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

OPEN = ("prospecting", "qualification", "proposal", "negotiation")


@pytest.mark.row("E5")
def test_every_step_doubles_the_chance(crm: CRM) -> None:
    """Each stage of the standard pipeline is twice as likely to end well as the one before; won is certain."""
    pipeline = crm.model.pipelines["opportunity"]
    chances = [pipeline.stage(name).probability for name in (*OPEN, "won")]
    assert chances == [Decimal("6.25"), Decimal("12.5"), 25, 50, 100]
    assert all(earlier is not None and later == 2 * earlier for earlier, later in pairwise(chances))
    assert pipeline.stage("lost").probability == 0


@pytest.mark.row("E5")
def test_the_chance_snaps_on_entry_unless_it_is_given(session: Session) -> None:
    """A deal gets the stage's probability when it enters, or the one that the move gives."""
    deal = session.create(Opportunity, name="a")
    assert (deal.stage, deal.probability) == ("prospecting", Decimal("6.25"))
    deal = session.move(deal, "proposal", probability=60)
    assert deal.probability == 60
    deal = session.move(deal, "negotiation")
    assert deal.probability == 50
    assert session.move(deal, "won").probability == 100
    lost = session.move(session.create(Opportunity, name="b"), "lost", lost_reason="price")
    assert lost.probability == 0


@pytest.mark.row("E4")
def test_the_stages_are_data_with_order_and_limits(crm: CRM) -> None:
    """Every open stage has a place, a label and a limit; the plugin's own say where their deals go without it."""
    pipeline = crm.model.pipelines["opportunity"]
    assert tuple(each.name for each in pipeline.stages) == (*OPEN, "won", "lost")
    assert all(each.stage.limit for each in pipeline.stages if not each.stage.is_closed)
    assert {each.name: each.on_remove for each in pipeline.stages if each.provider == "sales"} == {
        "prospecting": "map:qualification",
        "negotiation": "map:proposal",
    }


@pytest.mark.row("E7")
@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({}, {("prospecting", "negotiation"), ("negotiation", "prospecting"), ("negotiation", "proposal")}),
        ({"skip_stages": False}, {("negotiation", "prospecting"), ("negotiation", "proposal")}),
        ({"step_back": "previous"}, {("prospecting", "negotiation"), ("negotiation", "proposal")}),
        ({"step_back": "none", "skip_stages": False}, set()),
    ],
)
def test_settings_say_which_steps_are_allowed(
    make_crm: CRMFactory, settings: dict[str, object], allowed: set[tuple[str, str]]
) -> None:
    """Skipping forward and going back are rules of the house; the next stage and the closed ones are always open."""
    steps = {("prospecting", "negotiation"), ("negotiation", "prospecting"), ("negotiation", "proposal")}
    always = {("prospecting", "qualification"), ("prospecting", "won")}
    with make_crm(["sales"], settings=settings).session(actor="admin") as session:
        refused = {step: refusers(session, *step) for step in steps | always}
    assert {step for step, plugins in refused.items() if not plugins} == allowed | always
    assert {plugin for plugins in refused.values() for plugin in plugins} <= {"sales"}


def refusers(session: Session, source: str, target: str) -> list[str]:
    """Return the plugins that refuse a step."""
    deal = session.create(Opportunity, name="a", stage=source)
    try:
        session.move(deal, target)
    except Refused as error:
        return [each.plugin for each in error.refusals]
    return []


@pytest.mark.row("E7")
def test_a_deal_that_stays_too_long_is_in_the_overdue_list(session: Session, clock: FrozenClock) -> None:
    """A deal that outstays the limit of its stage is listed until it moves on."""
    deal = session.create(Opportunity, name="slow", stage="negotiation")
    clock.advance(days=22)
    assert [row[1] for row in session.report("overdue").rows] == ["slow"]
    session.move(deal, "won")
    assert session.report("overdue").rows == ()


@pytest.mark.row("E7")
def test_every_move_is_told_by_the_history(session: Session, clock: FrozenClock) -> None:
    """The stage report of time tells how long a deal was in each stage that it left."""
    deal = session.create(Opportunity, name="a", amount=10)
    clock.advance(days=3)
    session.move(deal, "qualification")
    assert session.report("stage_time").records()[0]["mean_days"] == 3
