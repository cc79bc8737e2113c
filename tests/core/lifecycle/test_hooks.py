"""The hooks around writes: which is called when, with what, and in which order of plugins."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from crmkit import Customer, Manifest, Opportunity, Order, OrderLine, hookimpl
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import Batch, Change, MergeDraft, RestoreDraft, Session
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.testing.fixtures import CRMFactory

HOOKS = (
    "crmkit_before_create",
    "crmkit_after_create",
    "crmkit_before_update",
    "crmkit_after_update",
    "crmkit_before_move",
    "crmkit_after_move",
    "crmkit_before_merge",
    "crmkit_before_delete",
    "crmkit_after_delete",
    "crmkit_before_restore",
    "crmkit_after_restore",
)


def observer(name: str, seen: list[tuple[str, str]], *, after: tuple[str, ...] = ()) -> SimpleNamespace:
    """Return a plugin that notes each call of each hook about opportunities."""

    def noting(hook: str) -> Callable[..., None]:
        def note(batch: Batch[Draft | Change]) -> None:
            if batch.entity.name == "opportunity":
                seen.append((hook, name))

        def guard(drafts: Batch[Draft]) -> None:
            note(drafts)

        def guard_of_moves(moves: Batch[Draft]) -> None:
            note(moves)

        def reaction(changes: Batch[Change]) -> None:
            note(changes)

        guards = {"crmkit_before_move": guard_of_moves}
        return hookimpl(reaction if "after" in hook else guards.get(hook, guard))

    return SimpleNamespace(manifest=Manifest(name=name, after=after), **{hook: noting(hook) for hook in HOOKS})


def test_each_write_passes_its_hooks_in_the_order_of_the_plugins(make_crm: CRMFactory) -> None:
    """A guard runs before and a reaction after each write, once a batch, plugin by plugin as their manifests say."""
    seen: list[tuple[str, str]] = []
    crm = make_crm([observer("alpha", seen, after=("omega",)), observer("omega", seen)])
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        deals = session.create_many(Opportunity, [{"name": name, "customer": acme} for name in ("One", "Two")])
        deal = session.update(deals[0], name="First")
        deal = session.move(deal, "proposal")
        deal = session.merge(deal, deals[1])
        session.delete(deal)
        session.restore(Opportunity, deal.id)
    assert seen == [(hook, plugin) for hook in HOOKS for plugin in ("omega", "alpha")]


def test_a_write_that_changes_nothing_calls_no_hook(make_crm: CRMFactory) -> None:
    """Values that a record has already, a stage it is in already, and no records at all are no write."""
    seen: list[tuple[str, str]] = []
    crm = make_crm([observer("alpha", seen)])
    with crm.session(actor="admin") as session:
        deal = session.create(Opportunity, name="One")
        seen.clear()
        assert session.update(deal, name="One") == deal
        assert session.move(deal, deal.stage) == deal
        assert session.create_many(Opportunity, []) == []
        assert session.update_many([]) == []
    assert seen == []


def test_a_guard_may_refuse_a_merge(make_crm: CRMFactory) -> None:
    """A merge that a plugin refuses changes nothing, and the refusal is the plugin's."""

    def keep_apart(drafts: Batch[MergeDraft]) -> None:
        for draft in drafts.of(Customer):
            if not draft.is_survivor and draft.record is not None and draft.record.tags:
                draft.refuse("tags", "It is kept apart.")

    crm = make_crm([make_plugin("apart", before_merge=keep_apart)])
    with crm.session(actor="admin") as session:
        acme, double, other = session.create_many(
            Customer, [{"name": "Acme"}, {"name": "Acme Ltd"}, {"name": "Acme SA", "tags": ["apart"]}]
        )
        with refused(crm, session, Refused) as caught:
            session.merge(acme, double, other)
        assert isinstance(caught.value, Refused)
        assert [(each.path, each.plugin, each.index) for each in caught.value.refusals] == [("tags", "apart", 2)]
        session.merge(acme, double)


def test_a_guard_may_refuse_that_a_record_comes_back(make_crm: CRMFactory) -> None:
    """A whole and its parts are asked about, the whole first; what is refused of either stays deleted with all."""
    seen: list[tuple[str, bool]] = []

    def guard(drafts: Batch[RestoreDraft]) -> None:
        for draft in drafts:
            seen.append((drafts.entity.name, draft.sets("quantity")))
            if draft.sets("quantity") and draft.get("quantity") == 2:
                draft.refuse("quantity", "Two is too many.")

    def react(session: Session, changes: Batch[Change]) -> None:
        for change in changes.of(Order):
            assert change.before is not None
            assert (change.before.deleted_at is None, change.after.deleted_at) == (False, None)
            session.update(change.after, number="Back")

    crm = make_crm([make_plugin("few", before_restore=guard, after_restore=react)])
    with crm.session(actor="admin") as session:
        customer = session.create(Customer, name="Acme")
        orders = session.create_many(Order, [{"customer": customer}] * 2)
        for order, quantity in zip(orders, (1, 2), strict=True):
            session.create(OrderLine, order=order, quantity=quantity)
            session.delete(session.get(Order, order.id))
        with refused(crm, session, Refused):
            session.restore(Order, orders[1].id)
        assert session.restore(Order, orders[0].id).number == "Back"
        assert (session.count(Order), session.count(OrderLine)) == (1, 1)
    assert seen == [("order", False), ("order_line", True)] * 2
