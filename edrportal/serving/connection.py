"""One connection: uvicorn's reading and writing of HTTP, and a deadline for whatever its client does."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from enum import IntEnum, auto
from typing import Any, cast

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from edrportal.serving import limits

logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a client that sends invalid HTTP writes no log


class Phase(IntEnum):
    HEAD = auto()  # a request, which has begun, or is the first
    BODY = auto()  # the rest of a request
    ANSWER = auto()
    KEPT = auto()  # another request, perhaps
    CLOSING = auto()  # its end


_SECONDS = {
    Phase.CLOSING: limits.LINGER_SECONDS,
    Phase.KEPT: limits.KEEP_SECONDS,
    Phase.HEAD: limits.HEAD_SECONDS,
}
"""How long it may wait for what does not come. Who sends a body too slowly is told so, elsewhere."""
_RANKS = {Phase.CLOSING: 0, Phase.HEAD: 1, Phase.BODY: 2, Phase.KEPT: 3}
_YOUNG_RANK = 4
_SOON_SECONDS = 1.0
"""An honest client has sent all of a request by then."""
_READ_BYTES = 32 * 1024
"""At once; what is more than a request waits in memory for its answer."""
_LONG_SECONDS = 1000.0
"""Longer than any phase but that of the answer lasts."""


class Connection(H11Protocol):
    """A connection of a port, from the moment that it was accepted: the handshake counts, too."""

    def __init__(self, config: Config, state: ServerState, address: str, forget: Callable[[Connection], None]) -> None:
        super().__init__(config, state, {"connection": self})
        self.address = address
        self.handshake: asyncio.Task[None] | None = None
        self._forget = forget
        self._polite: _Polite | None = None
        self._unsent_since = 0.0
        self.is_ended = False
        self.phase, self.since, self._until = Phase.KEPT, 0.0, 0.0
        self.enter(Phase.HEAD)

    def enter(self, phase: Phase) -> None:
        if self.phase is not Phase.CLOSING:
            self.phase, self.since = phase, self.loop.time()
            seconds = _SECONDS.get(phase, float("inf"))
            self._until = self.since + (limits.spread(seconds) if phase is Phase.HEAD else seconds)

    def read_no_more(self) -> None:
        """Leave with the client what it still sends of a request whose answer does not depend on that."""
        if self.phase is not Phase.CLOSING:
            self.flow.pause_reading()

    @property
    def unsent(self) -> int:
        transport = self._transport()
        return int(transport.get_write_buffer_size()) if transport else 0

    def worth(self, now: float) -> float:
        """Return how much is lost by closing it; infinite while the client waits for an answer."""
        rank = _RANKS.get(self.phase)
        if rank is None:
            return float("inf")
        age = now - self.since
        young = self.phase in {Phase.HEAD, Phase.BODY} and age < _SOON_SECONDS
        return (_YOUNG_RANK if young else rank) - age / _LONG_SECONDS

    def is_late(self, now: float) -> bool:
        if not self.unsent:
            self._unsent_since = 0.0
            return now > self._until
        self._unsent_since = self._unsent_since or now
        return now - self._unsent_since > limits.TAKEN_SECONDS

    def drop(self) -> None:
        self._give_up()
        if transport := self._transport():
            transport.abort()
        elif self.handshake:
            self.handshake.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.max_size = _READ_BYTES  # type: ignore[attr-defined]
        self._polite = _Polite(transport, self)  # type: ignore[arg-type]
        super().connection_made(self._polite)  # type: ignore[arg-type]
        self.enter(Phase.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Break the reference cycles, so that nothing waits for a collection or a timer."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()  # which uvicorn forgets where the client reset
        self.app_state = {}
        self.cycle = None  # type: ignore[assignment]
        if self._polite:
            self._polite.let_go()
        self._forget(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.phase is Phase.CLOSING and self._polite:
            self._polite.end()

    def data_received(self, data: bytes) -> None:
        if self.phase is Phase.CLOSING:
            return
        if self.phase is Phase.KEPT:
            self.enter(Phase.HEAD)
        super().data_received(data)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Go on where a request is there whole: its client may have ended its side and wait for the answer, as `nc -N` does."""
        whole = self.conn.their_state in {h11.DONE, h11.MUST_CLOSE}
        cycle = self._cycle()
        is_waiting = whole and cycle is not None and not cycle.response_started
        self.is_ended = is_waiting and self.transport.can_write_eof()
        if self.is_ended:
            self.cycle.keep_alive = False
        return self.is_ended

    def send_400_response(self, msg: str) -> None:
        self._give_up()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            try:
                super().send_400_response(msg)
            except h11.LocalProtocolError:  # an answer to HEAD has no body
                self.transport.close()
        else:
            self.drop()

    def _transport(self) -> asyncio.Transport | None:
        """Return None before the connection is made (uvicorn's annotation leaves that out)."""
        return cast("asyncio.Transport | None", self.transport)

    def _cycle(self) -> RequestResponseCycle | None:
        """Return the request under way, None between requests (likewise)."""
        return cast("RequestResponseCycle | None", self.cycle)

    def _give_up(self) -> None:
        cycle = self._cycle()
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        self.enter(Phase.KEPT)
        super().on_response_complete()


class _Polite:
    """A transport that closes in two steps: first the answer arrives whole, whatever the client still sends meanwhile."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport = transport
        self._connection: Connection | None = connection

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self.is_closing():
            self._transport.write(data)

    def is_closing(self) -> bool:
        return not self._connection or self._connection.phase is Phase.CLOSING or self._transport.is_closing()

    def close(self) -> None:
        connection = self._connection
        if not connection or connection.is_ended or self.is_closing() or not self._transport.can_write_eof():
            self._transport.close()
            return
        connection.enter(Phase.CLOSING)
        self._transport.set_write_buffer_limits(0)  # `resume_writing` says when all is handed over
        if not self._transport.get_write_buffer_size():
            self.end()
        self._transport.resume_reading()

    def end(self) -> None:
        """Shut down writing. Not `write_eof`, which raises, now or later in the event loop, where the client reset."""
        try:
            self._transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
        except OSError:
            self._transport.abort()

    def let_go(self) -> None:
        self._connection = None
