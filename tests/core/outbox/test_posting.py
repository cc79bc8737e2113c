"""Posting: no address inside the house is reached, whatever name servers say, and no receiver takes more time."""

from __future__ import annotations

import ipaddress
import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from crmkit.core.outbox.webhooks.addresses import is_allowed
from crmkit.core.outbox.webhooks.posting import Poster
from crmkit.core.outbox.webhooks.problems import EndpointError, GoneError, MessageError
from tests.core.outbox import receiving
from tests.core.outbox.receiving import misbehaving, receiver

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.row("L1")
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.mark.parametrize("behave", [receiving.hang, receiving.drip, receiving.babble, receiving.slam])
def test_receivers_that_misbehave_are_cut_off(behave: Callable[[socket.socket], None]) -> None:
    """At the deadline, whatever they do; it counts as a failure."""
    with misbehaving(behave) as port:
        start = time.monotonic()
        with pytest.raises(EndpointError):
            Poster(allowed=LOOPBACK, deadline=0.5).post(f"http://127.0.0.1:{port}/", {}, b"{}")
        assert time.monotonic() - start < 30


def test_a_receiver_that_answers_too_much_is_not_listened_to() -> None:
    """It has the message; of the answer, 64 kB are read."""
    with misbehaving(receiving.flood) as port:
        Poster(allowed=LOOPBACK, deadline=10).post(f"http://127.0.0.1:{port}/", {}, b"{}")


@pytest.mark.parametrize(
    ("status", "error"),
    [(301, EndpointError), (307, EndpointError), (400, MessageError), (404, MessageError), (408, EndpointError),
     (410, GoneError), (429, EndpointError), (500, EndpointError), (503, EndpointError)],
)  # fmt: skip
def test_answers(status: int, error: type[Exception]) -> None:
    """Redirects are not followed; every answer but 2xx is a failure, of the message or of the receiver."""
    with receiver() as inside, receiver(status, location=inside.url) as other:
        with pytest.raises(error, match=str(status)):
            Poster(allowed=LOOPBACK).post(other.url, {}, b"{}")
        assert inside.got == []


INSIDE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::",
    "2001:0:0:0:0:0:f5ff:fffe",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_the_house_is_reached(address: str) -> None:
    """In whatever way it is written: loopback, private, link-local, metadata, mapped, 6to4, NAT64, Teredo."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["93.184.215.14", address] if len(asked) == 1 else [address]

    poster = Poster(resolve=resolve)
    for _ in range(2):
        with pytest.raises(EndpointError, match="may not go to"):
            poster.post("https://example.com/", {}, b"{}")
    assert not is_allowed(ipaddress.ip_address(address), [], is_safe=True)


def test_a_name_server_that_changes_its_mind_gains_nothing() -> None:
    """The name is resolved once, and the connection goes to the address that was checked."""
    answers = [["127.0.0.2"], ["127.0.0.1"]]
    with receiver() as inside:
        poster = Poster(
            allowed=[ipaddress.ip_network("127.0.0.2/32")], resolve=lambda _host, _port: answers.pop(0), deadline=2
        )
        with pytest.raises(EndpointError):
            poster.post(f"http://example.com:{inside.port}/", {}, b"{}")
        assert len(answers) == 1
        assert inside.got == []


def test_unencrypted_messages_stay_in_allowed_networks() -> None:
    """Http to the public internet is refused when it is sent, too."""
    with pytest.raises(EndpointError, match="may not go to"):
        Poster(resolve=lambda _host, _port: ["93.184.215.14"]).post("http://example.com/", {}, b"{}")


def test_encrypted_messages_go_to_who_has_the_certificate(tmp_path: Path) -> None:
    """One of another name is refused, as is one that nobody vouches for; a host that drips is cut off there, too."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hook.example -keyout {key} -out {certificate}"
    )
    subprocess.run([*command.split(), "-addext", "subjectAltName=DNS:hook.example"], check=True, capture_output=True)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    got: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        with serving.wrap_socket(connection, server_side=True) as safe:
            got.append(b"")
            while not got[-1].endswith(b"}"):
                got[-1] += safe.recv(65_536)
            if b"/drip" in got[-1]:
                receiving.drip(safe)
            safe.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    trusting = ssl.create_default_context(cafile=str(certificate))
    poster = Poster(allowed=LOOPBACK, resolve=lambda _host, _port: ["127.0.0.1"], tls=trusting, deadline=30)
    with misbehaving(answer) as port:
        poster.post(f"https://hook.example:{port}/", {}, b'{"a":1}')
        assert got[0].startswith(b"POST / HTTP/1.1\r\nHost: hook.example")
        with pytest.raises(EndpointError, match="certificate"):
            poster.post(f"https://other.example:{port}/", {}, b"{}")
        with pytest.raises(EndpointError, match="certificate"):
            evolve(poster, tls=ssl.create_default_context()).post(f"https://hook.example:{port}/", {}, b"{}")
        with pytest.raises(EndpointError, match="no answer within 2 seconds"):
            evolve(poster, deadline=2).post(f"https://hook.example:{port}/drip", {}, b"{}")
    assert threading.active_count() < 50
