"""Answers whose body comes piece by piece: read in bounded time and size, or not at all."""

from __future__ import annotations

import time
from typing import Any

from urllib3.exceptions import HTTPError

from destinations.cluster.kube.calls import CONNECT_SECONDS, Timeout
from destinations.cluster.port import TOO_LONG, Unreachable

_MOST_BYTES = 8 * 1024 * 1024
_LEAST_SECONDS = 0.05
_CHUNK = 64 * 1024


def timeout(end: float) -> Timeout:
    """Return how long to wait for a connection and for a piece, so that a call ends at about this time (monotonic)."""
    left = max(_LEAST_SECONDS, end - time.monotonic())
    return min(CONNECT_SECONDS, left), left


def body(answer: Any, end: float, most: int = _MOST_BYTES) -> bytes:
    """Return the bytes of an answer, complete. Raises Unreachable, with the reason TOO_LONG for more than `most`."""
    found = bytearray()
    usable = False
    try:
        while chunk := answer.read1(_CHUNK):
            found += chunk
            if len(found) > most or time.monotonic() > end:
                break
        usable = not chunk
    except (HTTPError, OSError):
        pass  # not `raise … from None` here: even a context of the client's may hold a body
    finally:
        if not usable:
            answer.close()
    if not usable:
        raise Unreachable(TOO_LONG if len(found) > most else "NoUsableAnswer")
    return bytes(found)
