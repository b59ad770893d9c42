"""A server that says over TCP or TLS whatever a test wants said, honest or not."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services.pki import Pki

    Script = Callable[[socket.socket, threading.Event], object]


class Talker:
    """`port` to connect to; `accepted` counts who did; `over` is set when the test is."""

    def __init__(self, script: Script, tls: Pki | ssl.SSLContext | None, host: str) -> None:
        self.over = threading.Event()
        self.accepted = 0
        self._script = script
        self._tls = tls if isinstance(tls, ssl.SSLContext) else None
        if tls and not isinstance(tls, ssl.SSLContext):
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(tls.certificate, tls.key)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.port = self._listener.getsockname()[1]

    def serve(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(OSError):
                near, _ = self._listener.accept()
                self.accepted += 1
                threading.Thread(target=self._talk, args=(near,), daemon=True).start()

    def close(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _talk(self, near: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            near,
            self._tls.wrap_socket(near, server_side=True) if self._tls else near as sock,
        ):
            self._script(sock, self.over)


@contextmanager
def talking(script: Script, tls: Pki | ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Talker]:
    """Run one for as long as the block lasts."""
    talker = Talker(script, tls, host)
    thread = threading.Thread(target=talker.serve)
    thread.start()
    try:
        yield talker
    finally:
        talker.close()
        thread.join()


def says(*pieces: bytes) -> Script:
    """Wait for the request, say this and end."""

    def script(sock: socket.socket, _: threading.Event) -> None:
        sock.recv(65536)
        for piece in pieces:
            sock.sendall(piece)

    return script


def drips(before: bytes, piece: bytes = b"x", seconds: float = 0.02) -> Script:
    """Wait for the request, say the first part and then a little at a time until nobody listens."""

    def script(sock: socket.socket, over: threading.Event) -> None:
        sock.recv(65536)
        sock.sendall(before)
        while not over.wait(seconds):
            sock.sendall(piece)

    return script


def pours(before: bytes, piece: bytes, times: int) -> Script:
    """Wait for the request, say the first part and then the piece so many times."""

    def script(sock: socket.socket, _: threading.Event) -> None:
        sock.recv(65536)
        sock.sendall(before)
        for _number in range(times):
            sock.sendall(piece)

    return script


def falls_silent(before: bytes = b"") -> Script:
    """Wait for the request, say this and nothing more until the test is over."""

    def script(sock: socket.socket, over: threading.Event) -> None:
        sock.recv(65536)
        sock.sendall(before)
        over.wait(20)

    return script
