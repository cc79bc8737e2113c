"""Mail servers: to which messages are handed, each with what it takes to be let in."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from crmkit import Choice, Record, Unique, record
from crmkit.core.declare import fields as f
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit import Batch, Session
    from crmkit.core.lifecycle.drafts import Draft

STARTTLS, TLS, NONE = "starttls", "tls", "none"


@record
class MailServer(Record):
    """An SMTP server. Messages go to the active one of the lowest rank."""

    name: str = f.text()
    host: str = f.text(pattern=r"[A-Za-z0-9.:-]+")
    port: int = f.integer(min=1, max=65_535, default=587)
    security: str = f.choice(
        Choice(STARTTLS, "STARTTLS"), Choice(TLS, "TLS"), NONE, default=STARTTLS, help="How it is encrypted."
    )
    username: str | None = f.text()
    password: str | None = f.text(privacy="secret")
    sender: str = f.text(pattern=r"[^@\s<>,]+@[^@\s<>,]+", help="The address from which messages come.")
    sender_name: str | None = f.text(pattern=r"[^\x00-\x1f\x7f]+")
    rank: int = f.integer(min=1, default=1)
    active: bool = f.boolean(default=True)


DECLARATIONS = (MailServer, Unique(entity="mail_server", fields=("name",), message=_("Another server has this name.")))


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Let nobody set up servers but who may change every user, and refuse to send passwords without encryption.

    Whoever sets a server up decides through whose hands all messages go.
    """
    principal = session.principal
    may = principal.user is None or "all" in principal.rights.levels(session.model.entities["user"], "update")
    for draft in drafts.of(MailServer):
        if not may:
            draft.refuse("host", _("Only who may change every user may set up mail servers."))
        if draft.get("security") == NONE and draft.get("username") is not None and not is_here(str(draft.get("host"))):
            draft.refuse("security", _("The password would travel unencrypted. Choose STARTTLS or TLS."))


def is_here(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def server_of(session: Session) -> MailServer | None:
    """Return the server that messages go to, if one is set up; the session must have system reach."""
    found = session.find(MailServer, {"active": True}, order="rank, id", limit=1)
    return found[0] if found else None


def is_ready(session: Session) -> bool:
    """Return whether a server is set up."""
    return session.count(MailServer, {"active": True}) > 0
