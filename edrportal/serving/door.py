"""The door of a port: takes connections in while there is room, makes room, and shuts without losing anyone."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections import Counter
from collections.abc import Callable

from uvicorn.config import Config
from uvicorn.server import ServerState

from edrportal.serving import health, limits
from edrportal.serving.bridge import Bridge
from edrportal.serving.connection import Connection, Phase
from edrportal.serving.drain import admit_no_more
from edrportal.serving.limits import Limits

SSLProtocol.max_size = 4 * 1024
"""Each TLS connection takes that much at once, for the whole process; Python's own 256 KiB are for few connections."""
_AT_ONCE = 8
"""Then those have their turn who are in already."""
_SHUT_SECONDS = 1
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_REST_SECONDS = 0.1


class Door:
    """A listening socket, and the connections that came through it. For one event loop."""

    def __init__(
        self,
        listener: socket.socket,
        bridge: Bridge,
        bounds: Limits,
        context: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self._listener = listener
        self._bounds = bounds
        self._context = context
        self._config = Config(
            bridge,
            http=Connection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=int(limits.KEEP_SECONDS),
            h11_max_incomplete_event_size=limits.HEAD_BYTES,
        )
        self._state = ServerState()
        self._connections: dict[Connection, None] = {}
        self._per_peer: Counter[str] = Counter()

    def open(self) -> None:
        self._config.load()
        self._listener.setblocking(False)  # noqa: FBT003 - the method's signature
        asyncio.get_running_loop().add_reader(self._listener, self._admit)

    async def shut(self) -> None:
        """Accept who waits already, then close: who comes later is refused at once."""
        admit_no_more(self._listener)
        await asyncio.sleep(0.05)  # a handshake that had begun
        asyncio.get_running_loop().remove_reader(self._listener)
        while self._admit():
            pass
        self._listener.close()

    def hang_up(self, *phases: Phase) -> None:
        for connection in list(self._connections):
            if connection.phase in phases:
                connection.drop()

    def is_in(self, *phases: Phase) -> bool:
        return any(connection.phase in phases for connection in self._connections)

    def sweep(self, now: float) -> None:
        """Drop who is late, and the clients that take least of what was sent, where all that is too much."""
        for connection in list(self._connections):
            if connection.is_late(now):
                connection.drop()
        unsent = {connection: connection.unsent for connection in self._connections}
        while sum(unsent.values()) > limits.UNSENT_BYTES:
            largest = max(unsent, key=unsent.__getitem__)
            del unsent[largest]
            largest.drop()

    def _admit(self) -> bool:
        """Accept some of those who wait; return whether there may be more."""
        for _ in range(_AT_ONCE):
            try:
                accepted, peer = self._listener.accept()
            except OSError as error:
                if error.errno in _EXHAUSTED and not self._closes_one_of(list(self._connections)):
                    self._rest()
                return False  # nobody is left, or hung up already
            if health.asks_from(peer[:2]) or self._makes_room(str(peer[0])):
                self._take_in(accepted, str(peer[0]))
            else:
                accepted.close()
        return True

    def _rest(self) -> None:
        """Pause accepting: nothing can be done now, and trying again at once takes all of a processor."""
        loop = asyncio.get_running_loop()
        if loop.remove_reader(self._listener):
            loop.call_later(_REST_SECONDS, self._look_again)

    def _look_again(self) -> None:
        if self._listener.fileno() >= 0:
            asyncio.get_running_loop().add_reader(self._listener, self._admit)

    def _makes_room(self, address: str) -> bool:
        if self._per_peer[address] >= self._bounds.per_peer:
            return self._closes_one_of([peer for peer in self._connections if peer.address == address])
        if len(self._connections) >= self._bounds.connections:
            return self._closes_one_of(list(self._connections))
        return True

    def _closes_one_of(self, several: list[Connection]) -> bool:
        now = asyncio.get_running_loop().time()
        least = min(several, key=lambda connection: connection.worth(now), default=None)
        if not least or least.phase is Phase.ANSWER:
            return False
        least.drop()
        self._forget(least)
        return True

    def _take_in(self, accepted: socket.socket, address: str) -> None:
        made = Connection(self._config, self._state, address, self._forget)
        self._connections[made] = None
        self._per_peer[address] += 1
        made.handshake = asyncio.get_running_loop().create_task(self._greet(made, accepted))

        def greeted(task: asyncio.Task[None]) -> None:
            if task.cancelled():  # before it began: nothing else knows of the socket
                accepted.close()
                self._forget(made)

        made.handshake.add_done_callback(greeted)

    async def _greet(self, made: Connection, accepted: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            accepted.setblocking(False)  # noqa: FBT003 - the method's signature
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context:
                await _first_byte(accepted)
                await loop.connect_accepted_socket(
                    lambda: made,
                    accepted,
                    ssl=self._context(),
                    ssl_handshake_timeout=limits.HEAD_SECONDS,
                    ssl_shutdown_timeout=_SHUT_SECONDS,
                )
            else:
                await loop.connect_accepted_socket(lambda: made, accepted)
        except (OSError, asyncio.CancelledError):
            accepted.close()
            self._forget(made)

    def _forget(self, gone: Connection) -> None:
        if gone in self._connections:
            del self._connections[gone]
            self._per_peer[gone.address] -= 1
            if not self._per_peer[gone.address]:
                del self._per_peer[gone.address]


async def _first_byte(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    loop.add_reader(connection, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(connection)
