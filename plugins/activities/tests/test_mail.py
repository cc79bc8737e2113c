"""Mail: notices reach users over a real SMTP server, at least once, as one message, and with no header but ours."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from attrs import define, field

from crmkit import SYSTEM, Contact, Message, User
from crmkit.errors import GivenUpError, Refused
from crmkit_activities.errors import MailFailedError
from crmkit_activities.events.attendance import invite
from crmkit_activities.events.event import CalendarEvent, EventAttendee
from crmkit_activities.mail.servers import MailServer
from crmkit_activities.mail.smtp import send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session

    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock

TEN = datetime(2026, 3, 3, 10, tzinfo=UTC)
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@define
class Mailbox:
    """What a mail server got, and what it answers next instead of taking it."""

    letters: list[EmailMessage] = field(factory=list)
    envelopes: list[Envelope] = field(factory=list)
    answers: list[str] = field(factory=list)
    recipient_answers: list[str] = field(factory=list)
    logins: list[tuple[bytes, bytes]] = field(factory=list)

    async def handle_RCPT(  # noqa: N802  (named for the command)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient."""
        if self.recipient_answers:
            return self.recipient_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a letter."""
        assert isinstance(envelope.content, bytes)
        self.envelopes.append(envelope)
        self.letters.append(message_from_bytes(envelope.content, policy=default))
        return self.answers.pop(0) if self.answers else "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: LoginPassword
    ) -> AuthResult:
        """Let Ann in."""
        self.logins.append((login.login, login.password))
        return AuthResult(success=login.password == b"let me in", handled=False)


class Local(Controller):
    """A mail server at a port that is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def running(mailbox: Mailbox, **options: Any) -> Iterator[int]:
    """Run a mail server, and give its port."""
    controller = Local(mailbox, hostname="127.0.0.1", port=0, authenticator=mailbox.authenticate, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.fixture
def mailbox() -> Mailbox:
    """An empty mailbox."""
    return Mailbox()


@pytest.fixture
def port(mailbox: Mailbox) -> Iterator[int]:
    """The port of a mail server that is running."""
    with running(mailbox) as found:
        yield found


def set_up(crm: CRM, port: int, **values: object) -> MailServer:
    """Set a mail server up, and give Ann an address."""
    with crm.session(actor="admin") as session:
        session.create(User, name="Ann", external_id="ann", email="ann@example.org", roles=["member"])
        given = {"name": "local", "host": "127.0.0.1", "port": port, "security": "none", "sender": "crm@example.com"}
        return session.create_many(MailServer, [given | values])[0]


def tell(crm: CRM, text: str) -> None:
    """Tell Ann something."""
    with crm.session(actor="admin") as session:
        session.notify(session.find(User, {"external_id": "ann"}), text)


def test_a_notice_arrives(crm: CRM, mailbox: Mailbox, port: int) -> None:
    """It comes from the sender that was set up, to the user's address, and says that nobody wrote it by hand."""
    set_up(crm, port, sender_name="Größe & Söhne")
    tell(crm, "Acme zieht um: 巴黎\nAb morgen.")
    crm.worker().run_once()
    [letter], [envelope] = mailbox.letters, mailbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("crm@example.com", ["ann@example.org"])
    assert letter["From"] == "Größe & Söhne <crm@example.com>"
    assert (letter["Subject"], letter["To"]) == ("Acme zieht um: 巴黎", "ann@example.org")
    assert letter.get_content().splitlines() == ["Acme zieht um: 巴黎", "Ab morgen."]
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"


def test_what_is_refused_for_now_is_sent_later(crm: CRM, mailbox: Mailbox, port: int, clock: FrozenClock) -> None:
    """An answer of 4xx, or a server that is away, is tried again, with one Message-ID throughout."""
    server = set_up(crm, port)
    mailbox.answers = ["451 Try again later"]
    mailbox.recipient_answers = ["450 Greylisted"]
    tell(crm, "Hello")
    for _each in range(2):
        crm.worker().run_once()
        clock.advance(minutes=5)
    with crm.session(actor="admin") as session:
        server = session.update(server, port=1)
    crm.worker().run_once()
    clock.advance(minutes=5)
    with crm.session(actor="admin") as session:
        session.update(server, port=port)
    crm.worker().run_once()
    assert len(mailbox.letters) == 2  # one was taken, and not kept
    assert len({each["Message-ID"] for each in mailbox.letters}) == 1
    assert crm.outbox.dead() == []


@pytest.mark.parametrize("where", ["answers", "recipient_answers"])
def test_what_is_refused_for_good_is_given_up(crm: CRM, mailbox: Mailbox, port: int, where: str) -> None:
    """An answer of 5xx makes a dead letter with the server's words, at once."""
    set_up(crm, port)
    setattr(mailbox, where, ["550 No such user here"])
    tell(crm, "Hello")
    crm.worker().run_once()
    [dead] = crm.outbox.dead()
    assert dead.problem == "The mail server 127.0.0.1 refuses the message: 550 No such user here"


def test_who_is_not_let_in_sends_later(crm: CRM, mailbox: Mailbox, port: int, clock: FrozenClock) -> None:
    """A server that asks for a password, or for another one, has the message as soon as that is put right."""
    set_up(crm, port)
    mailbox.answers = ["530 5.7.0 Authentication required"]
    tell(crm, "Hello")
    for _each in range(3):
        crm.worker().run_once()
        clock.advance(minutes=5)
    assert crm.outbox.dead() == []
    assert len(mailbox.letters) == 2


def test_no_text_adds_a_header(crm: CRM, mailbox: Mailbox, port: int) -> None:
    """Line ends in what is told stay in the body, or are white space in the subject."""
    set_up(crm, port)
    tell(crm, "Hello\u2028Bcc: a@evil.example\u2029Cc: b@evil.example\r\nBcc: c@evil.example\r\n\r\n.\r\nQUIT")
    crm.worker().run_once()
    [letter], [envelope] = mailbox.letters, mailbox.envelopes
    assert envelope.rcpt_tos == ["ann@example.org"]
    ours = ("From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted")
    assert sorted(letter.keys()) == sorted([*ours, "MIME-Version", "Content-Type", "Content-Transfer-Encoding"])
    assert letter["Subject"] == "Hello"
    assert "c@evil.example" in letter.get_content()


@pytest.mark.parametrize("address", ["no address", "a@b>, <c@d", "@", "a@b, c@d", "<a@b>", "änn@example.org"])
def test_what_is_no_address_is_given_up(crm: CRM, port: int, address: str) -> None:
    """Nothing is sent to what can't be one address."""
    set_up(crm, port)
    message = Message(to=address, subject="Hello", text="Hello", id="1")
    with crm.session(actor=SYSTEM) as session, pytest.raises(GivenUpError, match="There can be no such e-mail"):
        send(session, message)


def test_html_goes_beside_the_text(crm: CRM, mailbox: Mailbox, port: int) -> None:
    """A message with both is an alternative of both, and takes further headers."""
    set_up(crm, port)
    html, headers = "<p>Hello</p>", {"X-Sort": "greeting"}
    with crm.session(actor=SYSTEM) as session:
        send(session, Message(to="a@example.org", subject="Hi", text="Hello", html=html, id="1", headers=headers))
    [letter] = mailbox.letters
    assert letter["X-Sort"] == "greeting"
    assert [each.get_content().strip() for each in letter.iter_parts()] == ["Hello", "<p>Hello</p>"]


def test_it_is_encrypted_and_let_in_by_a_secret(
    crm: CRM, mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    """With STARTTLS the certificate is checked before the password is told; a wrong password can be put right."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
        f" -keyout {key} -out {certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with running(mailbox, tls_context=tls, require_starttls=True, auth_required=True) as port:
        login = {"username": "ann", "password": "wrong", "security": "starttls"}
        server = set_up(crm, port, host="localhost", **login)
        message = Message(to="ann@example.org", subject="Hello", text="Hello", id="1")
        with crm.session(actor=SYSTEM) as session, pytest.raises(MailFailedError, match="certificate"):
            send(session, message)
        assert mailbox.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with crm.session(actor=SYSTEM) as session, pytest.raises(MailFailedError, match="535"):
            send(session, message)
        with crm.session(actor="admin") as session:
            session.update(server, password="let me in")
        tell(crm, "Hello")
        crm.worker().run_once()
    assert mailbox.logins[-1] == (b"ann", b"let me in")
    assert len(mailbox.letters) == 1
    with crm.session(actor="admin") as session:
        assert "let me in" not in repr(session.find(MailServer))
        assert "let me in" not in repr(session.history(server))


def test_servers_are_set_up_by_administrators(crm: CRM) -> None:
    """Nobody else decides through whose hands messages go, and no password travels unencrypted."""
    set_up(crm, 25)
    given = {"name": "mine", "host": "mail.evil.example", "sender": "x@evil.example"}
    with crm.session(actor="ann") as session, pytest.raises(Refused, match="Only who may change every user"):
        session.create(MailServer, **given)
    with crm.session(actor="admin") as session:
        with pytest.raises(Refused, match="would travel unencrypted"):
            session.create(MailServer, **given, security="none", username="ann", password="x")
        session.create(MailServer, **given, security="tls", username="ann", password="x")


def test_without_a_server_nothing_is_kept_for_later(crm: CRM, mailbox: Mailbox, port: int) -> None:
    """A server that is switched off, or not there yet, sends nothing."""
    server = set_up(crm, port, active=False)
    tell(crm, "Hello")
    with crm.session(actor="admin") as session:
        session.update(server, active=True)
    crm.worker().run_once()
    assert mailbox.letters == []


@pytest.mark.row("C7")
def test_guests_who_are_no_users_get_letters(crm: CRM, port: int, mailbox: Mailbox, clock: FrozenClock) -> None:
    """Contacts and addresses are told of what becomes of an event, each once; who declines or has no address isn't."""
    set_up(crm, port)
    with crm.session(actor="ann") as session:
        lea = session.create(Contact, name="Lea", email="lea@example.org")
        event = session.create(CalendarEvent, subject="Demo", starts_at=TEN, place="Room 2")
        invite(session, event, [lea, session.create(Contact, name="Max")])
        session.create(EventAttendee, event=event, address="Zoe@example.org")
        session.create(EventAttendee, event=event, address="no@example.org", attendance="declined")
    crm.worker().run_once()
    with crm.session(actor="ann") as session:
        event = session.update(event, place="Room 3")
        [zoe] = session.find(EventAttendee, {"address": "Zoe@example.org"})
        session.delete(zoe)
    crm.worker().run_once()
    clock.advance(hours=1)
    with crm.session(actor="ann") as session:
        session.delete(session.get(CalendarEvent, event.id))
    crm.worker().run_once()
    said = sorted((each["To"].lower(), each["Subject"].split(",")[0]) for each in mailbox.letters)
    assert said == [
        ("lea@example.org", "Cancelled: Demo"),
        ("lea@example.org", "Changed: Demo"),
        ("lea@example.org", "You are invited: Demo"),
        ("zoe@example.org", "Changed: Demo"),
        ("zoe@example.org", "You are invited: Demo"),
        ("zoe@example.org", "You are no longer invited: Demo"),
    ]
    assert len({each["Message-ID"] for each in mailbox.letters}) == len(mailbox.letters)


def test_an_organizer_tells_the_guests(crm: CRM, port: int, mailbox: Mailbox) -> None:
    """Guests of an event that somebody else organizes get no letters from here."""
    set_up(crm, port)
    with crm.session(actor="ann") as session:
        values = {"subject": "Demo", "starts_at": TEN}
        theirs = session.create_many(CalendarEvent, [{**values, "organizer": "mailto:them@example.org"}])[0]
        session.create(EventAttendee, event=theirs, address="zoe@example.org")
    crm.worker().run_once()
    assert mailbox.letters == []
