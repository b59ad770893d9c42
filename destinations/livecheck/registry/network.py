"""The network of one check: names are resolved, addresses are dialed, and at the deadline every connection ends.

What is dialed are addresses that the guard has approved; no name is resolved for it and no proxy is read.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Self

from destinations.livecheck.deadline import Deadline
from destinations.livecheck.registry.guard import Address, Approved
from destinations.livecheck.registry.port import CheckStopped, Code
from destinations.livecheck.threads import Threads

LOOKUP_SECONDS = 3.0
"""What a name may take of the deadline."""
MAX_LOOKUPS = 16
"""How many look-ups may hang; the next one is not started."""


def look_up(name: str) -> list[str]:
    """Return a name's IPv4 and IPv6 addresses, in the system's order. Raises OSError."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]


class Resolver:
    """Looks names up in threads of their own, since `getaddrinfo` has no time limit, and leaves those that take too long."""

    def __init__(self, look_up: Callable[[str], Iterable[str]] = look_up, most: int = MAX_LOOKUPS) -> None:
        self._look_up = look_up
        self._threads = Threads(most)

    def __call__(self, name: str, deadline: Deadline) -> tuple[Address, ...]:
        """Return at least one address. Raises CheckStopped (NO_SUCH_NAME) and TimeoutError."""
        try:
            texts = self._threads.run(lambda: list(self._look_up(name)), min(LOOKUP_SECONDS, deadline.remaining()))
            return tuple(ip_address(text) for text in texts)
        except TimeoutError:
            raise
        except (OSError, ValueError):
            raise CheckStopped(Code.NO_SUCH_NAME) from None


resolve = Resolver()
"""The system's, for the whole process: its threads are counted together."""


class Watch:
    """The connections of one check: shut down when the deadline passes, and when the block is left.

    It ends every call that waits, whatever the call's own limit is. It holds a second descriptor of each connection. So it
    ends the connection of the socket's owner by then, a TLS one for instance, and never one that only got the same number
    later. A connection is closed when both are.
    """

    def __init__(self, deadline: Deadline) -> None:
        """Raise TimeoutError when the deadline has passed already."""
        self.deadline = deadline
        self._lock = threading.Lock()
        self._twins: list[socket.socket] = []
        self._is_over = False
        self._timer = threading.Timer(deadline.remaining(), self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._end()
        for twin in self._twins:
            twin.close()

    def keep(self, sock: socket.socket) -> None:
        with self._lock:
            self.check()
            self._twins.append(sock.dup())

    def check(self) -> None:
        if self._is_over:
            raise TimeoutError
        self.deadline.check()

    def drop(self) -> None:
        """End the connections kept so far: no server notices how long the rest of the check takes."""
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


def connect(approved: Approved, watch: Watch) -> socket.socket:
    """Connect to the first address that answers. Raises CheckStopped (NO_CONNECTION) and TimeoutError."""
    for tried, address in enumerate(approved.addresses):
        share = watch.deadline.remaining() / (len(approved.addresses) - tried)
        if sock := _dial(address, approved.port, share, watch):
            return sock
    watch.check()
    raise CheckStopped(Code.NO_CONNECTION)


def _dial(address: Address, port: int, seconds: float, watch: Watch) -> socket.socket | None:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - IPv4
    try:
        with contextlib.ExitStack() as stack:
            sock = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            sock.settimeout(seconds)
            sock.connect((str(address), port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a request goes out in several pieces
            watch.keep(sock)
            sock.settimeout(watch.deadline.remaining())
            stack.pop_all()  # it stays open
    except OSError:
        return None
    return sock
