"""What a page is told: names, and only of destinations that exist for its person. Server-sent events."""

from __future__ import annotations

from collections.abc import Iterable

from destinations.access import Authority
from destinations.overview.hub import EVERYTHING, DestinationChange

RETRY = b"retry: 2000\n\n"
END = b"event: end\ndata: signed out\n\n"
BEHIND = b"event: behind\ndata: \n\n"
"""The watch knows nothing new for some time: the page has to ask by itself."""


def written(changes: Iterable[DestinationChange], authority: Authority) -> bytes:
    """Return the events of changes, empty where there is nothing to say. Raises the port's errors."""
    return b"".join(_written(change, authority) for change in changes)


def alive(moment: str, pages: int) -> bytes:
    """Return a sign of life, which a page waits for: up to when it was told everything, and how many pages are open."""
    return f"id: {moment}\nevent: alive\ndata: {pages}\n\n".encode()


def _written(change: DestinationChange, authority: Authority) -> bytes:
    if change == EVERYTHING:
        return _event("everything", "")
    if change.now and authority.sees(change.now):
        return _event(change.what, change.name)
    if change.before and authority.sees(change.before):
        return _event("gone", change.name)
    return b""


def _event(kind: str, data: str) -> bytes:
    return f"event: {kind}\ndata: {data}\n\n".encode()
