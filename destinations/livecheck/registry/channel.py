"""Requests to one origin over TLS that was verified: bounded, without redirects, proxies, cookies and decompression."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from destinations.livecheck.registry import network, trust
from destinations.livecheck.registry.guard import Approved
from destinations.livecheck.registry.network import Watch
from destinations.livecheck.registry.port import CheckStopped, Code, Trust

MAX_ANSWER_BYTES = 64 * 1024
"""One answer, from its status line to its last trailer, interim answers before it included."""
_REDIRECTS = range(300, 400)
_TOO_MANY, _SERVER_ERROR = 429, 500
_HEADERS = {"User-Agent": "edrportal", "Docker-Distribution-API-Version": "registry/2.0"}


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """What came back. Header values and body are the server's words: nothing of them is shown or logged."""

    status: int
    headers: http.client.HTTPMessage = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def all(self, name: str) -> list[str]:
        return [str(value) for value in self.headers.get_all(name, [])]

    def raise_for_trouble(self) -> None:
        """Raise CheckStopped for an answer that says nothing about permissions: a redirect, 429, or a 5xx."""
        detail = {"status": str(self.status)}
        if self.status in _REDIRECTS:
            raise CheckStopped(Code.REDIRECTS, ok=None, detail=detail)
        if self.status == _TOO_MANY:
            raise CheckStopped(Code.TOO_MANY_REQUESTS, detail=detail)
        if self.status >= _SERVER_ERROR:
            raise CheckStopped(Code.SERVER_ERROR, detail=detail)


class _LimitedReader(io.RawIOBase):
    """Reads a file up to MAX_ANSWER_BYTES: http.client counts header lines, but no interim answers and no trailers."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._left = MAX_ANSWER_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - what typeshed alone can name
        count = self._file.readinto1(buffer)
        self._left -= count
        if self._left < 0:
            raise CheckStopped(Code.BAD_ANSWER)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _LimitedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *options: Any, **more: Any) -> None:  # noqa: ANN401 - http.client's own
        super().__init__(sock, *options, **more)
        self.fp = io.BufferedReader(_LimitedReader(self.fp))


def _read(response: http.client.HTTPResponse) -> bytes:
    content = response.read(MAX_ANSWER_BYTES + 1)  # sets no memory aside for a length that is only stated
    if response.length:
        raise http.client.IncompleteRead(content)  # which `read` with a size does not raise
    return content


class Channel(http.client.HTTPConnection):
    """One origin, as a tool with one trust reaches it; keeps its connection from one request to the next."""

    default_port = 443
    response_class = _LimitedResponse
    sock: ssl.SSLSocket | None

    def __init__(
        self, approved: Approved, trust: Trust | None, watch: Watch, sock: socket.socket | None = None
    ) -> None:
        """Without a trust every server is taken, to look at its chain; `sock` is for the first connection."""
        super().__init__(approved.name, approved.port)
        self.approved = approved
        self._trust = trust
        self._watch = watch
        self._plain = sock
        self._has_answered = False

    def handshake(self) -> tuple[bytes, ...]:
        """Open the connection and return the presented chain. Raises CheckStopped and TimeoutError."""
        return trust.presented_chain(self._secure())

    def connect(self) -> None:
        self._secure()

    def _secure(self) -> ssl.SSLSocket:
        sock, self._plain = self._plain or network.connect(self.approved, self._watch), None
        try:
            self.sock = trust.start_tls(sock, self.approved.name, self._trust)
        except OSError:
            self._watch.deadline.check()  # where it has passed, that is the reason
            raise CheckStopped(Code.NO_CONNECTION) from None
        except CheckStopped as stop:
            if stop.code not in trust.CERTIFICATE_CODES:
                self._watch.deadline.check()
            raise
        self._has_answered = False
        return self.sock

    def ask(
        self, method: str, target: str, *, authorization: str = "", form: Mapping[str, str] | None = None
    ) -> RegistryAnswer:
        """Send one request. Raises CheckStopped, also when the deadline passes."""
        headers = {**_HEADERS, **({"Authorization": authorization} if authorization else {})}
        body = "" if method == "POST" else None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form, errors="surrogateescape")
        try:
            self._watch.deadline.check()
            answer = self._answer(method, target, body, headers)
        except (http.client.HTTPException, OSError, CheckStopped, ValueError):
            answer = None
        if self._watch.deadline.has_passed:  # an end that the watch made is no end of the answer
            raise CheckStopped(Code.OUT_OF_TIME)
        if answer is None:
            raise CheckStopped(Code.BAD_ANSWER)
        return answer

    def _answer(self, method: str, target: str, body: str | None, headers: Mapping[str, str]) -> RegistryAnswer:
        """Send it again where the server had closed the kept connection meanwhile; a POST takes a new one, once."""
        if method == "POST":
            self.close()
        is_reused = self.sock is not None and self._has_answered
        try:
            return self._exchange(method, target, body, headers)
        except http.client.RemoteDisconnected:
            if not is_reused:
                raise
            return self._exchange(method, target, body, headers)

    def _exchange(self, method: str, target: str, body: str | None, headers: Mapping[str, str]) -> RegistryAnswer:
        try:
            self.request(method, target, body, headers)
            with self.getresponse() as response:
                content = _read(response)
        except BaseException:
            self.close()
            raise
        self._has_answered = True
        return RegistryAnswer(response.status, response.headers, content)

    def close(self) -> None:
        super().close()
        if self._plain:
            self._plain.close()
            self._plain = None
