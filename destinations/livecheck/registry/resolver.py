"""Asks the system's resolver under a deadline, which `getaddrinfo` itself knows nothing of."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address

from destinations.livecheck.registry.deadline import Deadline
from destinations.livecheck.registry.port import Code
from destinations.livecheck.registry.rules import Address
from destinations.livecheck.registry.stops import OutOfTime, Trouble
from destinations.livecheck.threads import Threads

SECONDS = 3.0
"""What a name may take of the deadline."""
MOST = 16
"""How many look-ups may hang; the next one is not begun."""


def look_up(name: str) -> list[str]:
    """Return the addresses that the system knows of a name, of IPv4 and IPv6, in its order. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]


class Resolver:
    """Looks names up in threads of their own, and leaves behind those that take too long."""

    def __init__(self, look_up: Callable[[str], Iterable[str]] = look_up, most: int = MOST) -> None:
        """Take the look-up, which may block and fail as it likes."""
        self._look_up = look_up
        self._threads = Threads(most)

    def __call__(self, name: str, deadline: Deadline) -> tuple[Address, ...]:
        """Return the addresses of a name, at least one. Raises Trouble (NO_SUCH_NAME) and OutOfTime."""
        try:
            found = self._threads.run(lambda: list(self._look_up(name)), min(SECONDS, deadline.left))
            return tuple(ip_address(text) for text in found)
        except TimeoutError:
            raise OutOfTime from None
        except (OSError, ValueError):
            raise Trouble(Code.NO_SUCH_NAME) from None


resolve = Resolver()
"""The system's, for the whole process: its threads are counted together."""
