"""Letters: messages as e-mails of RFC 5322."""

from __future__ import annotations

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from crmkit.errors import GivenUpError
from crmkit.translation import _

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit import Message
    from crmkit_activities.mail.servers import MailServer


def letter(message: Message, server: MailServer, now: datetime) -> EmailMessage:
    """Return a message as an e-mail; its Message-ID is the same however often it is sent.

    Raises:
        GivenUpError: if there can be no such e-mail, as the address is none.
    """
    made = EmailMessage(policy=SMTP)
    try:
        made["From"] = Address(server.sender_name or "", addr_spec=server.sender)
        made["To"] = Address(addr_spec=message.to)
        made["Subject"] = message.subject
        for name, value in message.headers.items():
            made[name] = value
    except (ValueError, IndexError, MessageError) as error:  # whatever the parser of addresses raises
        raise GivenUpError(problem=_("There can be no such e-mail: {error}.", error=error)) from error
    made["Message-ID"] = f"<{message.id}@{server.sender.rpartition('@')[2]}>"
    made["Date"] = format_datetime(now)
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's automatic answer is wanted
    made.set_content(message.text)
    if message.html is not None:
        made.add_alternative(message.html, subtype="html")
    return made
