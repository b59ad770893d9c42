"""Requests to one origin over TLS that was verified: bounded, without redirects, proxies, cookies and decompression."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from destinations.livecheck.registry import trust, wire
from destinations.livecheck.registry.deadline import Deadline
from destinations.livecheck.registry.guard import Approved
from destinations.livecheck.registry.port import Code, Trust
from destinations.livecheck.registry.stops import OutOfTime, Stop, Trouble
from destinations.livecheck.registry.watch import Watch

_REDIRECTS = range(300, 400)
_TOO_MANY, _SERVER_ERROR = 429, 500
_HEADERS = {"User-Agent": "edrportal", "Docker-Distribution-API-Version": "registry/2.0"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header values and body are the server's words: nothing of them is shown or logged."""

    status: int
    headers: http.client.HTTPMessage = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def all(self, name: str) -> list[str]:
        """Return the values of a header, a line each."""
        return [str(value) for value in self.headers.get_all(name, [])]

    def raise_for_trouble(self) -> None:
        """Raise Stop for what says nothing about rights: a redirect, 429, or an error of the server."""
        detail = {"status": str(self.status)}
        if self.status in _REDIRECTS:
            raise Stop(Code.REDIRECTS, ok=None, detail=detail)
        if self.status == _TOO_MANY:
            raise Stop(Code.TOO_MANY_REQUESTS, detail=detail)
        if self.status >= _SERVER_ERROR:
            raise Stop(Code.SERVER_ERROR, detail=detail)


class Channel:
    """One origin, as a tool with one trust reaches it; keeps its connection from one request to the next."""

    def __init__(
        self, approved: Approved, trust: Trust | None, watch: Watch, sock: socket.socket | None = None
    ) -> None:
        """Remember how to get there; nothing is opened yet but `sock`, for the first connection.

        Without a trust every server is taken: to look at its chain, never to ask it anything.
        """
        self._sock = sock
        self.approved = approved
        self._trust = trust
        self._watch = watch
        self._fresh: ssl.SSLSocket | None = None
        self._connection = _Connection(self)

    def handshake(self) -> tuple[bytes, ...]:
        """Open the connection and return the chain that the server presented. Raises Trouble and TlsError."""
        self._fresh = self._secured()
        return trust.presented(self._fresh)

    def opened(self) -> _Wire:
        """Return the connection that the handshake left, else a new one."""
        sock, self._fresh = self._fresh or self._secured(), None
        return _Wire(sock, self._watch.deadline)

    def _secured(self) -> ssl.SSLSocket:
        sock, self._sock = self._sock or wire.connect(self.approved, self._watch), None
        sock.settimeout(self._watch.deadline.left)
        try:
            return trust.secured(sock, self.approved.name, self._trust)
        except OSError:
            _ = self._watch.deadline.left  # where it is over, that is the reason
            raise Trouble(Code.NO_CONNECTION) from None
        except trust.TlsError as error:
            if not error.is_trust:
                _ = self._watch.deadline.left
            raise

    def ask(
        self, method: str, target: str, *, authorization: str = "", form: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and return its answer. Raises Stop; out of time, too, is one."""
        headers = {**_HEADERS, **({"Authorization": authorization} if authorization else {})}
        body = "" if method == "POST" else None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form, errors="surrogateescape")
        try:
            return self._answer(method, target, body, headers)
        except OutOfTime:
            raise Stop(Code.OUT_OF_TIME, ok=None) from None
        except (http.client.HTTPException, Trouble, trust.TlsError, ValueError):
            raise Stop(Code.BAD_ANSWER) from None

    def _answer(self, method: str, target: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        """Send it, and once more where the server had closed the kept connection meanwhile.

        A POST goes over a new one: what it opens or counts would be opened or counted twice.
        """
        if method == "POST":
            self._connection.close()
        kept = self._connection.sock is not None
        try:
            return self._exchanged(method, target, body, headers)
        except http.client.RemoteDisconnected:
            if not kept:
                raise
            return self._exchanged(method, target, body, headers)

    def _exchanged(self, method: str, target: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        try:
            self._connection.request(method, target, body, headers)
            with self._connection.getresponse() as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close what is open."""
        self._connection.close()
        for left in (self._sock, self._fresh):
            if left:
                left.close()
        self._sock = self._fresh = None


class _Wire:
    """What http.client takes for a socket. As with one, an answer that is still being read outlives `close`."""

    def __init__(self, sock: ssl.SSLSocket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._is_closed = False
        self._answers = 0

    def sendall(self, data: bytes) -> None:
        wire.send(self._sock, data, self._deadline)

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        self._answers += 1
        return _Reader(self._sock, self._deadline, self._read).makefile(mode)

    def _read(self) -> None:
        self._answers -= 1
        if self._is_closed and not self._answers:
            self._sock.close()

    def close(self) -> None:
        self._is_closed = True
        if not self._answers:
            self._sock.close()


class _Reader(wire.Reader):
    """Says when it is closed."""

    def __init__(self, sock: ssl.SSLSocket, deadline: Deadline, closed: Callable[[], None]) -> None:
        super().__init__(sock, deadline)
        self._closed = closed

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._closed()


class _Connection(http.client.HTTPConnection):
    """HTTP/1.1 over whatever the channel opens; http.client asks for it anew where the server closed the last one."""

    default_port = 443

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel.approved.name, channel.approved.port)
        self._channel = channel

    def connect(self) -> None:
        self.sock = self._channel.opened()
