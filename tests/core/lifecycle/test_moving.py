"""Moving through stages: every gate, the history, and no way around."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import AddStage, Batch, ChangeStage, Customer, Gate, Move, MoveDraft, Opportunity, Pipeline, Session, Stage
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

STRICT = Pipeline(
    name="strict",
    entity="opportunity",
    forward="next",
    back="previous",
    reopen=False,
    stages=(
        Stage(
            "start", probability=10, leave=(Gate(condition="amount is not None", message="No amount.", path="amount"),)
        ),
        Stage(
            "middle",
            probability=40,
            requires=("contact", "expected_close"),
            entry=(Gate(condition="level == 'high'", message="Not urgent.", path="level"),),
        ),
        Stage("late", probability=80),
        Stage("won", kind="won", probability=100),
        Stage("lost", kind="lost", probability=0),
    ),
    moves=(Move("late", "start"),),
)


@pytest.fixture
def strict(make_crm: CRMFactory) -> CRM:
    """A CRM with a second, strict pipeline for opportunities."""
    return make_crm([make_plugin("strict", STRICT)])


def unmet(error: BaseException) -> list[tuple[str, str]]:
    """Return path and plugin of every refusal."""
    assert isinstance(error, Refused)
    return sorted((each.path, each.plugin) for each in error.refusals)


@pytest.mark.row("E4")
def test_all_unmet_gates_are_told(strict: CRM) -> None:
    """A move that meets no gate is refused with all of them; met on the way, they let it pass."""
    with strict.session(actor="admin") as session:
        deal = session.create(Opportunity, name="Deal", pipeline="strict")
        assert (deal.stage, str(deal.probability)) == ("start", "10")
        with refused(strict, session, Refused) as caught:
            session.move(deal, "middle")
        assert unmet(caught.value) == [
            ("amount", "core"),
            ("contact", "core"),
            ("expected_close", "core"),
            ("level", "core"),
        ]
        with refused(strict, session, Refused):
            session.move_many([deal], "middle")
        deal = session.update(deal, amount=100, level="high")
        with refused(strict, session, Refused) as caught:
            session.move(deal, "middle")
        assert unmet(caught.value) == [("contact", "core"), ("expected_close", "core")]


@pytest.mark.row("E4")
@pytest.mark.parametrize("named", [None, "strict"])
def test_the_rules_of_a_pipeline_can_not_be_gone_around(strict: CRM, named: str | None) -> None:
    """Skipping, going back too far and reopening are refused, also when the move names the pipeline it is in."""
    with strict.session(actor="admin") as session:
        deal = session.create(Opportunity, name="Deal", pipeline="strict", amount=5)
        with refused(strict, session, Refused):
            session.move(deal, "late", pipeline=named)
        with refused(strict, session, Refused):
            session.move(deal, "nowhere", pipeline=named)
        empty = session.update(deal, amount=None)
        with refused(strict, session, Refused) as caught:
            session.move(empty, "lost", pipeline=named)
        assert unmet(caught.value) == [("amount", "core")]
        deal = session.update(empty, amount=5)
        lost = session.move(deal, "lost", pipeline=named)
        assert lost.stage_kind == "lost"
        with refused(strict, session, Refused):
            session.move(lost, "start", pipeline=named)


def test_a_new_record_passes_the_gates_of_its_stage(strict: CRM) -> None:
    """A record that begins beyond the first stage meets the gates and guards of entering it."""
    with strict.session(actor="admin") as session:
        with refused(strict, session, Refused) as caught:
            session.create(Opportunity, name="Deal", pipeline="strict", stage="middle")
        assert unmet(caught.value) == [("contact", "core"), ("expected_close", "core"), ("level", "core")]
        won = session.create(Opportunity, name="Deal", stage="won")
        assert (won.stage_kind, str(won.probability), won.closed_on) == ("won", "100", session.today)


def test_guards_of_moves_guard_creation_too(make_crm: CRMFactory) -> None:
    """A plugin's guard of moves refuses a record that is created in the stage."""

    def before(session: Session, moves: Batch[MoveDraft]) -> None:
        for move in moves.of(Opportunity, to="won"):
            move.refuse("amount", "Never.")

    crm = make_crm([make_plugin("guarding", before_move=before)])
    with crm.session(actor="admin") as session:
        deal = session.create(Opportunity, name="Deal")
        acts: tuple[Callable[[], Opportunity], ...] = (
            lambda: session.move(deal, "won"),
            lambda: session.create(Opportunity, name="Deal", stage="won"),
            lambda: session.create(Opportunity, name="Deal", stage="Won"),
        )
        for act in acts:
            with refused(crm, session, Refused) as caught:
                act()
            assert unmet(caught.value) == [("amount", "guarding")]


def test_probability_snaps_unless_another_is_given(session: Session) -> None:
    """Entering a stage sets its probability; one that is given stays, even if it is the one of before."""
    deal = session.create(Opportunity, name="Deal")
    assert deal.probability == 20
    assert session.move(deal, "proposal", probability=20).probability == 20
    assert session.create(Opportunity, name="Deal", probability=33).probability == 33
    other = session.create(Opportunity, name="Deal")
    assert session.move(other, "proposal").probability == 50


def test_a_move_to_where_it_is_changes_no_stage(crm: CRM, session: Session) -> None:
    """Moving to the present stage writes nothing; values given along are refused, not lost."""
    deal = session.create(Opportunity, name="Deal")
    before = snapshot(crm, session.unit.connection)
    assert session.move(deal, "qualification") == deal
    assert session.move(deal, "Qualification", pipeline="opportunity") == deal
    assert snapshot(crm, session.unit.connection) == before
    with refused(crm, session, Refused):
        session.move(deal, "qualification", amount=5)


@pytest.mark.row("E7")
def test_stage_history_sums_to_wall_time(crm: CRM, session: Session, clock: FrozenClock) -> None:
    """Every entry into a stage is one row with both stages, time, actor and amount; times in stages add up."""
    deal = session.create(Opportunity, name="Deal", amount=100)
    start = deal.stage_since
    for stage, hours in (("proposal", 5), ("qualification", 7), ("won", 11)):
        clock.advance(hours=hours)
        deal = session.move(deal, stage, amount=100 + hours)
    history = crm.tables.system.stage_history
    rows = session.unit.connection.execute(sa.select(history).order_by(history.c.id)).mappings().all()
    assert [(row["source"], row["target"], row["kind"]) for row in rows] == [
        (None, "qualification", "open"),
        ("qualification", "proposal", "open"),
        ("proposal", "qualification", "open"),
        ("qualification", "won", "won"),
    ]
    assert sum(row["seconds"] or 0 for row in rows) == (deal.stage_since - start) / dt.timedelta(seconds=1)
    assert [row["amount"] for row in rows] == [1_000_000, 1_050_000, 1_070_000, 1_110_000]
    assert {row["actor_id"] for row in rows} == {session.principal.user}
    assert (deal.stage_since, deal.closed_on) == (clock.now, session.today)
    assert session.move(deal, "proposal").closed_on is None


def test_no_one_enters_a_hidden_stage(make_crm: CRMFactory) -> None:
    """A hidden stage is entered neither by a move nor by a new record; records in it may leave."""
    database = make_crm.database()
    with make_crm(on=database).session(actor="admin") as session:
        inside = session.create(Opportunity, name="Inside", stage="proposal")
    crm = make_crm([make_plugin("tidy", ChangeStage("opportunity", "proposal", hidden=True))], on=database)
    with crm.session(actor="admin") as session:
        deal = session.create(Opportunity, name="Deal")
        with refused(crm, session, Refused):
            session.move(deal, "proposal")
        with refused(crm, session, Refused):
            session.create(Opportunity, name="Deal", stage="proposal")
        assert session.move(session.get(Opportunity, inside.id), "won").stage == "won"


def test_a_record_leaves_a_stage_that_is_gone(make_crm: CRMFactory) -> None:
    """Records in a stage whose plugin is gone keep its kind and may leave it."""
    database = make_crm.database()
    plugin = make_plugin("more", AddStage("opportunity", Stage("parked", kind="waiting"), after="proposal"))
    with make_crm([plugin], on=database).session(actor="admin") as session:
        deal = session.create(Opportunity, name="Deal", stage="parked")
    crm = make_crm(on=database)
    with crm.session(actor="admin") as session:
        deal = session.get(Opportunity, deal.id)
        assert (deal.stage, deal.stage_kind) == ("parked", "waiting")
        deal = session.update(deal, name="Still workable")
        with refused(crm, session, Refused):
            session.create(Opportunity, name="Other", stage="parked")
        assert session.move(deal, "proposal").stage == "proposal"


def test_a_stage_since_lies_in_the_past(crm: CRM, session: Session, clock: FrozenClock) -> None:
    """A record may have entered its stage before it came here, not in the future."""
    earlier = clock.now - dt.timedelta(days=30)
    assert session.create(Opportunity, name="Old", stage_since=earlier).stage_since == earlier
    for wrong in ("2999-01-01", "soon"):
        with refused(crm, session, Refused):
            session.create(Opportunity, name="Wrong", stage_since=wrong)
    with refused(crm, session, Refused):
        session.create(Customer, name="Wrong", pipeline="opportunity")
