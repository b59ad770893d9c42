"""A WebSocket (RFC 6455, by wsproto) for a watch: messages in, and pings that prove that the other end lives.

A ping is no request: no audit log, no limit and no permission of the API server has anything to do with it.
wsproto does no I/O and no exception of its own carries what was received: a message holds Secrets.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import h11
from urllib3 import PoolManager
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import ProtocolError

PING_SECONDS = 2.0
"""After so long without a word the other end is asked for one."""
LOST_SECONDS = 5.0
"""If none comes within these, the connection is lost."""
_OVERDUE_SECONDS = 10.0
_SWITCHED = 101
_NOT_SWITCHED = 426
_CHUNK = 64 * 1024
_MOST = 64 * 1024 * 1024
_IN_ORDER = {CloseReason.NORMAL_CLOSURE, CloseReason.GOING_AWAY, CloseReason.NO_STATUS_RCVD}


@dataclass(frozen=True, slots=True)
class NoWebSocket:
    """The answer of a server, or of something on the way, that goes on without one; 426 where its status says nothing."""

    status: int
    data: bytes = b""


class WebSocket:
    """An open one. Every method raises OSError where the connection breaks, and HTTPException for what is no WebSocket."""

    status = _SWITCHED
    data = b""

    def __init__(self, connection: Any, sock: socket, protocol: WSConnection) -> None:
        self._connection = connection
        self._socket = sock
        self._protocol = protocol

    def messages(self, seconds: float) -> Iterator[bytes]:
        """Yield each message, and b"" for each sign of life without one: at once, and every two seconds of silence.

        Ends where the server ends it, as it was asked to after so many seconds; where it does not, that is a broken one.
        """
        end = time.monotonic() + seconds + _OVERDUE_SECONDS
        self._send(Ping())
        asked, message = True, bytearray()
        while time.monotonic() < end:
            event = next(self._protocol.events(), None)
            if event is None:
                asked = self._wait(asked=asked)
                continue
            if isinstance(event, CloseConnection):
                if event.code not in _IN_ORDER:  # or what came is none of the protocol
                    raise HTTPException
                return
            if isinstance(event, Ping):
                self._send(event.response())
            if not isinstance(event, TextMessage | BytesMessage):
                yield b""
                continue
            message += event.data.encode() if isinstance(event, TextMessage) else event.data
            if len(message) > _MOST:
                raise HTTPException
            if event.message_finished:
                yield bytes(message)
                message.clear()
        raise TimeoutError

    def close(self) -> None:
        self._connection.close()

    def _wait(self, *, asked: bool) -> bool:
        """Wait for bytes; return whether the other end is asked for a word. Raises TimeoutError if it was and is silent."""
        self._socket.settimeout(LOST_SECONDS if asked else PING_SECONDS)
        try:
            more = self._socket.recv(_CHUNK)
        except TimeoutError:
            if asked:
                raise
            self._send(Ping())
            return True
        if not more:
            raise ConnectionResetError
        self._protocol.receive_data(more)
        return False

    def _send(self, event: Event) -> None:
        self._socket.sendall(self._protocol.send(event))


def connect(
    manager: PoolManager, url: str, headers: Mapping[str, str], timeout: tuple[float, float]
) -> WebSocket | NoWebSocket:
    """Ask for a WebSocket, on a connection of its own that is made like the manager's; no redirect is followed.

    Raises OSError, HTTPException and urllib3's HTTPError.
    """
    pool = manager.connection_from_url(url)
    if pool.proxy and urlsplit(url).scheme == "http":  # a forwarding proxy has requests of its own
        return NoWebSocket(_NOT_SWITCHED)
    connection = pool._new_conn()  # noqa: SLF001 - with the pool's certificates and its way through a proxy
    connection.timeout = timeout[0]
    answer: WebSocket | NoWebSocket | None = None
    try:
        if pool.proxy:
            pool._prepare_proxy(connection)  # noqa: SLF001
        else:
            connection.connect()
        answer = _switch(connection, url, headers, timeout[1])
    finally:
        if not isinstance(answer, WebSocket):
            connection.close()
    return answer


def _switch(connection: Any, url: str, headers: Mapping[str, str], seconds: float) -> WebSocket | NoWebSocket:
    sock: socket = connection.sock
    sock.settimeout(seconds)
    parts = urlsplit(url)
    wanted = {**headers, "Origin": f"{parts.scheme}://{parts.netloc}"}  # the API server wants one, whatever it is
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in wanted.items()]
    protocol, status = WSConnection(ConnectionType.CLIENT), 0
    try:
        sock.sendall(protocol.send(Request(parts.netloc, f"{parts.path}?{parts.query}", extra_headers=fields)))
        while not status:
            more = sock.recv(_CHUNK)
            if not more:
                raise ConnectionResetError
            protocol.receive_data(more)
            status = next(map(_status, protocol.events()), 0)
    except (ProtocolError, h11.ProtocolError):  # not HTTP, a wrong key, a header that is none, a head without an end
        status = _NOT_SWITCHED
    if status == _SWITCHED:
        return WebSocket(connection, sock, protocol)
    return NoWebSocket(status if status >= 300 else _NOT_SWITCHED)  # noqa: PLR2004 - the least that is no success


def _status(event: Event) -> int:
    """Return what the first event of a handshake means, as a status."""
    if isinstance(event, AcceptConnection):
        return _SWITCHED
    return event.status_code if isinstance(event, RejectConnection) else _NOT_SWITCHED
