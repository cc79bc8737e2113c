"""Deleting many records in one command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Customer, Order, OrderLine, Team, User
from crmkit.errors import AccessDeniedError, ConflictError, NotFoundError, Refused
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from crmkit import Batch, Change, DeleteDraft, Session
    from crmkit.testing.fixtures import CRMFactory


def test_many_go_as_one_batch_with_their_parts(make_crm: CRMFactory) -> None:
    """Guards and reactions get all of an entity at once; all refusals return together, each with its index."""
    seen: list[tuple[str, str, int]] = []

    def guard(drafts: Batch[DeleteDraft]) -> None:
        seen.append(("before", drafts.entity.name, len(list(drafts))))
        for draft in drafts.of(Order):
            if draft.get("number") in {"O3", "O7"}:
                draft.refuse("number", "It stays.")

    def react(changes: Batch[Change]) -> None:
        seen.append(("after", changes.entity.name, len(list(changes))))

    crm = make_crm([make_plugin("watching", before_delete=guard, after_delete=react)])
    with crm.session(actor="admin") as session:
        customer = session.create(Customer, name="Acme")
        orders = session.create_many(Order, [{"customer": customer, "number": f"O{number}"} for number in range(10)])
        session.create_many(OrderLine, [{"order": each} for each in orders])
        with refused(crm, session, Refused) as caught:
            session.delete_many(orders)
        assert isinstance(caught.value, Refused)
        assert [(each.index, each.plugin) for each in caught.value.refusals] == [(3, "watching"), (7, "watching")]
        seen.clear()
        session.delete_many([*orders[:3], *orders[4:7], *orders[8:]])
        session.delete_many([])
        assert (session.count(Order), session.count(OrderLine)) == (2, 2)
        assert [each.action for each in session.history(orders[0])] == ["delete", "create"]
    steps = (("before", "order"), ("before", "order_line"), ("after", "order_line"), ("after", "order"))
    assert seen == [(when, name, 8) for when, name in steps]


def test_many_are_deleted_or_none_is(make_crm: CRMFactory) -> None:
    """One that was changed meanwhile, is gone, may not be deleted, or is of another entity keeps all of them."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        session.create(User, name="Rep", external_id="rep", roles=["member"])
        records = session.create_many(Customer, [{"name": f"C{number}"} for number in range(10)])
        changed, gone = records[4], records[6]
    with crm.session(actor="admin") as session:
        now = session.update(changed, city="Paris")
        session.delete(gone)
    with crm.session(actor="rep") as session:
        mine = session.create_many(Customer, [{"name": f"M{number}"} for number in range(9)])
        with refused(crm, session, AccessDeniedError, NotFoundError):
            session.delete_many([*mine, records[0]])
    with crm.session(actor="admin") as session:
        for given, error in (
            (records, ConflictError),
            ([*records[:4], gone], ConflictError),
            ([records[0], records[0]], NotFoundError),
            ([records[0], session.find(User)[0]], Refused),
        ):
            with refused(crm, session, error):
                session.delete_many(given)
        session.delete_many([*records[:4], now, records[5], *records[7:], *mine])
        assert session.count(Customer) == 0


def test_a_branch_that_goes_together_leaves_no_gap(session: Session) -> None:
    """Whichever of them comes first, what stood below stands below what is left."""
    for backwards in (False, True):
        top = session.create(Team, name=f"Top {backwards}")
        upper = session.create(Team, name="Upper", parent=top)
        lower = session.create(Team, name="Lower", parent=upper)
        leaf = session.create(Team, name="Leaf", parent=lower)
        session.delete_many([lower, upper] if backwards else [upper, lower])
        assert session.get(Team, leaf.id).parent == top.ref
