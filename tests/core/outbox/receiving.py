"""Receivers of webhooks on loopback, real HTTP servers: one that does what it is told, and some that misbehave."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@define(eq=False)
class Receiver:
    """A server that keeps what it gets, and answers with the next status, or the last one again and again."""

    statuses: list[int] = field(factory=lambda: [204])
    headers: dict[str, str] = field(factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def receiver(*statuses: int, **headers: str) -> Iterator[Receiver]:
    """Run a receiver."""
    made = Receiver(statuses=list(statuses) or [204], headers=headers)

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            made.got.append(({name.lower(): value for name, value in self.headers.items()}, self.rfile.read(length)))
            status = made.statuses.pop(0) if len(made.statuses) > 1 else made.statuses[0]
            self.send_response(status)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    made.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def misbehaving(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run a server that does something to each connection, and yield its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            threading.Thread(target=attempt, args=(connection,), daemon=True).start()

    def attempt(connection: socket.socket) -> None:
        try:
            with connection:
                behave(connection)
        except OSError:
            pass

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def hang(connection: socket.socket) -> None:
    """Say nothing."""
    while connection.recv(65_536):
        pass
    time.sleep(5)


def drip(connection: socket.socket) -> None:
    """Answer one byte at a time, for ever."""
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(600):
        connection.sendall(b"x")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    """Answer with far too much."""
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n")
    for _ in range(100_000):
        connection.sendall(b"x" * 100_000)


def babble(connection: socket.socket) -> None:
    """Answer with what is no HTTP."""
    connection.recv(65_536)
    connection.sendall(b"\x00\xff hello\r\n\r\n")


def slam(connection: socket.socket) -> None:
    """Close at once."""
    connection.close()
