"""How a process stops at SIGTERM: it goes on answering for a moment, then finishes what it began.

Clients learn of the end a moment late. Until then new connections are answered, each answer closes
its own, and only then is the door shut, with nobody waiting before it.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
from contextlib import suppress

STOPPING = threading.Event()
"""Set when the process is told to end: what streams or waits ends then."""
OPEN_SECONDS = 1.0
"""How long new connections are still taken."""
LINGER_SECONDS = 2.0
"""How long after that a kept connection waits for a request that its client may be sending already."""
_SO_ATTACH_FILTER = 26
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte with the flags of the TCP header
    (0x45, 0, 1, 0x02),  # SYN? else skip one
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # let pass
)


def admit_no_more(listener: socket.socket) -> None:
    """Have Linux overlook new connections, while those that it has begun to make arrive.

    To close a listener resets who connected a moment before. Overlooked, a client tries again after a second, and is
    refused then. Elsewhere that moment stays.
    """
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _DROP_SYN))
    program = struct.pack("HP", len(_DROP_SYN), ctypes.addressof(code))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
