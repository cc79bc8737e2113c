"""Posting a message: to a checked address, within a deadline; little of the answer is read, no redirect followed."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from attrs import field, frozen

from crmkit.core.outbox.webhooks.addresses import allowed_address, resolved
from crmkit.core.outbox.webhooks.problems import EndpointError, GoneError, MessageError
from crmkit.translation import _
from crmkit.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.outbox.webhooks.addresses import Network, Resolve

DEADLINE: Final = 10.0
"""Seconds from the connection to the end of the answer."""
MOST_READ: Final = 65_536
OK, MOVED, REFUSED, FAILED = range(200, 300), range(300, 400), range(400, 500), range(500, 600)
GONE, TIMEOUT, TOO_MANY = 410, 408, 429


@frozen(kw_only=True)
class Poster:
    """Posts messages.

    Attributes:
        allowed: the networks beside the public internet to which it may post.
        deadline: how long posting may take, in seconds.
        resolve: finds the addresses of a host.
        tls: how encrypted connections are made; with the system's certificates if it isn't given.
    """

    allowed: Sequence[Network] = ()
    deadline: float = DEADLINE
    resolve: Resolve = resolved
    tls: ssl.SSLContext = field(factory=ssl.create_default_context)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Post a message as JSON.

        Raises:
            EndpointError: if the receiver can't be reached, takes too long, redirects, or fails (5xx, 408, 429).
            MessageError: if it refuses the message (any other 4xx).
            GoneError: if it wants no more (410).
        """
        try:
            status = self._status(url, headers, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            text = _("The receiver can't be reached: {problem}.", problem=str(error) or type(error).__name__)
            raise EndpointError(text) from error
        if status == GONE:
            raise GoneError(_("The receiver wants no more messages (410)."))
        if status in MOVED:
            raise EndpointError(_("The receiver redirects ({status}), which is not followed.", status=status))
        if status in REFUSED and status not in {TIMEOUT, TOO_MANY}:
            raise MessageError(_("The receiver refuses the message ({status}).", status=status))
        if status not in OK:
            raise EndpointError(_("The receiver fails ({status}).", status=status))

    def _status(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        parts = urlsplit(url)
        host, is_safe = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_safe else 80)
        address = allowed_address(host, port, self.allowed, is_safe=is_safe, resolve=self.resolve)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        given = {"content-type": "application/json", "user-agent": f"crmkit/{VERSION}", "connection": "close"}
        with Line(self.deadline) as line:
            connection = http.client.HTTPConnection(host, port)
            connection.sock = line.connect(address, port)
            if is_safe:
                connection.sock = line.encrypt(self.tls, host)
            connection.request("POST", target, body, {**given, **headers})
            answer = connection.getresponse()
            answer.read(MOST_READ)
            return answer.status


class Line:
    """A connection that is cut off after a while, however slowly it goes on.

    The timeout of a socket counts anew with every byte; this one is for everything together.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._socket: socket.socket | None = None
        self._is_late = threading.Event()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._timer.cancel()
        if self._socket is not None:
            self._socket.close()
        if self._is_late.is_set():
            raise TimeoutError(_("no answer within {seconds} seconds", seconds=f"{self._seconds:g}")) from error

    def connect(self, address: str, port: int) -> socket.socket:
        """Connect to an address."""
        self._socket = socket.create_connection((address, port), timeout=self._seconds)
        return self._socket

    def encrypt(self, tls: ssl.SSLContext, host: str) -> socket.socket:
        """Encrypt the connection; the other side must be the host, by its certificate."""
        assert self._socket is not None
        encrypted = tls.wrap_socket(self._socket, server_hostname=host, do_handshake_on_connect=False)
        self._socket = encrypted
        encrypted.do_handshake()
        return encrypted

    def _cut(self) -> None:
        self._is_late.set()
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
