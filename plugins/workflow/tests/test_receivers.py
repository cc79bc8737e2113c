"""What notices say of records: nothing that whoever receives them may not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer, Grant, Notice, Record, Ref, Role, User, record
from crmkit.core.declare import fields as f
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.clocks.alerts import tell_due
from crmkit_workflow.clocks.entities import ClockRule
from crmkit_workflow.pools.sweep import sweep
from crmkit_workflow.watches.entities import Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory
    from crmkit_workflow.pools.entities import Pool

    MakePool = Callable[..., Pool]


@record(owner="owner", private_by="private")
class Memo(Record):
    """What somebody has written down."""

    name: str = f.text()
    owner: Ref[User] | None = f.ref()
    private: bool = f.boolean(default=False)
    done: bool = f.boolean(default=False)


BLIND = Role(name="blind", grants=(Grant(entity="*", read="own", create="own", update="own", hides=("name",)),))


def memos() -> ModuleType:
    """Return a plugin with memos, and with a role that doesn't see what records are called."""
    return make_plugin("memos", Memo, BLIND)


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with Bo, above whom are Li, who has left, and Eve; and with Cy, who sees less."""
    crm = make_crm(["workflow", memos()])
    with crm.session(actor="admin") as session:
        eve = session.create(User, name="Eve", external_id="eve", roles=["member"])
        li = session.create(User, name="Li", external_id="li", roles=["member"], manager=eve, active=False)
        session.create(User, name="Bo", external_id="bo", roles=["member"], manager=li)
        session.create(User, name="Cy", external_id="cy", roles=["blind"])
    return crm


def user(crm: CRM, name: str) -> User:
    """Return a user."""
    with crm.session(actor="admin") as session:
        return session.find(User, {"external_id": name})[0]


def told(crm: CRM) -> list[tuple[str, str]]:
    """Return who was told what, in the order of names."""
    with crm.session(actor=SYSTEM) as session:
        names = {each.id: each.external_id for each in session.find(User)}
        return sorted((names[int(each.recipient)], each.text) for each in session.find(Notice))


@pytest.mark.row("N28")
@pytest.mark.parametrize("private", [False, True])
def test_a_breach_goes_to_the_next_superior_who_is_there_and_may_read_it(
    crm: CRM, clock: FrozenClock, *, private: bool
) -> None:
    """Who is inactive is passed over; of what is private nobody but the owner is told."""
    with crm.session(actor="admin") as session:
        rule = {"entity": "memo", "target": "1:00", "stops_if": "done", "warning_share": None}
        session.create(ClockRule, name="Memos", **rule)
    with crm.session(actor="bo") as session:
        memo = session.create(Memo, name="Dismiss Eve", private=private)
    clock.advance(days=5)
    with crm.session(actor=SYSTEM) as session:
        tell_due(session)
    text = f"Memo {memo.id} took longer than it may: Resolution."
    assert told(crm) == [("bo", text), *([] if private else [("eve", text)])]


@pytest.mark.row("M3")
def test_a_reminder_calls_a_record_as_its_owner_may(crm: CRM, make_pool: MakePool, clock: FrozenClock) -> None:
    """Whoever may not read the name of a customer is told of its number, before it returns and when it has."""
    bo, cy = user(crm, "bo"), user(crm, "cy")
    with crm.session(actor="admin") as session:
        make_pool(session, [bo, cy], rules=[{"kind": "follow_up", "days": 10}], remind_before=["3"])
        session.create(Customer, name="Acme", owner=bo)
        hidden = session.create(Customer, name="Secret", owner=cy)
    for days in (8, 3):
        clock.advance(days=days)
        with crm.session(actor=SYSTEM) as session:
            sweep(session)
    assert told(crm) == [
        ("bo", "Acme has returned to the pool Pool: Not followed up for 10 days."),
        ("bo", "Acme returns to the pool Pool on Mar 13, 2026 unless you follow it up."),
        ("cy", f"Customer {hidden.id} has returned to the pool Pool: Not followed up for 10 days."),
        ("cy", f"Customer {hidden.id} returns to the pool Pool on Mar 13, 2026 unless you follow it up."),
    ]


@pytest.mark.row("B31")
def test_a_watch_calls_a_record_as_its_owner_may(crm: CRM) -> None:
    """Whoever watches a record without seeing its name is told of its number."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Secret", owner=user(crm, "cy"))
    with crm.session(actor="cy") as session:
        session.create(Watch, record=acme, field="completeness", value="10")
    with crm.session(actor=SYSTEM) as session:
        session.update(session.get(Customer, acme.id), completeness=50)
    crm.worker().run_once()
    assert [text.partition(":")[0] for _who, text in told(crm)] == [f"Customer {acme.id}"]
