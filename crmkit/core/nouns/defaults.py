"""What follows from other values when nothing else is said: owner, city, days of opening and closing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.declarations import Rule, Setting, Unique
from crmkit.core.declare.kinds import BooleanKind
from crmkit.core.declare.values import Address
from crmkit.core.nouns.customers import Customer
from crmkit.core.nouns.people import User
from crmkit.core.nouns.selling import Opportunity, Order
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.lifecycle.drafts import Batch, CreateDraft, Draft, MoveDraft
    from crmkit.core.lifecycle.session import Session

DECLARATIONS = (
    Setting(
        name="pinyin_search",
        kind=BooleanKind(),
        default=False,
        help="Whether names in Chinese are found by their pinyin and its initials, too (needs crmkit[pinyin]).",
    ),
    Rule(
        name="closes_after_opening",
        entity="opportunity",
        when="closed_on < opened_on",
        message="The opportunity was closed before it was opened.",
        path="closed_on",
    ),
    Rule(
        name="positive_quantity",
        entity="order_line",
        when="quantity == 0",
        message="A line needs a quantity other than 0.",
        path="quantity",
    ),
    Unique(entity="exchange_rate", fields=("currency", "valid_from"), message="There is a rate for this day already."),
    Unique(
        entity="assignment",
        fields=("record", "user", "role"),
        message="The user has this part already.",
        on_merge="drop",
    ),
)


def fill_new(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Fill in what a new record leaves open."""
    for draft in drafts.of(Customer):
        if draft.get("agency") is None and is_agent(session):
            draft.set("agency", session.principal.team)
        address = draft.get("address")
        if draft.get("city") is None and isinstance(address, Address) and address.city:
            draft.set("city", address.city)
    for draft in drafts.of(Opportunity):
        if draft.get("opened_on") is None and not draft.is_closed:
            draft.set("opened_on", session.today)
        if draft.is_closed and draft.get("closed_on") is None:
            draft.set("closed_on", session.today)
    for draft in drafts.of(Order):
        if draft.get("ordered_on") is None:
            draft.set("ordered_on", session.today)
    check_roles(session, drafts)


def is_agent(session: Session) -> bool:
    """Return whether the actor reaches no other customers than those of its agency."""
    customers = session.model.entities["customer"]
    return session.principal.rights.levels(customers, "create") == {"agency"}


def check_roles(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse roles that no plugin declares."""
    for draft in drafts.of(User):
        roles = draft.get("roles")
        for role in roles if isinstance(roles, tuple) else ():
            if role not in session.model.roles:
                known = ", ".join(session.model.roles)
                draft.refuse("roles", _("There is no role {role!r}. There are: {known}.", role=role, known=known))


def note_close(session: Session, moves: Batch[MoveDraft]) -> None:
    """Note the day of closing, and take it off a reopened opportunity."""
    for move in moves.of(Opportunity):
        if move.target.kind in {"won", "lost"}:
            if not move.sets("closed_on"):
                move.set("closed_on", session.today)
        elif move.get("closed_on") is not None:
            move.set("closed_on", None)
