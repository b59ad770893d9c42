"""Ends what a check has open when its time is over, from outside of the calls that wait."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

from destinations.livecheck.registry.deadline import Deadline
from destinations.livecheck.registry.stops import OutOfTime


class Watch:
    """The connections of one check: shut down when the deadline is over, and when the block is left.

    It holds a second descriptor of each. So it ends the connection whoever owns the socket by then, a TLS one for
    instance, and never one that only got the same number later. A connection is closed when both are.
    """

    def __init__(self, deadline: Deadline) -> None:
        """Watch from `__enter__` on. Raises OutOfTime where it is too late for that."""
        self.deadline = deadline
        self._lock = threading.Lock()
        self._twins: list[socket.socket] = []
        self._is_over = False
        self._timer = threading.Timer(deadline.left, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End every connection and close what is held of it."""
        self._timer.cancel()
        self._end()
        for twin in self._twins:
            twin.close()

    def keep(self, sock: socket.socket) -> None:
        """Watch over a plain connected socket. Raises OutOfTime where the watch has ended."""
        with self._lock:
            if self._is_over:
                raise OutOfTime
            self._twins.append(sock.dup())

    def drop(self) -> None:
        """End every connection that was kept so far, and let go of it; more may follow.

        Afterwards, if their owners have closed them as well, no server notices how long the rest of the check takes.
        """
        with self._lock:
            dropped, self._twins = self._twins, []
        for twin in dropped:
            _shut_down(twin)
            twin.close()

    def _end(self) -> None:
        with self._lock:
            self._is_over = True
            for twin in self._twins:
                _shut_down(twin)


def _shut_down(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
