"""Webhooks: other systems that are told of events, each as a user of this one, and so of what that user may see."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import frozen

from crmkit.core.declare import fields as f
from crmkit.core.declare.declarations import Event, Setting, Unique
from crmkit.core.declare.kinds import TagsKind
from crmkit.core.declare.outbox import matches
from crmkit.core.declare.records import Record, record
from crmkit.core.declare.values import Ref
from crmkit.core.nouns.people import User
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.lifecycle.drafts import Batch, Draft
    from crmkit.core.lifecycle.session import Session

SECRET_PREFIX = "whsec_"  # noqa: S105  (what secrets begin with)
SHORTEST_KEY, LONGEST_KEY = 24, 64


@frozen(kw_only=True)
class NetworksKind(TagsKind):
    """Any number of networks in CIDR form, such as `10.0.0.0/8`."""

    def parse(self, value: object, conventions: Conventions) -> tuple[str, ...] | None:
        """Return the networks."""
        found = TagsKind.parse(self, value, conventions)
        for each in found or ():
            try:
                ipaddress.ip_network(each)
            except ValueError:
                text = _("{network!r} is no network; write it like 10.0.0.0/8.", network=each)
                raise InvalidValue(text) from None
        return found


@record
class Webhook(Record):
    """Another system that is told of events. It is told what its user may see, and nothing else."""

    name: str = f.text()
    url: str = f.url(label="URL")
    events: tuple[str, ...] = f.tags(help="The events it is told of: customer.created, customer.*, *.deleted, *.")
    user: Ref[User] = f.ref(help="The user as whom it is told.")
    secret: str = f.text(privacy="secret", help="With which messages are signed: whsec_ and base64.")
    old_secret: str | None = f.text(privacy="secret", help="A second signature, while receivers change over.")
    active: bool = f.boolean(default=True)
    problem: str | None = f.text(max=500, help="Why it was switched off.")


DECLARATIONS = (
    Setting(
        name="webhook_networks",
        kind=NetworksKind(),
        default=None,
        help="Networks beside the public internet to which webhooks may be sent, such as 10.0.0.0/8; there, http is "
        "allowed, too.",
    ),
    Event(name="webhook.disabled", entity="webhook", help="A webhook was switched off, as its receiver was gone."),
    Unique(entity="webhook", fields=("name",), message="Another webhook has this name."),
)


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse webhooks that couldn't work, or that would show somebody more than they may see."""
    for draft in drafts.of(Webhook):
        if draft.sets("url"):
            check_url(session.model, draft)
        if draft.sets("events"):
            check_events(session.model, draft)
        for name in ("secret", "old_secret"):
            given = draft.get(name) if draft.sets(name) else None
            if given is not None and not is_secret(str(given)):
                draft.refuse(name, _("A secret is whsec_ followed by 24 to 64 bytes in base64."))
        if draft.sets("active") and draft.get("active"):
            draft.set("problem", None)
        check_user(session, draft)


def check_url(model: Model, draft: Draft) -> None:
    """Refuse addresses that nothing may be sent to, as far as the address itself tells."""
    parts = urlsplit(str(draft.get("url") or ""))
    if parts.username or parts.password or parts.fragment:
        draft.refuse("url", _("The address must hold no user, password or fragment."))
    if parts.scheme == "http" and not networks(model):
        draft.refuse("url", _("Use https. http is for the networks in the setting webhook_networks."))


def check_events(model: Model, draft: Draft) -> None:
    """Refuse events that nobody emits."""
    given = draft.get("events")
    for pattern in given if isinstance(given, tuple) else ():
        if not any(matches([pattern], event) for event in model.event_names):
            draft.refuse("events", _("No event is called {pattern!r}.", pattern=pattern))


def check_user(session: Session, draft: Draft) -> None:
    """Refuse a user other than who acts, unless that may change every user: it would show what others may see."""
    principal = session.principal
    if not draft.sets("user", "url", "secret", "events", "active") or principal.user is None:
        return
    user = draft.get("user")
    users = session.model.entities["user"]
    may_all = "all" in principal.rights.levels(users, "update")
    if isinstance(user, Ref) and int(user) != principal.user and not may_all:
        draft.refuse("user", _("You may only have webhooks that are told what you may see: choose yourself."))


def is_secret(text: str) -> bool:
    """Return whether a text is a secret of the Standard Webhooks form: `whsec_` and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(SECRET_PREFIX) and SHORTEST_KEY <= len(key) <= LONGEST_KEY


def networks(model: Model) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return the networks beside the public internet to which webhooks may be sent."""
    given = model.values.get("webhook_networks")
    return [ipaddress.ip_network(str(each)) for each in given] if isinstance(given, tuple) else []
