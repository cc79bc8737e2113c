"""Webhooks: what a receiver gets, what it never gets, and what becomes of one that fails."""

from __future__ import annotations

import ipaddress
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, Contact, Customer, Event, Grant, Role, User, Webhook
from crmkit.core.outbox.webhooks.posting import Poster
from crmkit.core.outbox.webhooks.signing import new_secret, signature
from crmkit.errors import AccessDeniedError, DeclarationError, FieldHidden, Refused
from crmkit.testing.plugins import make_plugin
from tests.core.outbox.receiving import misbehaving, receiver

if TYPE_CHECKING:
    import socket

    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

pytestmark = [pytest.mark.row("L1"), pytest.mark.thorough]
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
SETTINGS = {"webhook_networks": ["127.0.0.0/8"]}
SECRET = new_secret()
LIMITED = Role(name="limited", grants=(Grant(entity="customer", read="own", hides=("phone",)),))


def with_webhook(make_crm: CRMFactory, url: str, *events: str, user: str = "admin", **values: object) -> CRM:
    """Return a CRM with a webhook to an address, as a user."""
    gone = Event(name="customer.gone", entity="customer")
    crm = make_crm([make_plugin("roles", LIMITED, gone)], settings=SETTINGS)
    with crm.session(actor="admin") as session:
        session.create(User, name="Lim", external_id="lim", roles=["limited"])
    with crm.session(actor="admin") as session:
        [acting] = session.find(User, {"external_id": user})
        given = {
            "name": "Other",
            "url": url,
            "events": list(events or ("customer.*",)),
            "user": acting,
            "secret": SECRET,
        }
        session.create(Webhook, **{**given, **values})  # type: ignore[arg-type]
    crm.worker().run_once()
    return crm


def test_signatures_are_those_of_standard_webhooks() -> None:
    """The example of its specification."""
    found = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_is_told_of_events_in_order(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """With id, time and signature in the headers, and what was changed in the body."""
    with receiver() as other:
        crm = with_webhook(make_crm, other.url)
        with crm.session(actor="admin") as session:
            acme = session.create(Customer, name="Acme")
            session.update(acme, city="Paris")
        counts = crm.worker().run_once()
    assert counts.done == 2
    (first, created), (second, updated) = other.got
    assert json.loads(updated) == {
        "type": "customer.updated",
        "timestamp": clock.now.isoformat(),
        "data": {
            "record": f"customer:{acme.id}",
            "version": 2,
            "actor": 1,
            "old": {"city": None},
            "new": {"city": "Paris"},
        },
    }
    assert json.loads(created)["data"]["new"]["name"] == "Acme"
    assert first["webhook-id"] != second["webhook-id"]
    timestamp = int(second["webhook-timestamp"])
    assert timestamp == int(clock.now.timestamp())
    assert second["webhook-signature"] == signature(SECRET, second["webhook-id"], timestamp, updated)
    assert second["content-type"] == "application/json"


def test_two_secrets_make_two_signatures(make_crm: CRMFactory) -> None:
    """While receivers change over, either verifies."""
    older = new_secret()
    with receiver() as other:
        crm = with_webhook(make_crm, other.url, old_secret=older)
        with crm.session(actor="admin") as session:
            session.create(Customer, name="Acme")
        crm.worker().run_once()
    [(headers, body)] = other.got
    time_ = int(headers["webhook-timestamp"])
    expected = [signature(each, headers["webhook-id"], time_, body) for each in (SECRET, older)]
    assert headers["webhook-signature"].split(" ") == expected


@pytest.mark.row("M1")
def test_a_receiver_is_told_what_its_user_may_see(make_crm: CRMFactory) -> None:
    """Nothing of records that it can't read, no hidden field, old or new, and nothing that a plugin says along."""
    with receiver() as other:
        crm = with_webhook(make_crm, other.url, "*", user="lim")
        with crm.session(actor="admin") as session:
            [lim] = session.find(User, {"external_id": "lim"})
            session.create(Customer, name="Foreign", phone="+33140205050")
            own = session.create(Customer, name="Own", phone="+33140205051", owner=lim)
            session.create(Contact, name="Bea", customer=own)
            own = session.update(own, phone="+33140205052", city="Paris")
            session.emit("customer.gone", own, {"phone": own.phone})
            session.delete(own)
        crm.worker().run_once()
    told = [json.loads(body) for _headers, body in other.got]
    assert [each["type"] for each in told] == [
        "customer.created",
        "customer.updated",
        "customer.gone",
        "customer.deleted",
    ]
    assert told[1]["data"]["new"] == {"city": "Paris"}
    text = b"".join(body for _headers, body in other.got)
    assert b"4020505" not in text
    assert b"Foreign" not in text
    assert b"Bea" not in text


@pytest.mark.row("M1")
def test_a_hidden_value_makes_no_difference(make_crm: CRMFactory) -> None:
    """Two databases that differ in one hidden value send the same bytes, but for the random beginning of ids."""
    sent = []
    for phone in ("+33140205050", "+33140209999"):
        with receiver() as other:
            crm = with_webhook(make_crm, other.url, "*", user="lim")
            with crm.session(actor="admin") as session:
                [lim] = session.find(User, {"external_id": "lim"})
                own = session.create(Customer, name="Own", phone=phone, owner=lim)
                own = session.update(own, phone=f"{phone[:-1]}1", city="Paris")
                session.delete(own)
            crm.worker().run_once()
        sent.append([(headers["webhook-id"].partition("-")[2], body) for headers, body in other.got])
    assert sent[0] == sent[1]
    assert len(sent[0]) == 3


def test_who_may_have_webhooks(make_crm: CRMFactory) -> None:
    """Administrators; and nobody has one that is told what another may see, without the right to change every user."""
    writes = Grant(entity="webhook", read="all", create="all", update="all", reveals=("*",))
    hooks = Role(name="hooks", grants=(writes, Grant(entity="user", read="all")))
    crm = make_crm([make_plugin("hooking", hooks)])
    with crm.session(actor="admin") as session:
        for name, role in (("max", "manager"), ("hugo", "hooks")):
            session.create(User, name=name, external_id=name, roles=[role])
        [admin] = session.find(User, {"external_id": "admin"})
        [hugo] = session.find(User, {"external_id": "hugo"})
    given: dict[str, Any] = {"name": "X", "url": "https://example.com", "events": ["*"], "secret": SECRET}
    with crm.session(actor="max") as session, pytest.raises(AccessDeniedError):
        session.create(Webhook, user=admin, **given)
    with crm.session(actor="hugo") as session:
        with pytest.raises(Refused, match="choose yourself"):
            session.create(Webhook, user=admin, **given)
        made = session.create(Webhook, user=hugo, **given)
        with pytest.raises(Refused, match="choose yourself"):
            session.update(made, user=admin)
        with pytest.raises(FieldHidden):
            _ = made.secret
    with crm.session(actor="admin") as session:
        session.update(session.get(Webhook, made.id), user=admin)
    with crm.session(actor="hugo") as session, pytest.raises(Refused, match="choose yourself"):
        session.update(session.get(Webhook, made.id), url="https://elsewhere.example")


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("url", "http://example.com", "Use https"),
        ("url", "https://ann:pass@example.com/", "no user, password"),
        ("url", "ftp://example.com/", "not a web address"),
        ("events", ["custmer.*"], "No event is called 'custmer.\\*'"),
        ("secret", "whsec_short", "24 to 64 bytes"),
        ("secret", None, "A value is required"),
    ],
)
def test_what_could_not_work_is_refused(make_crm: CRMFactory, field: str, value: object, problem: str) -> None:
    """Saying which field, and what would."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        [admin] = session.find(User, {"external_id": "admin"})
        given = {"name": "X", "url": "https://example.com", "events": ["*"], "secret": SECRET, "user": admin}
        with pytest.raises(Refused, match=problem) as caught:
            session.create(Webhook, **{**given, field: value})  # type: ignore[arg-type]
    assert {each.path for each in caught.value.refusals} == {field}


@pytest.mark.parametrize("network", ["10.0.0.0/99", "10.1.2.3/8", "inside"])
def test_what_is_no_network_is_refused(make_crm: CRMFactory, network: str) -> None:
    """When the CRM is assembled, not when a message is sent."""
    with pytest.raises(DeclarationError, match=f"'{network}' is no network"):
        make_crm(settings={"webhook_networks": ["10.0.0.0/8", network]})


def test_a_receiver_that_fails_rests_and_gets_everything_later(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """For growing times; messages keep their ids; once it answers, all are delivered, in order for each record."""
    with receiver(500) as other:
        crm = with_webhook(make_crm, other.url)
        with crm.session(actor="admin") as session:
            made = session.create_many(Customer, ({"name": f"C{number}"} for number in range(30)))
            session.update_many((each, {"city": "Paris"}) for each in made)
        worker = crm.worker()
        for _ in range(60):
            worker.run_once()
            clock.advance(minutes=1)
        attempts = len(other.got)
        assert 5 <= attempts <= 12
        other.statuses = [204]
        other.got.clear()
        clock.advance(hours=1, minutes=15)
        assert worker.run_once().done >= 60
    told = [(body["data"]["record"], body["data"]["version"]) for body in (json.loads(each) for _, each in other.got)]
    assert sorted(told) == sorted((str(each.ref), version) for each in made for version in (1, 2))
    assert all(told.index((record, 1)) < told.index((record, 2)) for record, _version in told)


def test_a_message_that_is_refused_waits_alone(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """4xx is about the message: the receiver gets the others at once, and this one again later."""
    with receiver(400, 204) as other:
        crm = with_webhook(make_crm, other.url)
        with crm.session(actor="admin") as session:
            session.create_many(Customer, [{"name": "A"}, {"name": "B"}])
        counts = crm.worker().run_once()
        assert (counts.done, counts.failed) == (1, 1)
        clock.advance(minutes=1)
        crm.worker().run_once()
    ids = [headers["webhook-id"] for headers, _body in other.got]
    assert len(ids) == 3
    assert ids[0] == ids[2] != ids[1]


@pytest.mark.parametrize("how", ["fails for 72 hours", "is gone", "its user is switched off"])
def test_a_webhook_is_switched_off(make_crm: CRMFactory, clock: FrozenClock, how: str) -> None:
    """With the reason in it and an event; what waited is sent when it is switched on again."""
    with receiver(410 if how == "is gone" else 500) as other:
        crm = with_webhook(make_crm, other.url)
        with crm.session(actor="admin") as session:
            session.create(User, name="Next", external_id="next", roles=["admin"])
            session.create(Customer, name="Acme")
        if how == "its user is switched off":
            with crm.session(actor=SYSTEM) as session:
                [admin] = session.find(User, {"external_id": "admin"})
                session.update(admin, active=False)
        worker = crm.worker()
        for _ in range(80):
            worker.run_once()
            clock.advance(hours=1, minutes=1)
        with crm.session(actor="next") as session:
            [webhook] = session.find(Webhook)
            assert not webhook.active
            assert webhook.problem
            [next_] = session.find(User, {"external_id": "next"})
            event = session.tables.system.event
            found = session.unit.connection.execute(event.select().where(event.c.name == "webhook.disabled")).all()
            assert len(found) == 1
            other.got.clear()
            other.statuses = [204]
            changed = session.update(webhook, active=True, user=next_)
            assert changed.problem is None
        worker.run_once()
    assert [json.loads(body)["data"]["new"]["name"] for _headers, body in other.got] == ["Acme"]


def test_a_receiver_that_hangs_keeps_no_other_waiting(make_crm: CRMFactory) -> None:
    """The others get theirs while it is waited for."""
    told = threading.Event()
    waited: list[bool] = []

    def hang(connection: socket.socket) -> None:
        connection.recv(65_536)
        waited.append(told.wait(30))

    with misbehaving(hang) as port, receiver() as other:
        crm = with_webhook(make_crm, f"http://127.0.0.1:{port}/")
        with crm.session(actor="admin") as session:
            [first] = session.find(Webhook)
            session.create(Webhook, name="Good", url=other.url, events=["customer.*"], user=first.user, secret=SECRET)
        worker = crm.worker()
        worker.run_once()
        worker.poster = Poster(allowed=LOOPBACK, deadline=60)
        with crm.session(actor="admin") as session:
            session.create_many(Customer, ({"name": f"C{number}"} for number in range(40)))
        other.headers = Counting(40, told)
        counts = worker.run_once()
    assert (counts.done, counts.failed) == (40, 1)
    assert len(other.got) == 40
    assert waited == [True]


class Counting(dict[str, str]):
    """Headers that tell when they were asked for so often."""

    def __init__(self, times: int, told: threading.Event) -> None:
        super().__init__()
        self.left = times
        self.told = told

    def items(self) -> object:  # type: ignore[override]
        """Count."""
        self.left -= 1
        if not self.left:
            self.told.set()
        return super().items()


def test_a_restart_of_the_receiver_shows_in_the_outbox(make_crm: CRMFactory) -> None:
    """`crm.outbox.status` tells what waits for a webhook, and why."""
    with receiver(503) as other:
        crm = with_webhook(make_crm, other.url)
        with crm.session(actor="admin") as session:
            session.create(Customer, name="Acme")
        crm.worker().run_once()
    [status] = [each for each in crm.outbox.status() if each.consumer.startswith("webhook:")]
    assert (status.is_known, status.waiting, status.problem) == (True, 1, "The receiver fails (503).")
