"""What a record is called elsewhere: ids in other systems, and addresses on channels."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from typing import TYPE_CHECKING

from crmkit.core.declare import fields as f
from crmkit.core.declare.declarations import Unique
from crmkit.core.declare.kinds import Choice, EmailKind, PhoneKind
from crmkit.core.declare.records import Record, record
from crmkit.core.declare.values import Ref
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.lifecycle.drafts import Batch, Draft
    from crmkit.core.lifecycle.session import Session

CHANNELS = (
    "email",
    "phone",
    Choice("wechat", "WeChat"),
    Choice("whatsapp", "WhatsApp"),
    Choice("line", "LINE"),
    "telegram",
    "facebook",
    Choice("linkedin", "LinkedIn"),
    "card",
    "other",
)
NORMALISING: Mapping[str, Kind] = {"email": EmailKind(), "phone": PhoneKind(), "whatsapp": PhoneKind()}
"""The channels whose addresses are read by a kind of field; others are taken as they are."""


@record(title="value")
class ExternalId(Record):
    """The id that a record has in another system. Capital and small letters are different."""

    record: Ref[object] = f.any_ref(part_of=True)
    entity: str | None = f.text(max=41, help="The record's entity; it follows from the record.")
    system: str = f.text(max=41, pattern="[a-z][a-z0-9_]*", help="The other system, such as legacy_erp.")
    value: str = f.text(label="Id", index=True)


@record(title="address", plural="Channel identities")
class ChannelIdentity(Record):
    """An address by which a customer or contact is known on a channel, such as an e-mail address or a card's number."""

    person: Ref[object] = f.any_ref("customer", "contact", part_of=True)
    channel: str = f.choice(*CHANNELS)
    address: str = f.text(index=True, privacy="personal")
    rank: int = f.integer(min=1, default=1, help="1 for the address to be used first.")
    verified_at: Moment | None = f.datetime(help="When it was shown to belong to the person.")


DECLARATIONS = (
    Unique(
        entity="external_id",
        fields=("entity", "system", "value"),
        message="Another record has this id in that system.",
    ),
    Unique(
        entity="channel_identity",
        fields=("person", "channel", "address"),
        message="The person has this address already.",
        on_merge="drop",
    ),
)


def fill(session: Session, drafts: Batch[Draft]) -> None:
    """Note the entity of an external id, and bring addresses into the form of their channel."""
    for draft in drafts.of(ExternalId):
        named = draft.get("record")
        if draft.sets("record", "entity") and isinstance(named, Ref):
            draft.set("entity", named.entity)
    for draft in drafts.of(ChannelIdentity):
        channel, address = draft.get("channel"), draft.get("address")
        if draft.sets("channel", "address") and channel is not None and address is not None:
            try:
                draft.set("address", normal_address(str(channel), str(address), session.model.conventions))
            except InvalidValue as error:
                draft.refuse("address", str(error))


def normal_address(channel: str, address: str, conventions: Conventions) -> str:
    """Return an address in the form in which a channel's are kept: e-mail in small letters, phones in E.164.

    Raises:
        InvalidValue: if it can't be one of that channel.
    """
    kind = NORMALISING.get(channel)
    found = address.strip() if kind is None else kind.parse(address, conventions)
    if not found:
        raise InvalidValue(_("An address is missing."))
    return str(found).casefold() if channel == "email" else str(found)
