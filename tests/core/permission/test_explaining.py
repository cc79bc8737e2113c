"""Explaining names what allows each action, and agrees with what is really allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Order, OrderLine, Team, User
from crmkit.errors import AccessDeniedError
from crmkit.testing.snapshots import refused
from tests.core.permission.test_shares import ROLES

if TYPE_CHECKING:
    from crmkit import CRM, Record
    from crmkit.core.lifecycle.explaining import Explanation
    from crmkit.testing.fixtures import CRMFactory


def explained(crm: CRM, record: Record, name: str) -> Explanation:
    """Return what a user may do with a record, as the administrator is told."""
    with crm.session(actor="admin", readonly=True) as session:
        return session.explain(record, session.find(User, {"name": name})[0])


def reasons(explanation: Explanation) -> dict[str, tuple[str, ...]]:
    """Return what allows each action that is allowed."""
    return {each.action: tuple(sorted(each.reasons)) for each in explanation.actions if each.is_allowed}


@pytest.mark.row("M1", "B18")
def test_grants_and_shares_are_named(make_crm: CRMFactory) -> None:
    """Every role and share that allows an action is named with its level, of parts those of their whole."""
    from crmkit.testing.plugins import make_plugin

    crm = make_crm([make_plugin("shares", *ROLES)])
    with crm.session(actor="admin") as session:
        team = session.create(Team, name="North")
        ann = session.create(User, name="ann", external_id="ann", roles=["seller", "lender"])
        session.create(User, name="ben", external_id="ben", roles=["seller"], team=team)
        acme = session.create(Customer, name="Acme", owner=ann)
        order = session.create(Order, customer=acme, owner=ann)
        line = session.create(OrderLine, order=order, description="x")
        session.share(acme, team, access="write")
    assert reasons(explained(crm, acme, "ann")) == {
        "read": ("role lender: read all", "role seller: read own"),
        "update": ("role seller: update own",),
        "delete": ("role seller: delete own",),
        "move": ("role seller: move own",),
        "share": ("role lender: share all", "role seller: share own"),
        "transfer": ("role seller: transfer own",),
        "export": ("role lender: export all", "role seller: export own"),
    }
    write = (f"share with {team.ref.entity}:{team.id}: write",)
    assert reasons(explained(crm, acme, "ben")) == {"read": write, "update": write, "move": write, "export": write}
    of_line = explained(crm, line, "ann")
    assert of_line.whole == order.ref
    assert reasons(of_line)["update"] == ("role seller: update own",)
    assert {each.reasons for each in explained(crm, order, "ben").actions} == {("No role or share allows it.",)}


@pytest.mark.row("M1")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_hidden_and_locked_fields_are_explained(clinic: CRM) -> None:
    """Each hidden field says why, but not to whom it is hidden itself; others ask only about themselves."""
    with clinic.session(actor="admin") as session:
        acme = session.get(Customer, 1)
    found = {each.field: (each.is_hidden, each.reason) for each in explained(clinic, acme, "desk").fields}
    assert found["diagnosis"] == (True, "it is sensitive, and no role reveals it")
    assert found["score"] == (False, "no role with writing opens it")
    assert "pin" not in found
    assert explained(clinic, acme, "clerk").fields[0].reason == "each role that reads customer hides it"
    with clinic.session(actor="clerk") as session:
        me = session.find(User, {"name": "clerk"})[0]
        names = {each.field for each in session.explain(session.get(Customer, 1), me).fields}
        assert not names & {"score", "diagnosis", "pin"}


@pytest.mark.row("M1")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_others_are_explained_to_administrators_only(make_crm: CRMFactory) -> None:
    """Somebody who may not change all users is told about itself and nobody else."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        session.create(User, name="bob", external_id="bob", roles=["member"])
        acme = session.create(Customer, name="Acme")
    with crm.session(actor="bob") as session:
        me, admin = session.find(User, {"name": "bob"})[0], session.find(User, {"name": "admin"})[0]
        assert reasons(session.explain(acme, me)) == {
            "read": ("role member: read all",),
            "export": ("role member: export all",),
        }
        with refused(crm, session, AccessDeniedError):
            session.explain(acme, admin)
