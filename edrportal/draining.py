"""How a process ends on SIGTERM: it goes on answering for a moment, then finishes what it began.

Whoever sends requests here learns of the end a moment late. Until then new connections are answered, each answer closes
its own, and only then is the door shut, with nobody waiting before it.
"""

from __future__ import annotations

import select
import threading
from typing import TYPE_CHECKING

from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    from types import FrameType

STOPPING = threading.Event()
"""Set when the process is told to end: what streams or waits ends then."""
OPEN_SECONDS = 1.0
"""How long new connections are still taken."""


class DrainingWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, which by itself shuts the door at once on who waits before it."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Announce the end with every answer, and begin it after a moment."""
        if STOPPING.is_set():
            return
        STOPPING.set()
        self.cfg.set("keepalive", 0)  # every answer says `Connection: close`
        timer = threading.Timer(OPEN_SECONDS, super().handle_exit, (sig, frame))
        timer.daemon = True
        timer.start()

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's signature
        """At the end take in who waits, then close: who comes later is refused at once, and not forgotten."""
        if self.alive:
            super().set_accept_enabled(enabled)
            return
        for listener in self.sockets:
            while select.select([listener], [], [], 0)[0]:
                self.accept(listener)
        super().set_accept_enabled(enabled)
        for listener in self.sockets:
            listener.close()
