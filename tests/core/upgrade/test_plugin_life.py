"""The life of a plugin: enabled, used, disabled, enabled again, disabled and purged; nothing is lost until it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import Customer, ExternalId, Notice, Opportunity, User
from crmkit.errors import (
    DestructiveError,
    StalePlanError,
    UnknownNameError,
    UpgradeNeeded,
    UpgradeRefused,
)
from crmkit.testing.plugins import make_plugin
from crmkit.testing.schemas import contents_of, schema_of
from tests.core.upgrade.rental import Bicycle, rental, use

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.testing.fixtures import CRMFactory

KEPT = ("plugin", "generation", "change", "event", "sequence")


@pytest.mark.row("M7", "M8")
def test_a_plugin_lives_and_goes_without_a_trace(make_crm: CRMFactory, tmp_path: Path) -> None:
    """Disabled, all is kept and hidden; enabled again, every byte is as before; purged, the schema is as without it."""
    database = make_crm.database()
    fresh = schema_of(make_crm(on=database))
    crm = make_crm([rental()], on=database)
    enabled = schema_of(crm)
    use(crm)
    rows = contents_of(crm, without=KEPT)

    bare = make_crm(on=database, upgrade=False)
    hidden = {each.plugin: each.rows for each in bare.plugins.plan().steps if each.sort == "hide"}
    assert hidden == {"rental": 5}  # a bicycle, a damage, and a customer's licence, deposit and adviser
    bare.upgrade()
    assert contents_of(bare, without=KEPT) == rows
    with bare.session(actor="admin") as session:
        (customer,) = session.find(Customer)
        assert not hasattr(customer, "licence")
        (deal,) = session.find(Opportunity)
        assert (deal.stage, deal.stage_kind) == ("reserved", "open")
        assert [each.state for each in bare.plugins.list() if each.name == "rental"] == ["disabled"]
    assert contents_of(bare, without=KEPT) == rows

    again = make_crm([rental()], on=database)
    assert schema_of(again) == enabled
    assert contents_of(again, without=KEPT) == rows
    use(again, number=2)

    bare = make_crm(on=database)
    plan = bare.plugins.plan(purge=["rental"])
    before = contents_of(bare)
    with pytest.raises(DestructiveError, match="drop entity bicycle with 2 records"):
        bare.plugins.apply(plan)
    assert contents_of(bare) == before
    done = bare.plugins.apply(plan, destructive=True, export=tmp_path / "rental")
    assert "move 2 records from opportunity.reserved to proposal" in done
    assert "drop field customer.licence with 2 values" in done
    assert schema_of(bare) == fresh
    with bare.session(actor="admin") as session:
        assert [each.stage for each in session.find(Opportunity)] == ["proposal", "proposal"]
        assert session.history(session.find(Opportunity)[0])[0].new["stage"] == "proposal"
    assert [each.name for each in bare.plugins.list() if each.state != "available"] == ["core"]
    folder = tmp_path / "rental" / "rental"
    exported = [json.loads(line) for line in (folder / "crm_rental_bicycle.jsonl").read_text().splitlines()]
    assert [each["frame"] for each in exported] == ["F1", "F2"]
    licences = (folder / "crm_customer.jsonl").read_text().splitlines()
    assert [json.loads(line)["licence"] for line in licences] == ["B 1", "B 2"]


@pytest.mark.row("M7")
def test_a_plan_writes_nothing_and_says_all(make_crm: CRMFactory) -> None:
    """A plan names what it adds, and is the same until something changes; then it is refused as out of date."""
    database = make_crm.database()
    make_crm(on=database)
    crm = make_crm([rental()], on=database, upgrade=False)
    before = contents_of(crm), schema_of(crm)
    plan = crm.plugins.plan()
    said = {each.text for each in plan.steps}
    assert {"create table crm_rental_bicycle", "add column crm_customer.licence", "enable plugin rental 1.0"} <= said
    assert not plan.is_destructive
    assert (contents_of(crm), schema_of(crm)) == before
    assert crm.plugins.plan().fingerprint == plan.fingerprint
    crm.plugins.apply(plan)
    with pytest.raises(StalePlanError):
        crm.plugins.apply(plan)
    assert crm.plugins.plan().steps == ()


def test_records_leave_a_stage_as_it_says(make_crm: CRMFactory) -> None:
    """`refuse` stands against a purge until the stage is empty; `keep` leaves the records where they are."""
    for on_remove in ("refuse", "keep"):
        database = make_crm.database()
        use(make_crm([rental(on_remove)], on=database))
        bare = make_crm(on=database)
        plan = bare.plugins.plan(purge=["rental"])
        if on_remove == "refuse":
            with pytest.raises(UpgradeRefused, match="1 record is in the stage"):
                bare.plugins.apply(plan, destructive=True)
            with bare.session(actor="admin") as session:
                session.move(session.find(Opportunity)[0], "proposal")
            bare.plugins.apply(bare.plugins.plan(purge=["rental"]), destructive=True)
        else:
            bare.plugins.apply(plan, destructive=True)
            with bare.session(actor="admin") as session:
                (deal,) = session.find(Opportunity)
                assert (deal.stage, deal.stage_kind) == ("reserved", "open")
                assert session.move(deal, "won").stage_kind == "won"


def test_a_disabled_plugin_never_stands_in_the_way(make_crm: CRMFactory) -> None:
    """Its unique indexes go, so values that nobody sees refuse nothing; enabling it says what has to be changed."""
    database = make_crm.database()
    use(make_crm([rental()], on=database))
    bare = make_crm(on=database)
    with bare.session(actor="admin") as session:
        first = session.find(Opportunity)[0]
        session.create(Opportunity, name=first.name, customer=first.customer)
    with pytest.raises(UpgradeRefused, match="2 records of crm_opportunity share"):
        make_crm([rental()], on=database)


def test_what_is_not_there_cant_be_purged(make_crm: CRMFactory) -> None:
    """The core can't go, nor a plugin that has nothing in the database, nor one that another needs."""
    database = make_crm.database()
    base = rental()
    dependent = make_plugin("tandem", requires=["rental"])
    make_crm([base, dependent], on=database)
    bare = make_crm(on=database)
    for name in ("core", "rentel"):
        with pytest.raises(UnknownNameError, match="plugin in the database"):
            bare.plugins.plan(purge=[name])
    assert "requires rental" in bare.plugins.plan(purge=["rental"]).problems[0]
    bare.plugins.apply(bare.plugins.plan(purge=["rental", "tandem"]), destructive=True)


def test_a_running_process_notices_that_plugins_changed(make_crm: CRMFactory) -> None:
    """A CRM that was opened before an upgrade asks for one, instead of working on tables that are gone."""
    database = make_crm.database()
    running = make_crm([rental()], on=database)
    use(running)
    other = make_crm(on=database)
    other.plugins.apply(other.plugins.plan(purge=["rental"]), destructive=True)
    with pytest.raises(UpgradeNeeded, match="'rental' is new"):
        running.session(actor="admin")


def test_the_change_log_keeps_that_something_was_and_not_what(make_crm: CRMFactory) -> None:
    """After a purge, the append-only log still counts the changes of purged records, without values; its seals hold."""
    database = make_crm.database()
    crm = make_crm([rental()], on=database)
    use(crm)
    crm.audit.seal()
    bare = make_crm(on=database)
    bare.plugins.apply(bare.plugins.plan(purge=["rental"]), destructive=True)
    change = bare.tables.system.change
    with bare.engine.connect() as connection:
        rows = connection.execute(sa.select(change.c.old, change.c.new).where(change.c.entity == "bicycle")).all()
    assert rows
    assert {tuple(row) for row in rows} == {(None, None)}
    assert bare.audit.verify() == []


def test_what_points_at_purged_records_points_at_nothing(make_crm: CRMFactory) -> None:
    """A reference to records of any entity is emptied; what must have one, such as an external id, goes."""
    database = make_crm.database()
    crm = make_crm([rental()], on=database)
    use(crm)
    with crm.session(actor="admin") as session:
        (bicycle,), (customer,) = session.find(Bicycle), session.find(Customer)
        session.set_external_id(bicycle, "shop", "B1")
        session.set_external_id(customer, "shop", "C1")
        bo = session.create(User, name="Bo", external_id="bo")
        session.notify(bo, "Red 1 is out", about=bicycle)
        session.notify(bo, "Renter 1 is here", about=customer)
    bare = make_crm(on=database)
    bare.plugins.apply(bare.plugins.plan(purge=["rental"]), destructive=True)
    with bare.session(actor="bo") as session:
        told = [(each.text, each.about) for each in session.find(Notice, order="id")]
        assert told == [("Red 1 is out", None), ("Renter 1 is here", customer.ref)]
    with bare.session(actor="admin") as session:
        assert [each.record for each in session.find(ExternalId)] == [customer.ref]


def test_ids_go_on_where_the_log_ends(make_crm: CRMFactory) -> None:
    """A record of a plugin that was purged and came back has no history of another one before it."""
    database = make_crm.database()
    use(make_crm([rental()], on=database))
    bare = make_crm(on=database)
    bare.plugins.apply(bare.plugins.plan(purge=["rental"]), destructive=True)
    crm = make_crm([rental()], on=database)
    with crm.session(actor="admin") as session:
        bicycle = session.create(Bicycle, name="New")
        assert [each.action for each in session.history(bicycle)] == ["create"]
    assert crm.audit.verify() == []
