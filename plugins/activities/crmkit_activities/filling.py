"""What an activity's values follow from when nothing else is said, and which of them its kind allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import CreateDraft, Ref
from crmkit.core.declare.values import ref_class
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.kinds import foreign_fields, kinds_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import Batch, Record, Session
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit_activities.kinds import ActivityKind


def fill(session: Session, drafts: Batch[Draft]) -> None:
    """Fill in what follows: the customer, who gave it to its owner, the channel, who acted."""
    listed = list(drafts.of(Activity))
    kinds = kinds_of(session.model)
    fill_customers(session, listed)
    by_plan = (draft for draft in listed if draft.sets("owner") and draft.get("follow_up_plan") is not None)
    people = records_of(session, (draft.get("about") for draft in by_plan))
    for draft in listed:
        if draft.get("follow_up_plan") is None or draft.get("owner") != owner_of(draft.get("about"), people):
            note_delegation(session, draft)
        kind = kinds.get(str(draft.get("kind")))
        if kind is not None and isinstance(draft, CreateDraft):
            fill_by_kind(draft, kind)


def fill_customers(session: Session, drafts: Sequence[Draft]) -> None:
    """Note the customer and the contact of what an activity is about, if it says none itself.

    Those that followed from what it was about before are forgotten when it is about something else.
    """
    open_ones = [draft for draft in drafts if draft.sets("about", "contact") and not draft.sets("customer")]
    forget_former(session, [draft for draft in open_ones if draft.record is not None])
    about = records_of(session, (draft.get("about") for draft in open_ones))
    for draft in open_ones:
        pointed = draft.get("about")
        if isinstance(pointed, Ref) and draft.get("contact") is None and pointed.entity == "contact":
            draft.set("contact", pointed)
    contacts = records_of(session, (draft.get("contact") for draft in open_ones))
    for draft in open_ones:
        if draft.get("customer") is None:
            found = customer_of(draft.get("about"), about) or customer_of(draft.get("contact"), contacts)
            if found is not None:
                draft.set("customer", found)


def forget_former(session: Session, drafts: Sequence[Draft]) -> None:
    """Forget the contact and the customer that followed from what some activities were about."""
    held = [(draft, draft.record.about, draft.record.contact) for draft in drafts if draft.record is not None]
    records = records_of(session, (each for _draft, *pointed in held for each in pointed))
    for draft, about, contact in held:
        if contact is not None and contact == about and not draft.sets("contact"):
            draft.set("contact", None)
        followed = customer_of(about, records) or customer_of(contact, records)
        if followed is not None and draft.get("customer") == followed:
            draft.set("customer", None)


def records_of(session: Session, references: Iterable[object]) -> dict[tuple[str, int], Record]:
    """Return the records that references point to, by entity and id, with a statement for each entity."""
    wanted: dict[str, set[int]] = {}
    for each in references:
        if isinstance(each, Ref) and each.entity in session.model.entities:
            wanted.setdefault(each.entity, set()).add(int(each))
    return {
        (entity, number): record
        for entity, numbers in wanted.items()
        for number, record in session.by_id(session.model.entities[entity], numbers).items()
    }


def customer_of(pointed: object, records: dict[tuple[str, int], Record]) -> Ref[object] | None:
    """Return the customer that a reference points to, or that the record at its end belongs to."""
    if not isinstance(pointed, Ref):
        return None
    if pointed.entity == "customer":
        return pointed
    record = records.get((pointed.entity, int(pointed)))
    found = getattr(record, "customer", None) if record is not None else None
    return found if isinstance(found, Ref) and found.entity == "customer" else None


def owner_of(pointed: object, records: dict[tuple[str, int], Record]) -> object:
    """Return whose the record at the end of a reference is: a plan's follow-up for its owner was given by nobody."""
    record = records.get((pointed.entity, int(pointed))) if isinstance(pointed, Ref) else None
    return getattr(record, "owner", None)


def note_delegation(session: Session, draft: Draft) -> None:
    """Note who gave an open activity to another user, after those who gave it before.

    When it comes back to one of them, that one and those after it have given it to nobody any more.
    """
    actor, owner = session.actor_ref, draft.get("owner")
    if not draft.sets("owner") or draft.sets("delegated_by") or draft.is_closed or actor is None:
        return
    if not isinstance(owner, Ref):
        return
    givers = givers_of(draft.get("delegated_before"), draft.get("delegated_by"))
    for user in (owner, actor):
        if user in givers:
            givers = givers[: givers.index(user)]
    if owner != actor:
        givers.append(actor)
    draft.set("delegated_by", givers[-1] if givers else None)
    draft.set("delegated_before", [int(each) for each in givers[:-1]] or None)


def givers_of(before: object, last: object) -> list[Ref[object]]:
    """Return those who gave an activity on, one to the next."""
    found = [ref_class("user")(int(each)) for each in before] if isinstance(before, (list, tuple)) else []
    return [*found, last] if isinstance(last, Ref) else found


def fill_by_kind(draft: Draft, kind: ActivityKind) -> None:
    """Set the channel of the kind; who acted is the owner if we began, else who came to us."""
    if draft.get("channel") is None and kind.channel is not None:
        draft.set("channel", kind.channel)
    if "actor" in kind.fields and draft.get("actor") is None and draft.get("direction") is not None:
        theirs = draft.get("contact") or draft.get("customer")
        draft.set("actor", draft.get("owner") if draft.get("direction") == "outbound" else theirs)


def check_fields(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse fields that belong to other kinds, and a kind without those that it requires.

    When the kind changes, fields that don't belong to the new one are emptied.
    """
    kinds, foreign = kinds_of(session.model), foreign_fields(session.model)
    for draft in drafts.of(Activity):
        kind = kinds.get(str(draft.get("kind")))
        if kind is None:
            continue
        for name in sorted(foreign[kind.name]):
            if draft.get(name) is not None and draft.sets(name):
                text = _("This belongs to other kinds of activities than {kind!r}. Leave it empty.", kind=kind.name)
                draft.refuse(name, text)
            elif draft.get(name) is not None and draft.sets("kind"):
                draft.set(name, None)
        for name in kind.requires:
            if draft.get(name) is None and (draft.record is None or draft.sets(name, "kind")):
                draft.refuse(name, _("Activities of the kind {kind!r} need a value.", kind=kind.name))
