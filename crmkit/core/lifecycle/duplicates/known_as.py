"""Known as: records found by what they are called elsewhere, in another system or on a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.nouns.customers import Contact, Customer
from crmkit.core.nouns.identities import ChannelIdentity, ExternalId, normal_address
from crmkit.errors import InvalidValue, NotFoundError, Refusal, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.session import Session

FIELDS: Mapping[type[Record], Mapping[str, tuple[str, ...]]] = {
    Contact: {"email": ("email", "other_email"), "phone": ("mobile", "phone")},
    Customer: {"email": ("email", "other_email"), "phone": ("phone", "other_phone")},
}
"""The fields of persons that hold addresses of a channel."""
BEHIND = 1000
"""The rank of an address that stands in a field, behind all that are ranked."""


@frozen(kw_only=True)
class Match:
    """A person who is known by an address.

    Attributes:
        person: the customer or contact.
        rank: the rank of the address; 1000 if it stands in a field of the record only.
        verified_at: when it was shown to belong to the person, UTC.
    """

    person: Record
    rank: int
    verified_at: datetime | None


def by_external_id(session: Session, entity: EntityModel, system: str, value: str) -> Record:
    """Return the record that has an id in another system.

    Raises:
        NotFoundError: if there is none that the actor may see.
    """
    known = session.elevated.find(ExternalId, {"entity": entity.name, "system": system, "value": value}, limit=1)
    if known:
        found = session.by_id(entity, [int(known[0].record)])
        if found:
            return next(iter(found.values()))
    raise NotFoundError(entity=entity.name, id=f"{system}:{value}")


def set_external_id(session: Session, record: Record, system: str, value: str) -> Record:
    """Note the id that a record has in another system; noting it again changes nothing.

    Raises:
        Refused: if another record of the entity has it.
        AccessDeniedError: if the actor may not change the record.
    """
    entity = session.model.entity(record)
    same = {"entity": entity.name, "system": system, "value": value}
    known = session.elevated.find(ExternalId, same, limit=1)
    if known and known[0].record == record.ref and record.id in session.readable_ids(entity.name, [record.id]):
        return known[0]
    return session.create(ExternalId, record=record, system=system, value=value)


def resolve(session: Session, channel: str, address: str) -> list[Match]:
    """Return the persons, within the actor's reach, who are known by an address: the best match first.

    A better rank comes first, then a verified address, then the record that was made first.

    Raises:
        Refused: if the address can't be one of that channel.
    """
    try:
        wanted = normal_address(channel, address, session.model.conventions)
    except InvalidValue as error:
        raise Refused(entity="channel_identity", refusals=(Refusal(path="address", text=str(error)),)) from None
    best: dict[Ref[object], Match] = {}
    for match in (*ranked(session, channel, wanted), *in_fields(session, channel, wanted)):
        best.setdefault(match.person.ref, match)
    return sorted(best.values(), key=lambda each: (each.rank, each.verified_at is None, each.person.created_at))


def ranked(session: Session, channel: str, address: str) -> Iterator[Match]:
    """Yield the persons with a channel identity of this address."""
    found = session.find(ChannelIdentity, {"channel": channel, "address": address}, order="rank")
    persons: dict[Ref[object], Record] = {}
    for name in {each.person.entity for each in found}:
        numbers = [int(each.person) for each in found if each.person.entity == name]
        records = session.by_id(session.model.entities[name], numbers)
        persons |= {record.ref: record for record in records.values()}
    for each in found:
        if each.person in persons:
            yield Match(person=persons[each.person], rank=each.rank, verified_at=each.verified_at)


def in_fields(session: Session, channel: str, address: str) -> Iterator[Match]:
    """Yield the persons with this address in a field that the actor sees."""
    for entity, fields in FIELDS.items():
        found = session.model.entity(entity)
        names = [each for each in fields.get(channel, ()) if session.principal.sees(found, found.fields[each])]
        if names and session.principal.may(found, "read"):
            where = " or ".join(f"{name} == given.address" for name in names)
            for person in session.find(entity, where, given={"address": address}, order="id"):
                yield Match(person=person, rank=BEHIND, verified_at=None)
