"""As much of a WebSocket (RFC 6455) as a watch needs: messages in, and pings that prove that the other end lives.

A ping is no request: no audit log, no limit and no permission of the API server has anything to do with it.
"""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha1
from http.client import HTTPException, parse_headers
from io import BytesIO
from socket import socket
from typing import Any
from urllib.parse import urlsplit

from urllib3 import PoolManager

PING_SECONDS = 2.0
"""After so long without a word the other end is asked for one."""
LOST_SECONDS = 5.0
"""If none comes within these, the connection is lost."""
_OVERDUE_SECONDS = 10.0
_SWITCHED = 101
_NOT_SWITCHED = 426
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CHUNK = 64 * 1024
_MOST = 64 * 1024 * 1024
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_FINAL, _RESERVED, _MASKED = 0x80, 0x70, 0x80
_SHORT, _LONGER = 126, {126: 2, 127: 8}


@dataclass(frozen=True, slots=True)
class NoWebSocket:
    """The answer of a server, or of something on the way, that goes on without one; 426 where its status says nothing."""

    status: int
    data: bytes = b""


class WebSocket:
    """An open one. Every method raises OSError where the connection breaks, and HTTPException for what is no WebSocket."""

    status = _SWITCHED
    data = b""

    def __init__(self, connection: Any, sock: socket, received: bytes) -> None:
        self._connection = connection
        self._socket = sock
        self._received = bytearray(received)

    def messages(self, seconds: float) -> Iterator[bytes]:
        """Yield each message, and b"" for each sign of life without one: at once, and every two seconds of silence.

        Ends where the server ends it, as it was asked to after so many seconds; where it does not, that is a broken one.
        """
        end = time.monotonic() + seconds + _OVERDUE_SECONDS
        self._send(_PING)
        asked, message = True, bytearray()
        while time.monotonic() < end:
            frame = self._frame()
            if frame is None:
                asked = self._wait(asked=asked)
                continue
            kind, is_final, payload = frame
            if kind == _CLOSE:
                return
            if kind == _PING:
                self._send(_PONG, payload)
            if kind not in {_CONTINUATION, _TEXT, _BINARY}:
                yield b""
                continue
            message += payload
            if is_final:
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
            self._send(_PING)
            return True
        if not more:
            raise ConnectionResetError
        self._received += more
        return False

    def _frame(self) -> tuple[int, bool, bytes] | None:
        """Take the next frame from what was received: its kind, whether it ends a message, what it carries. None: not whole."""
        head, start = self._received, 2
        if len(head) < start:
            return None
        length = head[1]
        if length in _LONGER:
            start += _LONGER[length]
            length = int.from_bytes(head[2:start])
        if len(head) < start:
            return None
        if head[0] & _RESERVED or head[1] & _MASKED or length > _MOST:  # a server masks nothing
            raise HTTPException
        if len(head) < start + length:
            return None
        kind, is_final, payload = head[0] & 0x0F, bool(head[0] & _FINAL), bytes(head[start : start + length])
        del head[: start + length]
        return kind, is_final, payload

    def _send(self, kind: int, payload: bytes = b"") -> None:
        """Send a frame of less than 126 bytes, masked as those of clients have to be."""
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload[: _SHORT - 1]))
        self._socket.sendall(bytes((_FINAL | kind, _MASKED | len(masked))) + mask + masked)


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
    key = b64encode(os.urandom(16))
    parts = urlsplit(url)
    wanted = {
        **headers,
        "Host": parts.netloc,
        "Origin": f"{parts.scheme}://{parts.netloc}",  # the API server wants one, whatever it is
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key.decode(),
    }
    lines = [f"GET {parts.path}?{parts.query} HTTP/1.1", *(f"{name}: {value}" for name, value in wanted.items())]
    sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    head, rest = _head(sock)
    line, _, fields = head.partition(b"\r\n")
    code = line.split(b" ", 2)[1:2]
    status = int(code[0]) if code and code[0].isdigit() else 0
    accepted = b64encode(sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    if status == _SWITCHED and parse_headers(BytesIO(fields)).get("Sec-WebSocket-Accept") == accepted:
        return WebSocket(connection, sock, rest)
    return NoWebSocket(status if status >= 300 else _NOT_SWITCHED)  # noqa: PLR2004 - the least that is no success


def _head(sock: socket) -> tuple[bytes, bytes]:
    """Return the head of an answer, and what came after it."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = sock.recv(_CHUNK)
        if not more or len(received) > _CHUNK:
            raise ConnectionResetError
        received += more
    head, _, rest = received.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest
