"""A server of an attacker, and ports inside that it would like to know about: what it sees of a check, and when."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.services.tcpproxy import connections

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

KINDS = ("open", "silent", "closed", "filtered")
"""Ports as a scanner tells them apart; `silent` is open, and says nothing."""
PUBLIC, INSIDE = "127.0.0.1", "127.0.0.2"
_PROBE_SECONDS = 0.02


@dataclass(slots=True)
class Attacker:
    """Listens with TLS and answers every request alike; `seen` is what happened, with the seconds since `begin`.

    It keeps sending after the other side has closed, so it also notices when the last descriptor of a connection goes.
    """

    challenge: Callable[[str], str]
    context: ssl.SSLContext
    listener: socket.socket
    seen: list[tuple[str, float]] = field(default_factory=list)
    _began: float = 0.0
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.listener.getsockname()[1])

    def begin(self) -> None:
        """Forget what was seen, and count time from now on."""
        self.seen.clear()
        self._began = time.monotonic()

    def note(self, event: str) -> None:
        """Remember an event."""
        self.seen.append((event, time.monotonic() - self._began))

    def settle(self) -> None:
        """Wait until every connection has ended."""
        for thread in list(self._threads):
            thread.join(20)

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        for near in connections(self.listener):
            self.note("connect")
            thread = threading.Thread(target=self._talk, args=(near,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, near: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError), self.context.wrap_socket(near, server_side=True) as sock:
                self._answer(sock)
        finally:
            self.note("end")

    def _answer(self, sock: ssl.SSLSocket) -> None:
        while True:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = sock.recv(65536)
                if not piece:
                    self._linger(sock)
                    return
                head += piece
            line = head.partition(b"\r\n")[0].decode()
            shown = b"authorization: bearer" in head.lower()
            self.note(f"{line.rpartition(' ')[0]}{' with a token' if shown else ''}")
            challenge = self.challenge(head.decode())
            status = "401 Unauthorized" if not shown else "404 Not Found"
            answer = f"HTTP/1.1 {status}\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n"
            sock.sendall(answer.encode())

    def _linger(self, sock: ssl.SSLSocket) -> None:
        """Send bytes until the other side answers with a reset: it does when nobody holds the connection any more."""
        self.note("close")
        with contextlib.suppress(OSError):
            while True:
                sock.sendall(b"x")
                time.sleep(_PROBE_SECONDS)


@contextmanager
def attacking(
    challenge: Callable[[str], str], context: ssl.SSLContext, address: str = PUBLIC, port: int = 0
) -> Iterator[Attacker]:
    """Run one until the end of the block."""
    attacker = Attacker(challenge, context, socket.create_server((address, port)))
    thread = threading.Thread(target=attacker.serve, daemon=True)
    thread.start()
    try:
        yield attacker
    finally:
        with contextlib.suppress(OSError):
            attacker.listener.shutdown(socket.SHUT_RDWR)
        attacker.listener.close()
        thread.join(20)


@contextmanager
def target(kind: str, address: str = INSIDE, port: int = 0) -> Iterator[int]:
    """Have a port inside of this kind, and give its number."""
    with ExitStack() as stack:
        if kind == "closed":
            with socket.create_server((address, port)) as listener:
                found = int(listener.getsockname()[1])
            yield found
            return
        listener = stack.enter_context(socket.create_server((address, port), backlog=0 if kind == "filtered" else 16))
        found = int(listener.getsockname()[1])
        if kind == "filtered":  # the queue is full: SYNs get no answer
            for _ in range(3):
                waiting = stack.enter_context(socket.socket())
                waiting.settimeout(0)
                waiting.connect_ex((address, found))
        else:
            thread = threading.Thread(target=_answer, args=(listener, kind), daemon=True)
            thread.start()
            stack.callback(thread.join, 20)
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
        yield found


def _answer(listener: socket.socket, kind: str) -> None:
    """Answer as something that speaks no TLS, or never."""
    held = []
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            break
        if kind == "open":
            with contextlib.suppress(OSError), near:
                near.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
        else:
            held.append(near)
    for near in held:
        near.close()
