"""Bytes to and from a checked address: TCP, under the deadline, bounded in size. No name is resolved here, no proxy read."""

from __future__ import annotations

import contextlib
import io
import socket
from typing import TYPE_CHECKING

from destinations.livecheck.registry.deadline import Deadline
from destinations.livecheck.registry.guard import Approved
from destinations.livecheck.registry.port import Code
from destinations.livecheck.registry.rules import Address
from destinations.livecheck.registry.stops import TooLarge, Trouble
from destinations.livecheck.registry.watch import Watch

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_ANSWER_BYTES = 64 * 1024
"""Headers and body of one answer, as they come over the wire; nothing is ever decompressed."""
MAX_HEADER_LINES = 100


def connect(approved: Approved, watch: Watch) -> socket.socket:
    """Return a socket to the first address that answers; the watch knows it already.

    Each address gets its fair share of the time that is left. Raises Trouble (NO_CONNECTION) and OutOfTime.
    """
    for tried, address in enumerate(approved.addresses):
        share = watch.deadline.left / (len(approved.addresses) - tried)
        if sock := _dialled(address, approved.port, share, watch):
            return sock
    _ = watch.deadline.left
    raise Trouble(Code.NO_CONNECTION)


def send(sock: socket.socket, data: bytes, deadline: Deadline) -> None:
    """Send it all. Raises Trouble (NO_CONNECTION) where the connection breaks, and OutOfTime."""
    left = deadline.left
    try:
        sock.settimeout(left)
        sock.sendall(data)
    except OSError:
        _ = deadline.left
        raise Trouble(Code.NO_CONNECTION) from None


class Reader(io.RawIOBase):
    """One answer, from a plain or a TLS socket; `http.client.HTTPResponse` takes it for a socket.

    Every read lasts as long as the deadline leaves at most. Raises OutOfTime, TooLarge beyond MAX_ANSWER_BYTES or
    MAX_HEADER_LINES, and Trouble (BAD_ANSWER) where the connection breaks. Take a new one for the next answer.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        """Read from the socket, which stays the caller's to close."""
        self._sock = sock
        self._deadline = deadline
        self._bytes = 0
        self._lines = 0
        self._is_blank = True
        self._is_head = True

    def makefile(self, _mode: str = "rb") -> io.BufferedReader:
        """Return the file that `http.client` wants."""
        return _Bounded(self)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what is there, at least one byte unless the answer ends."""
        left = self._deadline.left
        try:
            self._sock.settimeout(left)
            count = self._sock.recv_into(buffer)
        except OSError:
            _ = self._deadline.left
            raise Trouble(Code.BAD_ANSWER) from None
        _ = self._deadline.left  # an end that the watch made is no end of the answer
        self._bytes += count
        self._count_lines(bytes(memoryview(buffer)[:count]))
        if self._bytes > MAX_ANSWER_BYTES or self._lines > MAX_HEADER_LINES + 1:  # and the status line
            raise TooLarge
        return count

    def _count_lines(self, chunk: bytes) -> None:
        """Count the lines up to the blank one that ends the headers."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._is_head = self._is_head and not (self._is_blank and not line.strip(b"\r"))
            self._lines += self._is_head
            self._is_blank = True
        self._is_blank = self._is_blank and not rest.strip(b"\r")


class _Bounded(io.BufferedReader):
    """Sets no memory aside for the length that a server states: it may state any."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(MAX_ANSWER_BYTES + 1 if size is None or size < 0 else min(size, MAX_ANSWER_BYTES + 1))


def _dialled(address: Address, port: int, seconds: float, watch: Watch) -> socket.socket | None:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - IPv4
    try:
        with contextlib.ExitStack() as stack:
            sock = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            sock.settimeout(seconds)
            sock.connect((str(address), port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a request goes out in several pieces
            watch.keep(sock)
            stack.pop_all()  # it stays open
    except OSError:
        return None
    return sock
