"""Channels: notices reach their recipients where they want them, at least once, always as the same message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import define, field

from crmkit import SYSTEM, Channel, Customer, Message, Notice, NoticePreference, User
from crmkit.errors import ClashError, DeclarationError, GivenUpError, InvalidValue, Refused
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory


@define
class Post:
    """A channel's other side, which can fail."""

    messages: list[Message] = field(factory=list)
    errors: list[Exception] = field(factory=list)
    is_open: bool = True

    def send(self, session: Session, message: Message) -> None:
        """Take a message, and fail if it is told to."""
        assert session.principal.reaches_all
        self.messages.append(message)
        if self.errors:
            raise self.errors.pop(0)

    def is_ready(self, _session: Session) -> bool:
        """Say whether it is open."""
        return self.is_open

    def channel(self, name: str = "email") -> Channel:
        """Return the channel."""
        return Channel(name=name, send=self.send, address="email", ready=self.is_ready)


@pytest.fixture
def post() -> Post:
    """The other side of the channel."""
    return Post()


@pytest.fixture
def crm(make_crm: CRMFactory, post: Post) -> CRM:
    """A CRM with a channel, and with Ann, Bob without address, and Cid."""
    crm = make_crm([make_plugin("post", post.channel())])
    with crm.session(actor=SYSTEM) as session:
        for name, address in (("ann", "ann@example.org"), ("bob", None), ("cid", "cid@example.org")):
            session.create(User, name=name, external_id=name, email=address, roles=["member"])
    return crm


def tell(crm: CRM, text: str = "Hello", **options: str) -> None:
    """Tell everybody something."""
    with crm.session(actor=SYSTEM) as session:
        session.notify(session.find(User), text, **options)  # type: ignore[arg-type]


def work(crm: CRM) -> None:
    """Have done what is due."""
    crm.worker().run_once()


def test_a_notice_is_sent_to_those_with_an_address(crm: CRM, post: Post) -> None:
    """It goes out after the commit, to the address that the user has then; its first line is the subject."""
    tell(crm, "Acme  moved\nto Paris", key="moved")
    assert post.messages == []
    with crm.session(actor="admin") as session:
        [cid] = session.find(User, {"external_id": "cid"})
        session.update(cid, email="cid@example.com")
    work(crm)
    assert sorted(each.to for each in post.messages) == ["ann@example.org", "cid@example.com"]
    assert {(each.subject, each.text) for each in post.messages} == {("Acme moved", "Acme  moved\nto Paris")}
    assert len({each.id for each in post.messages}) == 2


def test_what_fails_is_sent_again_as_the_same_message(crm: CRM, post: Post, clock: FrozenClock) -> None:
    """The receiver can tell by the id that it has it already."""
    post.errors = [OSError("the line is down"), OSError("still")]
    tell(crm)
    for _each in range(3):
        work(crm)
        clock.advance(minutes=10)
    assert len(post.messages) == 4
    assert len({each.id for each in post.messages}) == 2
    assert crm.outbox.dead() == []


def test_what_is_refused_for_good_is_a_dead_letter_at_once(crm: CRM, post: Post) -> None:
    """`GivenUpError` ends it: the reason is kept, and others get theirs."""
    post.errors = [GivenUpError(problem="No such mailbox.")]
    tell(crm)
    work(crm)
    [dead] = crm.outbox.dead()
    assert (dead.problem, dead.consumer) == ("No such mailbox.", "job:core.send_notice")
    assert len(post.messages) == 2


@pytest.mark.parametrize(
    ("preferences", "reached"),
    [
        ([], True),
        ([("*", "*", False)], False),
        ([("*", "email", False)], False),
        ([("*", "sms", False)], True),
        ([("moved", "*", False)], False),
        ([("moved", "*", True), ("*", "email", False)], True),
        ([("moved", "email", True), ("moved", "*", False), ("*", "*", False)], True),
        ([("grew", "*", False)], True),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_everybody_says_what_reaches_them(
    crm: CRM, post: Post, preferences: list[tuple[str, str, bool]], reached: object
) -> None:
    """Kinds and channels are switched off by users themselves; what says more exactly what it is about counts."""
    with crm.session(actor="ann") as session:
        for kind, channel, wanted in preferences:
            session.create(NoticePreference, kind=kind, channel=channel, wanted=wanted)
    tell(crm, kind="moved")
    work(crm)
    assert ("ann@example.org" in {each.to for each in post.messages}) is reached
    with crm.session(actor="cid") as session:
        assert session.find(NoticePreference) == ()
        assert session.count(Notice) == 1


def test_nothing_is_sent_where_nothing_can_be(crm: CRM, post: Post) -> None:
    """A channel that is not set up sends nothing, nor is anything sent to who has left or to a deleted notice."""
    post.is_open = False
    tell(crm)
    post.is_open = True
    tell(crm)
    with crm.session(actor=SYSTEM) as session:
        users = {each.external_id: each for each in session.find(User)}
        session.update(users["ann"], active=False)
    with crm.session(actor="cid") as session:
        session.delete(session.notices()[0])
    work(crm)
    assert post.messages == []
    assert crm.outbox.dead() == []


def test_a_refused_transaction_sends_nothing(crm: CRM, post: Post) -> None:
    """What is rolled back was never said."""

    def fail(session: Session) -> None:
        session.notify(session.find(User), "Hello")
        session.update(session.create(Customer, name="Acme"), name=None)

    with pytest.raises(Refused):
        crm.run(fail, actor=SYSTEM)
    work(crm)
    assert post.messages == []


@pytest.mark.parametrize("ending", ["\n", "\r", "\r\n", "\x00", "\x0b", "\x0c", "\x85", "\u2028", "\x1e"])
def test_a_message_has_one_line_for_each_header(ending: str) -> None:
    """No value can begin another header."""
    plain = {"to": "ann@example.org", "subject": "Hello", "text": f"a{ending}b", "id": "1"}
    assert Message(**plain).text == f"a{ending}b"  # type: ignore[arg-type]
    for name in ("to", "subject", "id"):
        with pytest.raises(InvalidValue, match=f"{name} must be one line"):
            Message(**{**plain, name: f"x{ending}Bcc: eve@example.org"})  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="X-Sort must be one line"):
        Message(**plain, headers={"X-Sort": f"x{ending}y"})
    with pytest.raises(InvalidValue, match="can't be the name"):
        Message(**plain, headers={f"X{ending}Bcc": "eve@example.org"})


def test_channels_fit(make_crm: CRMFactory, post: Post) -> None:
    """Two channels of one name clash, and an address must be a field of users."""
    with pytest.raises(ClashError, match="channel 'email'"):
        make_crm(
            [make_plugin("one", post.channel()), make_plugin("two", Channel(name="email", send="a:b", address="name"))]
        )
    with pytest.raises(DeclarationError, match="Did you mean 'email'"):
        make_crm([make_plugin("one", Channel(name="sms", send="a:b", address="emial"))])
