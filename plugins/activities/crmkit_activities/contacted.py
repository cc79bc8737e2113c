"""When customers and contacts were last in contact: raised by every contact that is logged, and never set back."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit import Contact, ContactSource, Customer, Handler, Opportunity, Ref, extend
from crmkit.core.declare import fields as f
from crmkit.errors import ConflictError
from crmkit.translation import _
from crmkit_activities.activity import Activity, ActivityParticipant
from crmkit_activities.kinds import kinds_of
from crmkit_activities.referring import chunks, rows_referring

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crmkit import Batch, Change, Occurrence, Record, Session
    from crmkit_activities.kinds import ActivityKind

    Latest = dict[str, dict[int, Moment]]

LAST = "last_contacted_at"
KINDS = "crmkit_activities.kinds:contact_kinds"
MOMENTS = {"ended": "max(ended_at)", "said": "max(done_at, ended_at is None)"}
TRIES = 5
PART = ("activity", "person")
MATTERING = frozenset({"kind", "stage", "ended_at", "outcome", "customer", "contact"})


@extend(Customer)
class CustomerContacted:
    """When somebody last spoke with the customer."""

    last_contacted_at: Moment | None = f.datetime(index=True, label="Last contact", help="Set by activities.")


@extend(Contact)
class ContactContacted:
    """When somebody last spoke with the contact."""

    last_contacted_at: Moment | None = f.datetime(index=True, label="Last contact", help="Set by activities.")


@frozen
class ContactsAbout:
    """Reads the latest moment of each kind of contact that was about records of an entity; see `ContactSource`."""

    entity: str

    def __call__(self, session: Session, ids: Sequence[int]) -> Mapping[int, Mapping[str, Moment]]:
        """Return it by the ids of the records."""
        condition, given = reached(session)
        where = f"about.entity == given.entity and about.id in given.ids and {condition}"
        found: dict[int, dict[str, Moment]] = {}
        for some in chunks(list(ids)):
            given |= {"entity": self.entity, "ids": some}
            for number, kind, *moments in session.aggregate(
                Activity, by=["about.id", "kind"], measures=MOMENTS, where=where, given=given
            ):
                note_kind(found, number, kind, moments)
        return found


def contacts_about(entity: type[Record]) -> ContactSource:
    """Return what says when contacts were last about records of an entity, by kind; yield it to have it.

    Opportunities have it. A plugin above yields `contacts_about(Lead)` for its own.
    """
    name = entity.__crmkit_entity__.name
    return ContactSource(name=f"activities_{name}", entity=name, read=ContactsAbout(name), kinds=KINDS)


DECLARATIONS = (
    CustomerContacted,
    ContactContacted,
    ContactSource(
        name="activities", entity="customer", read="crmkit_activities.contacted:contacts_of_customers", kinds=KINDS
    ),
    contacts_about(Opportunity),
    Handler(
        name="contacts_of_merged",
        events=("customer.merged", "contact.merged"),
        run="crmkit_activities.contacted:follow_merged",
        help=_("Give a merged record the last contact that there was with any of those it was made of."),
    ),
)


def follow(session: Session, changes: Batch[Change]) -> None:
    """Raise the moment of the last contact of all whom contacts were made with, a statement for each entity."""
    found: Latest = {}
    kinds = kinds_of(session.model)
    changed = [change for change in changes.of(Activity) if change.changed & MATTERING]
    reached = [change for change in changed if is_contact(kinds, change.after)]
    for change in reached:
        for person in (change.after.customer, change.after.contact):
            note(found, person, change.after)
    known = [change.after for change in reached if change.before is not None]  # a new one has no participants yet
    if known:
        by_id = {activity.id: activity for activity in known}
        parts: Latest = {}
        for number, person in rows_referring(session, ActivityParticipant, PART, "activity", by_id):
            assert isinstance(number, int)
            note(parts, person, by_id[int(number)])
        note_parts(session, found, parts)
    raise_all(session, found)


def follow_participants(session: Session, changes: Batch[Change]) -> None:
    """Raise it of those who are said to have taken part in a contact that was made before."""
    parts = [change.after for change in changes.of(ActivityParticipant)]
    if not parts:
        return
    kinds = kinds_of(session.model)
    activities = session.by_id(session.model.entity(Activity), {whole_of(part) for part in parts})
    found: Latest = {}
    taken: Latest = {}
    for part in parts:
        activity = activities.get(whole_of(part))
        if activity is not None and is_contact(kinds, activity):
            note(taken, part.person, activity)
    note_parts(session, found, taken)
    raise_all(session, found)


def follow_merged(session: Session, occurrence: Occurrence) -> None:
    """Raise it of the survivor of a merge to that of the latest contact that refers to it now."""
    entity, number = occurrence.record.entity, int(occurrence.record)
    condition, given = reached(session)
    where = f"{entity} == given.person and {condition}"
    given |= {"person": number}
    ((latest,),) = session.aggregate(Activity, measures={"latest": "max(ended_at)"}, where=where, given=given)
    parts = parts_in_contacts(session, [number]) if entity == "customer" else parts_of(session, entity, [number])
    moments = [each for each in (latest, *(moment for *_who, moment in parts)) if isinstance(each, Moment)]
    if moments:
        raise_moments(session, entity, {number: max(moments)})


def reached(session: Session, path: str = "") -> tuple[str, dict[str, object]]:
    """Return the filter of activities in which somebody was spoken to, seen from what the path leads to them from."""
    reaching = [(name, kind.unreached) for name, kind in kinds_of(session.model).items() if kind.is_contact]
    given: dict[str, object] = {}
    for place, (name, unreached) in enumerate(reaching):
        given |= {f"kind_{place}": name, f"unreached_{place}": list(unreached)}
    outcome = f"{path}outcome"
    kinds = " or ".join(
        f"({path}kind == given.kind_{place} and ({outcome} is None or {outcome} not in given.unreached_{place}))"
        for place in range(len(reaching))
    )
    return f"{path}stage.kind == 'done' and ({kinds})", given


def contacts_of_customers(session: Session, ids: Sequence[int]) -> Mapping[int, Mapping[str, Moment]]:
    """Return the latest moment of each kind of contact with customers, by their ids; see `ContactSource`."""
    found: dict[int, dict[str, Moment]] = {}
    for some in chunks(list(ids)):
        for customer, kind, *moments in (*own_contacts(session, some), *parts_in_contacts(session, some)):
            note_kind(found, customer, kind, moments)
    return found


def note_kind(found: dict[int, dict[str, Moment]], number: object, kind: object, moments: Iterable[object]) -> None:
    """Remember the moments of contacts of a kind with a record, if they are the latest ones."""
    assert isinstance(number, int)
    known = found.setdefault(int(number), {})
    for moment in moments:
        if isinstance(moment, Moment):
            known[str(kind)] = max(moment, known.get(str(kind), moment))


def own_contacts(session: Session, customers: Sequence[int]) -> list[tuple[object, ...]]:
    """Return customer, kind, and moments of the latest contacts of each kind that name the customer."""
    condition, given = reached(session)
    where = f"customer in given.customers and {condition}"
    given |= {"customers": customers}
    return session.aggregate(Activity, by=["customer", "kind"], measures=MOMENTS, where=where, given=given)


def parts_in_contacts(session: Session, customers: Sequence[int]) -> Iterator[tuple[object, ...]]:
    """Yield customer, kind, and the moment of every contact in which the customer, or a contact of it, took part."""
    yield from parts_of(session, "customer", customers)
    rows = rows_referring(session, Contact, ["id", "customer"], "customer", customers)
    of_contacts = {int(str(number)): customer for number, customer in rows}
    for some in chunks(sorted(of_contacts)):
        for person, *rest in parts_of(session, "contact", some):
            assert isinstance(person, Ref)
            yield of_contacts[int(person)], *rest


def parts_of(session: Session, entity: str, numbers: Sequence[int]) -> Iterator[tuple[object, ...]]:
    """Yield person, kind, and the moment of every contact in which some persons took part."""
    condition, given = reached(session, "activity.")
    where = f"person.entity == '{entity}' and person.id in given.numbers and {condition}"
    paths = ["person", "activity.kind", "activity.ended_at", "activity.done_at"]
    for person, kind, ended, done in session.rows(
        ActivityParticipant, paths, where, given=given | {"numbers": numbers}
    ):
        yield person, kind, ended or done


def whole_of(part: Record) -> int:
    """Return the id of the activity that somebody takes part in."""
    assert isinstance(part.activity, Ref)
    return int(part.activity)


def is_contact(kinds: Mapping[str, ActivityKind], activity: Record) -> bool:
    """Return whether an activity is one in which somebody was spoken to."""
    kind = kinds.get(str(activity.kind))
    return activity.stage_kind == "done" and kind is not None and kind.reaches(activity.outcome)


def note(found: Latest, person: object, activity: Record) -> None:
    """Remember the moment of a contact with a customer or contact, if it is the latest one."""
    moment = activity.ended_at or activity.done_at
    if isinstance(person, Ref) and person.entity in {"customer", "contact"} and isinstance(moment, Moment):
        note_moment(found, person.entity, int(person), moment)


def note_moment(found: Latest, entity: str, number: int, moment: Moment) -> None:
    """Remember a moment, if it is the latest one."""
    moments = found.setdefault(entity, {})
    moments[number] = max(moment, moments.get(number, moment))


def note_parts(session: Session, found: Latest, parts: Latest) -> None:
    """Remember the moments of those who took part, and of the customers of the contacts among them."""
    for entity, moments in parts.items():
        for number, moment in moments.items():
            note_moment(found, entity, number, moment)
    contacts = parts.get("contact", {})
    for contact in session.by_id(session.model.entity(Contact), contacts).values() if contacts else ():
        if isinstance(contact.customer, Ref):
            note_moment(found, "customer", int(contact.customer), contacts[contact.id])


def raise_all(session: Session, found: Mapping[str, Mapping[int, Moment]]) -> None:
    """Raise the moments of customers, then of contacts."""
    for entity in ("customer", "contact"):
        if found.get(entity):
            raise_moments(session, entity, found[entity])


def raise_moments(session: Session, entity: str, moments: Mapping[int, Moment]) -> None:
    """Raise the moments of records; where somebody else changes one meanwhile, look again.

    Raises:
        ConflictError: if a record is changed by others again and again.
    """
    for attempt in range(1, TRIES + 1):
        records = session.by_id(session.model.entities[entity], sorted(moments))
        lower = [records[number] for number in sorted(records) if is_lower(records[number], moments[number])]
        try:
            session.update_many((record, {LAST: moments[record.id]}) for record in lower)
        except ConflictError:
            if attempt == TRIES:
                raise
        else:
            return


def is_lower(record: Record, moment: Moment) -> bool:
    """Return whether the moment that a record has is earlier than this one."""
    last = record.last_contacted_at
    return not isinstance(last, Moment) or last < moment
