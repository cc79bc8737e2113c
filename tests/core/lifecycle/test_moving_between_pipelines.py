"""Moves to another pipeline: no way around the gates of the one that is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Gate, Opportunity, Pipeline, Stage
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory

GUARDED = Pipeline(
    name="guarded",
    entity="opportunity",
    reopen=False,
    stages=(
        Stage("start", leave=(Gate(condition="description is not None", message="Describe it first."),)),
        Stage("won", "Won", kind="won", probability=100),
        Stage("proposal", hidden=True),
    ),
)


@pytest.fixture
def plugins() -> list[object]:
    """A second pipeline of opportunities, with a gate, a final stage and a hidden one."""
    return [make_plugin("guarding", GUARDED)]


def test_a_leave_gate_holds_when_the_pipeline_changes(make_crm: CRMFactory, plugins: list[object]) -> None:
    """A record whose stage may not be left yet stays in its pipeline, too."""
    with make_crm(plugins).session(actor="admin") as session:
        deal = session.create(Opportunity, name="Deal", pipeline="guarded")
        with pytest.raises(Refused, match="Describe it first"):
            session.move(deal, "proposal", pipeline="opportunity")
        deal = session.move(deal, "proposal", pipeline="opportunity", description="Described.")
        assert (deal.pipeline, deal.stage) == ("opportunity", "proposal")


def test_a_final_stage_is_final_for_every_pipeline(make_crm: CRMFactory, plugins: list[object]) -> None:
    """Where a pipeline does not reopen, another pipeline is no way to do so."""
    with make_crm(plugins).session(actor="admin") as session:
        deal = session.create(Opportunity, name="Deal", pipeline="guarded", description="Described.")
        deal = session.move(deal, "won")
        with pytest.raises(Refused, match="does not allow it"):
            session.move(deal, "proposal", pipeline="opportunity")


def test_a_hidden_stage_of_another_pipeline_is_not_entered(make_crm: CRMFactory, plugins: list[object]) -> None:
    """A stage that is no longer in use isn't entered from another pipeline's stage of the same name either."""
    with make_crm(plugins).session(actor="admin") as session:
        deal = session.move(session.create(Opportunity, name="Deal"), "proposal")
        with pytest.raises(Refused, match="no longer in use"):
            session.move(deal, "proposal", pipeline="guarded")


def test_equal_stages_of_two_pipelines_are_still_two(make_crm: CRMFactory, plugins: list[object]) -> None:
    """Changing the pipeline is a move even if the stages are alike."""
    with make_crm(plugins).session(actor="admin") as session:
        deal = session.move(session.create(Opportunity, name="Deal"), "won")
        deal = session.move(deal, "won", pipeline="guarded")
        assert (deal.pipeline, deal.stage, deal.version) == ("guarded", "won", 3)
