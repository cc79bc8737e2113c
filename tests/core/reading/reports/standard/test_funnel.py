from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import Customer, Manifest, Opportunity, Pipeline, Stage, hookimpl
from crmkit.core.assemble.plugins import Plugin
from crmkit.errors import AccessDeniedError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import CRM, User
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.reports.table import Table
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory
    from tests.core.reading.reports.standard.conftest import MakeDeal

pytestmark = pytest.mark.row("D20")
NOW, REACHED, TO_NEXT, OF_ALL = 2, 3, 4, 5
STAGES = ("qualification", "proposal", "won", "lost")


def column(table: Table, place: int) -> list[object]:
    """Return one column by the rows' order: qualification, proposal, won, lost."""
    return [row[place] for row in table.rows]


def test_a_cohort_counts_how_far_records_came(session: Session, make_deal: MakeDeal) -> None:
    """A record has reached every stage it was in and those it skipped on its way, wherever it is now."""
    make_deal(session, "waits")
    make_deal(session, "fell back", "qualification", "proposal", "qualification")
    make_deal(session, "lost late", "qualification", "proposal", "lost")
    make_deal(session, "skipped", "qualification", "won")
    make_deal(session, "reopened", "qualification", "won", "proposal")
    table = session.report("funnel", mode="cohort")
    assert column(table, NOW) == [2, 1, 1, 1]
    assert column(table, REACHED) == [5, 4, 2, 1]
    assert column(table, TO_NEXT) == [80, 50, None, None]
    assert column(table, OF_ALL) == [100, 80, 40, 20]


def test_a_snapshot_counts_where_records_are(session: Session, make_deal: MakeDeal) -> None:
    """A snapshot knows where records are now and nothing of their past; a lost one counts for the first stage only."""
    make_deal(session, "fell back", "qualification", "proposal", "qualification")
    make_deal(session, "lost late", "qualification", "proposal", "lost")
    make_deal(session, "won", "won")
    table = session.report("funnel")
    assert column(table, NOW) == [1, 0, 1, 1]
    assert column(table, REACHED) == [3, 1, 1, 1]
    assert any("a snapshot doesn't tell" in note for note in table.notes)


def test_records_that_came_in_later_count_from_the_first_stage_on(session: Session, make_deal: MakeDeal) -> None:
    """A record that was imported into a later stage passed the earlier ones elsewhere; a lost one is told of."""
    make_deal(session, "proposal", "proposal")
    make_deal(session, "lost", "lost")
    table = session.report("funnel", mode="cohort")
    assert column(table, REACHED) == [2, 1, 0, 1]
    assert "Records that came in lost or void: 1. They count for the first stage only." in table.notes


def test_a_cohort_is_of_those_that_entered_in_the_period(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """The day of entry is one of the home time zone, and an entry before the record came to this CRM counts."""
    crm = make_crm(time_zone="Asia/Shanghai")
    with crm.session(actor="admin") as session:
        session.create(Opportunity, name="late evening in London", stage_since="2026-01-31T23:30:00+00:00")
        session.create(Opportunity, name="long ago", stage_since="2025-06-01T12:00:00")
        clock.advance(days=3)
        session.create(Opportunity, name="today")
        february = session.report("funnel", mode="cohort", since="2026-02-01", until="2026-02-28")
        march = session.report("funnel", mode="cohort", since="2026-03-05")
    assert (february.rows[0][REACHED], march.rows[0][REACHED]) == (1, 1)


def test_a_snapshot_has_no_period(session: Session) -> None:
    """Asking a snapshot for a period is refused, with what to do."""
    with pytest.raises(Refused, match="mode=cohort"):
        session.report("funnel", since="2026-01-01")


def test_one_function_serves_every_entity(session: Session) -> None:
    """Whatever goes through stages has a funnel by the same report."""
    customer = session.create(Customer, name="Acme")
    session.move(customer, "active")
    assert column(session.report("funnel", entity="customer", mode="cohort"), REACHED)[:2] == [1, 1]


def test_records_that_went_on_in_another_pipeline_are_told(make_crm: CRMFactory) -> None:
    """A record that left for another pipeline stays in the cohort that it entered with, in a row of its own."""

    class Renewals:
        """A second pipeline."""

        @staticmethod
        @hookimpl
        def crmkit_declare() -> Iterator[object]:
            """Yield the pipeline."""
            yield Pipeline(name="renewal", entity="opportunity", stages=(Stage("asked"), Stage("kept", kind="won")))

    with make_crm([Plugin(manifest=Manifest(name="renewals"), hooks=(Renewals,))]).session(actor="admin") as session:
        deal = session.create(Opportunity, name="a", stage="proposal")
        session.move(deal, "kept", pipeline="renewal")
        table = session.report("funnel", mode="cohort")
        assert table.rows[-1][:4] == ("In another pipeline", "", 1, 1)
        assert column(table, REACHED)[:3] == [1, 1, 0]
        assert session.report("funnel", mode="cohort", pipeline="renewal").rows[0][REACHED] == 1


def test_a_viewer_sees_the_way_of_what_the_viewer_sees(crm: CRM, make_deal: MakeDeal, sellers: dict[str, User]) -> None:
    """History is seen with its record: a deal out of reach is in neither mode."""
    with crm.session(actor="admin") as session:
        for name in ("ann", "cem"):
            make_deal(session, name, "qualification", "proposal", owner=sellers[name])
    with crm.session(actor="ann") as session:
        for mode in ("snapshot", "cohort"):
            assert column(session.report("funnel", mode=mode), REACHED) == [1, 1, 0, 0]
        with pytest.raises(AccessDeniedError):
            session.report("funnel", entity="customer")


def test_deleted_records_are_in_no_figure(session: Session, make_deal: MakeDeal) -> None:
    """A deleted deal leaves the funnel, history and all."""
    session.delete(make_deal(session, "a", "qualification", "won"))
    assert column(session.report("funnel", mode="cohort"), REACHED) == [0, 0, 0, 0]


def test_the_chart_shows_the_way_and_not_who_dropped_out(session: Session, make_deal: MakeDeal) -> None:
    """Lost records have a row but no part in the picture."""
    make_deal(session, "a", "lost")
    drawn = session.report("funnel").to_svg()
    assert "Won" in drawn
    assert "Lost" not in drawn


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walks=st.lists(st.lists(st.sampled_from(STAGES), min_size=1, max_size=4), min_size=1, max_size=4))
def test_both_modes_reconcile_to_the_number_of_records(crm: CRM, walks: list[list[str]]) -> None:
    """Who is in the stages adds up to all; all have reached the first stage, and no stage more than the one before."""
    with crm.session(actor="admin") as session:
        last = max((deal.id for deal in session.find(Opportunity, order="-id", limit=1)), default=0)
        for walk in walks:
            deal = session.create(Opportunity, name="walk", stage=walk[0])
            for stage in walk[1:]:
                deal = session.move(deal, stage)
        tables = [session.report("funnel", mode=mode, where=f"id > {last}") for mode in ("snapshot", "cohort")]
    for table in tables:
        assert sum(map(int, map(str, column(table, NOW)))) == len(walks)
        reached = [int(str(each)) for each in column(table, REACHED)][:3]
        assert reached[0] == len(walks)
        assert all(earlier >= later for earlier, later in pairwise(reached))
    assert column(tables[0], NOW) == column(tables[1], NOW)
    assert all(int(str(a)) <= int(str(b)) for a, b in zip(*(column(each, REACHED) for each in tables), strict=True))
