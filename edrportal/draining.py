"""How a process ends on SIGTERM: it goes on answering for a moment, then finishes what it began.

Whoever sends requests here learns of the end a moment late. Until then new connections are answered, each answer closes
its own, and only then is the door shut, with nobody waiting before it.
"""

from __future__ import annotations

import ctypes
import select
import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    from types import FrameType

STOPPING = threading.Event()
"""Set when the process is told to end: what streams or waits ends then."""
OPEN_SECONDS = 1.0
"""How long new connections are still taken."""
_HANDSHAKE_SECONDS = 0.05
_SO_ATTACH_FILTER = 26
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte with the flags of the TCP header
    (0x45, 0, 1, 0x02),  # SYN? else skip one
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # let pass
)


class DrainingWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, which by itself shuts the door at once on who waits before it."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Announce the end with every answer, and begin it after a moment."""
        if STOPPING.is_set():
            return
        STOPPING.set()
        self.max_keepalived = 0  # every answer says `Connection: close`; who was told otherwise has a moment more
        timer = threading.Timer(OPEN_SECONDS, super().handle_exit, (sig, frame))
        timer.daemon = True
        timer.start()

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's signature
        """At the end take in who waits, then close: who comes later is refused at once, and not forgotten."""
        if self.alive:
            super().set_accept_enabled(enabled)
            return
        for listener in self.sockets:
            _admit_no_more(listener)
            while select.select([listener], [], [], _HANDSHAKE_SECONDS)[0]:
                self.accept(listener)
        super().set_accept_enabled(enabled)
        for listener in self.sockets:
            listener.close()


def _admit_no_more(listener: socket.socket) -> None:
    """Have Linux overlook new connections, while those that it has begun to make arrive.

    To close a listener resets who connected a moment before. Overlooked, a client tries again after a second, and is
    refused then. Elsewhere that moment stays.
    """
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _DROP_SYN))
    program = struct.pack("HP", len(_DROP_SYN), ctypes.addressof(code))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
