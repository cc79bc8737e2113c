"""SMTP: an e-mail handed to a server, and what its answers mean (RFC 5321, 4.2.1)."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crmkit.errors import GivenUpError
from crmkit.translation import _
from crmkit_activities.errors import MailFailedError
from crmkit_activities.mail.letters import letter
from crmkit_activities.mail.servers import STARTTLS, TLS, server_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import Message, Session
    from crmkit_activities.mail.servers import MailServer

TIMEOUT = 5.0
"""Seconds that the server may take for each of its answers, of which there are about five."""
FOR_GOOD = range(500, 600)
LET_IN = frozenset({530, 534, 535, 538})
"""Answers that ask for other authentication (RFC 4954): what a person can put right is not for good."""


def send(session: Session, message: Message) -> None:
    """Hand a message to the mail server.

    Raises:
        GivenUpError: if the server will never take it.
        MailFailedError: if it may take it later, or no server is set up by now.
    """
    server = server_of(session)
    if server is None:
        raise MailFailedError(server="", problem=_("none is set up"))
    made = letter(message, server, session.unit.now)
    try:
        with connected(server, password_of(session, server)) as line:
            line.send_message(made, from_addr=server.sender, to_addrs=[message.to])
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = error.recipients[message.to]
        raise failure(server, code, answer) from error
    except smtplib.SMTPAuthenticationError as error:  # a password can be put right, so it is not for good
        raise MailFailedError(server=server.host, problem=told(error.smtp_code, error.smtp_error)) from error
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise failure(server, error.smtp_code, error.smtp_error) from error
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise MailFailedError(server=server.host, problem=str(error) or type(error).__name__) from error


def password_of(session: Session, server: MailServer) -> str:
    """Return the password of a server.

    It is read past the session, which shows it to nobody: it is used and never shown, and nothing is written before a
    message is sent, so that a slow server keeps no lock.
    """
    table = session.tables["mail_server"]
    found = session.unit.connection.execute(table.select().where(table.c.id == server.id)).one()
    return found.password or ""


@contextmanager
def connected(server: MailServer, password: str) -> Iterator[smtplib.SMTP]:
    """Connect to a server, encrypted as it is set up, and be let in."""
    tls = ssl.create_default_context()
    if server.security == TLS:
        line: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=tls)
    else:
        line = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
    with line:
        if server.security == STARTTLS:
            line.starttls(context=tls)
        if server.username is not None:
            line.login(server.username, password)
        yield line


def failure(server: MailServer, code: int, answer: bytes | str) -> Exception:
    """Return the error that an answer means."""
    problem = told(code, answer)
    if code in FOR_GOOD and code not in LET_IN:
        return GivenUpError(
            problem=_("The mail server {server} refuses the message: {problem}", server=server.host, problem=problem)
        )
    return MailFailedError(server=server.host, problem=problem)


def told(code: int, answer: bytes | str) -> str:
    """Return an answer as a text."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(text.split())}"
