"""Whether the pages are served, as the second port tells: looked at from outside, by a request like any other."""

from __future__ import annotations

import http.client
import socket
import threading
import time

from edrportal.serving.drain import STOPPING
from edrportal.serving.lanes import Lane

OK = "ok"
STUCK_SECONDS = 5.0
"""Pages wait for the cluster less long, each of its answers."""
_ASK_SECONDS = 3.0
"""Less than a probe waits."""
_AGAIN_SECONDS = 1.0
_watched: list[tuple[Lane, tuple[str, int]]] = []
_asking = threading.Lock()
_own: set[tuple[str, int]] = set()
"""From where the portal asks itself at this moment."""
_last: list[tuple[float, bool]] = []
"""The last answer, and when: however many ask, the port is asked once a second."""


def watch(lane: Lane, address: tuple[str, int]) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0])  # noqa: S104 - looked for, not listened on
    _watched[:] = [(lane, (host, address[1]))]
    _last.clear()


def pages() -> str:
    """Return `ok`, or for how long no page has been served although all places are taken."""
    stuck = max((lane.stuck(time.monotonic()) for lane, _ in _watched), default=0.0)
    return OK if stuck <= STUCK_SECONDS else f"none served for {stuck:.0f} s"


def is_answered() -> bool:
    """Return whether the port of the pages answers `/healthz`, which needs neither a place among the pages nor the cluster."""
    if STOPPING.is_set() or not _watched:
        return True
    with _asking:
        if not _last or time.monotonic() - _last[0][0] > _AGAIN_SECONDS:
            answered = all(_asks(*address) for _, address in _watched)
            _last[:] = [(time.monotonic(), answered)]
        return _last[0][1]


def asks_from(address: tuple[str, int]) -> bool:
    """Return whether the portal asks itself from there: then there is room, however full it is. Safe for threads."""
    return address in _own


def _asks(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port)
    connection.sock = asking = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    address = "", 0
    try:
        asking.settimeout(_ASK_SECONDS)
        asking.bind((host, 0))
        address = asking.getsockname()[:2]
        _own.add(address)
        asking.connect((host, port))
        connection.request("GET", "/healthz", headers={"Host": "localhost", "Connection": "close"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
        _own.discard(address)
