"""Taking back a merge brings records back, so plugins are asked and told as when one is restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Contact, Customer, CustomerContact
from crmkit.core.lifecycle.drafts import RestoreDraft
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from crmkit import Batch, Change, Session
    from crmkit.testing.fixtures import CRMFactory

SETTINGS = {"multi_customer_contacts": True}


def test_a_guard_may_refuse_that_a_merged_record_comes_back(make_crm: CRMFactory) -> None:
    """It is asked about the record, and about what the merge had dropped as a double; refused, the merge stands."""
    unwanted = {"customer"}
    seen: list[str] = []

    def guard(drafts: Batch[RestoreDraft]) -> None:
        for draft in drafts:
            assert isinstance(draft, RestoreDraft)
            seen.append(f"{drafts.entity.name}:{draft.record.id if draft.record else 0}")
            if drafts.entity.name in unwanted:
                draft.refuse("id", "Not this one.")

    crm = make_crm([make_plugin("strict", before_restore=guard)], settings=SETTINGS)
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        bea = session.create(Contact, name="Bea")
        _first, second = (session.create(CustomerContact, customer=each, contact=bea) for each in (one, two))
        merged = session.merge(one, two)
        for entity in ("customer", "customer_contact"):
            unwanted.clear()
            unwanted.add(entity)
            with refused(crm, session, Refused) as caught:
                session.unmerge(merged)
            assert isinstance(caught.value, Refused)
            assert [(each.path, each.plugin) for each in caught.value.refusals] == [("id", "strict")]
        unwanted.clear()
        seen.clear()
        assert [each.id for each in session.unmerge(merged)] == [two.id]
    assert seen == [f"customer:{two.id}", f"customer_contact:{second.id}"]


def test_a_reaction_finds_what_belongs_to_a_merged_record(make_crm: CRMFactory) -> None:
    """It is told last: the record is apart, what referred to it does so again, and what it writes is returned."""
    seen: list[object] = []

    def react(session: Session, changes: Batch[Change]) -> None:
        for change in changes.of(Customer):
            assert change.before is not None
            assert (change.before.deleted_at is None, change.after.deleted_at) == (False, None)
            seen.append([each.name for each in session.find(Contact, {"customer": change.after})])
            seen.append(session.count(CustomerContact, {"customer": change.after}))
            session.update(change.after, city="Back")
        seen.extend(change.after.id for change in changes.of(CustomerContact))

    crm = make_crm([make_plugin("telling", after_restore=react)], settings=SETTINGS)
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        bea = session.create(Contact, name="Bea", customer=two)
        _first, second = (session.create(CustomerContact, customer=each, contact=bea) for each in (one, two))
        (back,) = session.unmerge(session.merge(one, two))
        assert (back.id, back.city) == (two.id, "Back")
        assert session.get(Customer, one.id).city is None
    assert seen == [["Bea"], 1, second.id]
