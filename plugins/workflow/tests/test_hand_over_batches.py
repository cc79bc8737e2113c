"""Hand-overs in batches: each atomic, each record with a result of its own, and gone on with where it was cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, Contact, Customer, Opportunity, Order, User
from crmkit.errors import AccessDeniedError, Refused
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.handover.batches import HandedOver, NotHandedOver, begin, finish, resume, step
from crmkit_workflow.handover.checking import owners_are_active
from crmkit_workflow.handover.commands import handover_command
from crmkit_workflow.handover.entities import HandOver, HandOverRule
from crmkit_workflow.handover.handing import RULES, Goal
from crmkit_workflow.ownership.entities import OwnershipRecord
from crmkit_workflow.queues.entities import AssignmentRule, Queue, QueueMember

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from crmkit import CRM, Batch, Session, UpdateDraft
    from crmkit.testing.fixtures import CRMFactory
    from crmkit_workflow.pools.entities import Pool

    People = dict[str, User]
    MakePool = Callable[..., Pool]
    Hire = Callable[[Session], People]

pytestmark = pytest.mark.row("M5")


def state(crm: CRM) -> tuple[str, int, int]:
    """Return how far the last hand-over is, how many records went, and how many stayed."""
    with crm.session(actor="admin") as session:
        found = session.find(HandOver, order="-id")[0]
        return found.status, found.handed, found.left


def run(session: Session, do: str, **given: object) -> list[tuple[object, ...]]:
    """Run `crmkit handover`, and return the rows that it shows."""
    values = {"user": None, "to": None, "goals": None, "off": False, **given}
    return list(handover_command(session, do=do, **values).rows)  # type: ignore[arg-type]


def refusing(names: set[str]) -> ModuleType:
    """Return a plugin that refuses to change customers of these names."""

    def before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
        del session
        for draft in drafts.of(Customer):
            if draft.get("name") in names:
                draft.refuse("owner", "Audited.")

    return make_plugin("refusing", before_update=before_update)


def test_a_worker_hands_over_and_switches_off(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Everything goes where it is said, in batches, what has come in meanwhile too; then the user is switched off."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["bob"]])
        queue = session.create(Queue, name="Deals", entity="opportunity")
        session.create(QueueMember, queue=queue, user=people["cem"])
        session.create(AssignmentRule, name="orders", entity="order", user=people["mia"], on_create=False)
        session.create(HandOverRule, entity="contact", goal=people["zoe"])
        mine: dict[str, Any] = {"owner": people["ann"]}
        customers = session.create_many(Customer, [{"name": str(each), **mine} for each in range(5)])
        session.create_many(Opportunity, [{"name": str(each), **mine} for each in range(3)])
        session.create(Order, customer=customers[0], **mine)
        session.create(Contact, name="Léa", **mine)
        with pytest.raises(Refused, match="3 records of opportunity would be left behind"):
            begin(session, people["ann"], {"customer": pool.ref, "order": RULES})
        goals: dict[str, Goal] = {"customer": pool.ref, "opportunity": queue.ref, "order": RULES}
        made = begin(session, people["ann"], goals, switches_off=True)
        with pytest.raises(Refused, match="are being handed over already"):
            begin(session, people["ann"], goals)
    with crm.session(actor=SYSTEM) as session:
        assert len(step(session, made.id, size=2).results) == 2
    with crm.session(actor="admin") as session:
        assert session.count(Customer, {"pool": pool}) == 2
        session.create(Customer, name="new", **mine)
    crm.worker().run_once()
    assert state(crm) == ("done", 11, 0)
    with crm.session(actor="admin") as session:
        assert session.get(User, people["ann"].id).active is False
        assert session.count(Customer, {"pool": pool}) == 6
        assert {each.owner for each in session.find(Opportunity)} == {people["cem"].id}
        assert [each.owner for each in session.find(Order)] == [people["mia"].id]
        assert [each.owner for each in session.find(Contact)] == [people["zoe"].id]
        assert {each.how for each in session.find(OwnershipRecord, {"from_owner": people["ann"]})} == {"handed_over"}
    with crm.session(actor=SYSTEM, readonly=True) as session:
        assert list(owners_are_active(session)) == []


def test_what_cannot_go_says_why_and_is_tried_again(make_crm: CRMFactory, hire: Hire) -> None:
    """One record that is refused stops no other; the user stays, and the hand-over is resumed when it can go."""
    names = {"2", "3"}
    crm = make_crm(["workflow", refusing(names)])
    with crm.session(actor="admin") as session:
        people = hire(session)
        rows = [{"name": str(each), "owner": people["ann"]} for each in range(7)]
        customers = session.create_many(Customer, rows)
        made = begin(session, people["ann"], default=people["bob"].ref, switches_off=True)
    results = finish(crm, made, size=3)
    assert [type(each) for each in results].count(HandedOver) == 5
    stayed = [each for each in results if isinstance(each, NotHandedOver)]
    assert [each.record for each in stayed] == [customers[2].ref, customers[3].ref]
    assert "Audited" in stayed[0].text
    assert state(crm) == ("left", 5, 2)
    with crm.session(actor="admin") as session:
        assert session.get(User, people["ann"].id).active is True
        assert "Audited" in str(run(session, "list")[0][-1])
        names.clear()
        run(session, "resume", user="Ann")
    crm.worker().run_once()
    assert state(crm) == ("done", 7, 0)
    with crm.session(actor="admin") as session:
        assert session.get(User, people["ann"].id).active is False
        assert {each.version for each in session.find(Customer)} == {2}
        with pytest.raises(Refused, match="It is done"):
            resume(session, made)


def test_a_batch_is_undone_as_a_whole(make_crm: CRMFactory, hire: Hire) -> None:
    """What is cut off in the middle of a batch leaves nothing of it; the next step begins where the last one ended."""
    moments = iter([False, False, True])

    def before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
        del session
        if drafts.entity.name == "hand_over" and next(moments, False):
            raise KeyboardInterrupt

    crm = make_crm(["workflow", make_plugin("cutting", before_update=before_update)])
    with crm.session(actor="admin") as session:
        people = hire(session)
        session.create_many(Customer, [{"name": str(each), "owner": people["ann"]} for each in range(6)])
        made = begin(session, people["ann"], default=people["bob"].ref)
    with pytest.raises(KeyboardInterrupt):
        finish(crm, made, size=2)
    assert state(crm) == ("running", 4, 0)
    with crm.session(actor="admin") as session:
        assert session.count(Customer, {"owner": people["bob"]}) == 4
    assert len(finish(crm, made, size=2)) == 2
    assert state(crm) == ("done", 6, 0)
    with crm.session(actor="admin") as session:
        assert session.count(OwnershipRecord, {"how": "handed_over"}) == 6


def test_hand_over_from_the_command_line(crm: CRM, people: People, make_pool: MakePool) -> None:
    """It shows what would go where, and what is wrong, before it runs; only who may change the user may."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["bob"]], name="Small customers")
        session.create(Customer, name="Acme", owner=people["ann"])
        session.create(Opportunity, name="deal", owner=people["ann"])
        assert run(session, "preview", user="Ann", goals=("customer=pool:Small customers",)) == [
            ("customer", 1, "Pool Small customers", None),
            ("opportunity", 1, "", "Nothing says to whom they go."),
        ]
        assert run(session, "preview", user="Ann", to="Ann")[0][2:] == (
            "User Ann",
            f"user:{people['ann'].id} is no active user who could take records of customer.",
        )
        assert run(session, "preview", user="Ann", to="rules")[0][2:] == ("the assignment rules", None)
        with pytest.raises(Refused, match="Say whose records: --user NAME"):
            run(session, "preview")
        for wrong in ("customer", "nothing=Bob"):
            with pytest.raises(Refused, match="like customer=user:Bob"):
                run(session, "run", user="Ann", goals=(wrong,))
        with pytest.raises(Refused, match="Nothing of Ann is being handed over"):
            run(session, "resume", user="Ann")
    with crm.session(actor="bob") as session, pytest.raises(AccessDeniedError):
        run(session, "run", user="Ann", to="Bob")
    with crm.session(actor="admin") as session:
        row = run(session, "run", user="Ann", to="Bob", goals=("customer=pool:Small customers",), off=True)[0]
        assert row[1:5] == ("Ann", "Running", 0, 0)
    crm.worker().run_once()
    assert state(crm) == ("done", 2, 0)
