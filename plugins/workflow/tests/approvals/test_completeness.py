"""Completeness: a score of what is known of a record, kept right with every write, which a move can ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, ChangeStage, Customer, Gate, Opportunity, User
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.completeness.entities import CompletenessWeight
from crmkit_workflow.completeness.recomputing import AT_ONCE

if TYPE_CHECKING:
    from crmkit import CRM, Batch, CreateDraft
    from crmkit.testing.fixtures import CRMFactory

WEIGHTS = {"city": 50, "source": 30, "description": 20}


def weigh(crm: CRM, weights: dict[str, int], entity: str = "customer") -> None:
    """Give fields of an entity weights, and have its records scored anew."""
    with crm.session(actor="admin") as session:
        for name, weight in weights.items():
            session.create(CompletenessWeight, entity=entity, field=name, weight=weight)
    work(crm)


def work(crm: CRM) -> None:
    """Do all jobs that are due, and those that they ask for."""
    for _round in range(4):
        crm.worker().run_once()


@pytest.mark.row("B14")
def test_the_score_follows_the_values(crm: CRM) -> None:
    """It is the weight of what has a value, of all weights, and right with each write, alone or in bulk."""
    weigh(crm, WEIGHTS)
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", city="Paris")
        assert acme.completeness == 50
        acme = session.update(acme, source="website")
        assert acme.completeness == 80
        acme = session.update(acme, city=None, description="Old")
        assert acme.completeness == 50
        made = session.create_many(Customer, [{"name": "One"}, {"name": "Two", **dict.fromkeys(("city",), "Rome")}])
        assert [each.completeness for each in made] == [0, 50]
        found = session.find(Customer, "completeness >= 50", order="id")
        assert [each.name for each in found] == ["Acme", "Two"]
        with pytest.raises(Refused, match="may not change"):
            session.update(acme, completeness=100)


@pytest.mark.row("B14")
def test_new_weights_count_for_all_records(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job scores everything anew when weights change, however many runs that takes; without weights there is none."""
    monkeypatch.setattr("crmkit_workflow.completeness.recomputing.AT_ONCE", 2)
    with crm.session(actor="admin") as session:
        session.create_many(Customer, [{"name": f"{number}", "city": "Paris"} for number in range(5)])
    weigh(crm, {"city": 1, "source": 3})
    with crm.session(actor="admin") as session:
        assert session.aggregate(Customer, by=["completeness"], measures={"n": "count()"}) == [(25, 5)]
        session.update(session.find(CompletenessWeight, {"field": "source"})[0], weight=1)
    work(crm)
    with crm.session(actor="admin") as session:
        assert session.aggregate(Customer, by=["completeness"], measures={"n": "count()"}) == [(50, 5)]
        for each in session.find(CompletenessWeight):
            session.delete(each)
    work(crm)
    with crm.session(actor="admin") as session:
        assert session.count(Customer, "completeness is None") == 5
    assert AT_ONCE > 1_000


@pytest.mark.row("B14")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_stage_asks_for_a_score(make_crm: CRMFactory) -> None:
    """A gate on the score lets in what is complete enough, counting what comes with the move."""
    gate = Gate(condition="completeness >= 80", message="Complete the record first.", path="completeness")
    crm = make_crm(["workflow", make_plugin("gated", ChangeStage("opportunity", "proposal", entry=(gate,)))])
    weigh(crm, {"amount": 80, "expected_close": 20}, "opportunity")
    with crm.session(actor="admin") as session:
        deal = session.create(Opportunity, name="200 seats", expected_close="2027-03-31")
        with pytest.raises(Refused, match="Complete the record first"):
            session.move(deal, "proposal")
        moved = session.move(deal, "proposal", amount=10)
        assert (moved.stage, moved.completeness) == ("proposal", 100)


@pytest.mark.row("B14")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_others_set_counts(make_crm: CRMFactory) -> None:
    """A value that another plugin gives after the score was set is counted in the same transaction."""

    def fill_city(drafts: Batch[CreateDraft]) -> None:
        for draft in drafts.of(Customer):
            draft.set("city", "Paris")

    crm = make_crm(["workflow", make_plugin("zealous", before_create=fill_city, after=["workflow"])])
    weigh(crm, WEIGHTS)
    with crm.session(actor=SYSTEM) as session:
        acme = session.create(Customer, name="Acme")
        assert session.get(Customer, acme.id).completeness == 50


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_weights_are_of_what_is_there(crm: CRM) -> None:
    """Entities without a score, unknown fields, second weights, and those by anybody else are refused."""
    weigh(crm, {"city": 1})
    with crm.session(actor="admin") as session:
        session.create(User, name="Max", external_id="max", roles=["manager"])
        for wrong, problem in (
            ({"entity": "contact", "field": "name"}, "has no score"),
            ({"entity": "customer", "field": "colour"}, "no field 'colour'"),
            ({"entity": "customer", "field": "completeness"}, "no field 'completeness'"),
            ({"entity": "customer", "field": "city"}, "weight already"),
        ):
            with pytest.raises(Refused, match=problem):
                session.create_many(CompletenessWeight, [wrong])
    with crm.session(actor="max") as session, pytest.raises(Refused, match="may change all of them"):
        session.create(CompletenessWeight, entity="customer", field="source")
