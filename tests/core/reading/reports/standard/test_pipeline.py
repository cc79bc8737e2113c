from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import Opportunity, User
from crmkit.errors import FilterError, Refused, UnknownNameError

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.core.lifecycle.session import Session
    from tests.core.reading.reports.standard.conftest import MakeDeal

pytestmark = pytest.mark.row("I9")
LARGEST = Decimal("922337203685477.58")


def test_open_deals_are_counted_by_stage_in_order(session: Session, make_deal: MakeDeal) -> None:
    """Every open stage is a row in the pipeline's order, empty ones too; closed deals don't count."""
    make_deal(session, "one", "proposal", amount=100)
    make_deal(session, "two", "proposal", amount=50, probability=10)
    make_deal(session, "gone", "won", amount=1000)
    table = session.report("pipeline")
    assert table.rows == (
        ("Qualification", 0, Decimal(0), Decimal(0)),
        ("Proposal", 2, Decimal(150), Decimal(55)),
    )
    assert table.total == ("Total", 2, Decimal(150), Decimal(55))


def test_weighted_amounts_are_exact(session: Session, make_deal: MakeDeal) -> None:
    """Ten deals of a cent at a chance of 33.3333 % weigh exactly ten times 0.00333333."""
    for number in range(10):
        make_deal(session, f"deal {number}", amount="0.01", probability="33.3333")
    assert session.report("pipeline").rows[0][3] == Decimal("0.0333333")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deals=st.lists(st.tuples(st.decimals(0, LARGEST, places=2), st.decimals(0, 100, places=4)), min_size=1, max_size=20)
)
def test_weighted_sums_have_no_largest_number(crm: CRM, deals: list[tuple[Decimal, Decimal]]) -> None:
    """Whatever amounts and chances there are, their weighted sum is exact on every database."""
    with crm.session(actor="admin") as session:
        rows = [{"name": "deal", "amount": amount, "probability": chance} for amount, chance in deals]
        first = session.create_many(Opportunity, rows)[0].id
        total = session.report("pipeline", where=f"id >= {first}").total
    assert total is not None
    assert total[3] == sum(amount * chance / 100 for amount, chance in deals)


def test_deals_without_an_amount_are_told(session: Session, make_deal: MakeDeal) -> None:
    """Deals without an amount count with nothing, and the report says how many there are."""
    make_deal(session, "unknown")
    assert session.report("pipeline").notes == ("Deals without an amount: 1. They count with 0.",)


def test_a_group_is_a_record_and_not_its_name(session: Session, make_deal: MakeDeal, sellers: dict[str, User]) -> None:
    """Two owners of one name are two rows, the one with more first."""
    session.update(session.get(User, sellers["ben"].id), name="Ann")
    for name, amount in (("ann", 10), ("ben", 30)):
        make_deal(session, name, amount=amount, owner=sellers[name])
    assert [row[:3] for row in session.report("pipeline", by="owner").rows] == [
        ("Ann", 1, Decimal(30)),
        ("Ann", 1, Decimal(10)),
    ]


@pytest.mark.parametrize(("by", "names"), [("team", ["South", "North", None]), ("source", ["Referral", None])])
def test_deals_are_grouped_by_what_is_asked(
    session: Session, make_deal: MakeDeal, sellers: dict[str, User], by: str, names: list[str | None]
) -> None:
    """Teams are those of the owners; deals without a value are a group of their own."""
    make_deal(session, "a", amount=3, owner=sellers["cem"], source="referral")
    make_deal(session, "b", amount=2, owner=sellers["ann"], source="referral")
    make_deal(session, "c", amount=1)
    table = session.report("pipeline", by=by)
    assert [row[0] for row in table.rows] == names
    assert table.total is not None
    assert table.total[1:3] == (3, Decimal(6))


def test_a_viewer_counts_what_the_viewer_sees(crm: CRM, make_deal: MakeDeal, sellers: dict[str, User]) -> None:
    """A report adds up the records that its viewer may read, so it agrees with that viewer's list."""
    with crm.session(actor="admin") as session:
        for name, seller in sellers.items():
            make_deal(session, name, amount=10, owner=seller)
    for name, seen in {"admin": 3, "ben": 2, "ann": 1}.items():
        with crm.session(actor=name) as session:
            total = session.report("pipeline").total
            assert total is not None
            assert total[1] == session.count(Opportunity, "stage_kind == 'open'") == seen


def test_an_owner_is_named_as_people_name_one(session: Session, make_deal: MakeDeal, sellers: dict[str, User]) -> None:
    """An owner is given by name, external id or id, or as oneself; nobody of that name is a refusal."""
    make_deal(session, "a", owner=sellers["ann"])
    make_deal(session, "mine")
    counts = []
    for owner in ("Ann", "ann", str(sellers["ann"].id), "me"):
        total = session.report("pipeline", owner=owner).total
        assert total is not None
        counts.append(total[1])
    assert counts == [1, 1, 1, 1]
    with pytest.raises(Refused, match="There is no user 'Zoe'"):
        session.report("pipeline", owner="Zoe")


@pytest.mark.parametrize("where", ["name == 'a') or (name == 'b'", "name ==", "nam == 'a'"])
def test_a_filter_is_read_by_itself(session: Session, where: str) -> None:
    """A person's filter can't reach out of its place in the report's own."""
    with pytest.raises(FilterError) as caught:
        session.report("pipeline", where=where)
    assert caught.value.expression == where


def test_an_unknown_pipeline_is_named(session: Session) -> None:
    """A pipeline that isn't there is an error with the nearest one."""
    with pytest.raises(UnknownNameError, match="'opportunity'"):
        session.report("pipeline", pipeline="opportunities")
