"""Contacts and their customers: one by default, more by a setting; one primary contact per customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.declarations import Event, Setting, Unique
from crmkit.core.declare.kinds import BooleanKind
from crmkit.core.declare.values import Ref
from crmkit.core.nouns.customers import Contact, CustomerContact
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.lifecycle.drafts import Batch, Change, Draft
    from crmkit.core.lifecycle.session import Session

DECLARATIONS = (
    Setting(
        name="multi_customer_contacts",
        kind=BooleanKind(),
        default=False,
        help="Whether a contact may belong to further customers beside its own.",
    ),
    Event(name="contact.linked", entity="contact", help="A contact got a customer, or another one than before."),
    Unique(
        entity="contact",
        fields=("customer",),
        where="is_primary",
        message="This customer has a primary contact already.",
    ),
    Unique(entity="customer_contact", fields=("customer", "contact"), message="They are linked already."),
    Unique(entity="opportunity_contact", fields=("opportunity", "contact"), message="The contact has a role already."),
)


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Keep contacts to what the settings allow, and let a new primary contact take the place of the old one."""
    for draft in drafts.of(CustomerContact):
        if not session.setting("multi_customer_contacts"):
            draft.refuse(
                "contact", _("A contact has one customer here. Turn on multi_customer_contacts to allow more.")
            )
    for draft in drafts.of(Contact):
        if draft.get("is_primary") and draft.get("customer") is None:
            draft.refuse("is_primary", _("Only a contact with a customer can be its primary contact."))
        if draft.sets("is_primary", "customer") and draft.get("is_primary"):
            draft.first(_dethrone)


def _dethrone(session: Session, draft: Draft) -> None:
    """Take the primary flag off the customer's former primary contact."""
    for other in session.find(Contact, {"customer": draft.get("customer"), "is_primary": True}):
        if draft.record is None or other.id != draft.record.id:
            session.update(other, is_primary=False)


def announce(session: Session, changes: Batch[Change]) -> None:
    """Emit `contact.linked` once for every contact that got another customer."""
    for change in changes.of(Contact):
        customer = change.after.customer
        if isinstance(customer, Ref) and "customer" in change.changed:
            session.emit("contact.linked", change.after, {"customer": int(customer)})
