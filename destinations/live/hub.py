"""Hands what the watch saw to the streams of open pages. Bounded everywhere; safe for threads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Condition, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from destinations.model import Secret

MAX_PENDING = 200
"""More changes than this between two looks of a page are one: everything may be different."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something about a destination: how it was, and how it is (None: gone). `what` is `changed` or `checked`.

    The states are there to find out who may hear of it, and go nowhere else.
    """

    name: str
    before: Secret | None = field(repr=False)
    now: Secret | None = field(repr=False)
    what: str = "changed"

    def then(self, later: Change) -> Change:
        """Return both as one."""
        return replace(later, before=self.before)


EVERYTHING = Change("", None, None, "everything")


class Subscription:
    """What one page has not been told yet."""

    def __init__(self, hub: Hub) -> None:
        """Begin with nothing to tell."""
        self._hub = hub
        self._condition = Condition()
        self._pending: dict[tuple[str, str], Change] = {}
        self._woken = self._ended = False

    def add(self, changes: Iterable[Change]) -> None:
        """Take note of changes; without one the page's stream looks whether its person may still listen."""
        with self._condition:
            for change in changes:
                key = (change.what, change.name)
                kept = self._pending.get(key)
                self._pending[key] = kept.then(change) if kept else change
            if len(self._pending) > MAX_PENDING or (EVERYTHING.what, "") in self._pending:
                self._pending = {(EVERYTHING.what, ""): EVERYTHING}
            self._woken = True
            self._condition.notify()

    def take(self, seconds: float) -> Sequence[Change] | None:
        """Return what is new, at the latest after so many seconds; None where the stream has to end."""
        with self._condition:
            self._condition.wait_for(lambda: self._woken or self._ended, seconds)
            found, self._pending, self._woken = tuple(self._pending.values()), {}, False
            return None if self._ended else found

    def end(self) -> None:
        """Let the stream end."""
        with self._condition:
            self._ended = True
            self._condition.notify()

    def close(self) -> None:
        """Give the place back."""
        self._hub.leave(self)


class Hub:
    """The open pages of this process."""

    def __init__(self, places: int) -> None:
        """Offer so many places."""
        self._places = places
        self._lock = Lock()
        self._open: set[Subscription] = set()
        self._closed = False

    def subscribe(self) -> Subscription | None:
        """Return a place, None where there is none left or the server is ending."""
        with self._lock:
            if self._closed or len(self._open) >= self._places:
                return None
            made = Subscription(self)
            self._open.add(made)
            return made

    @property
    def open_pages(self) -> int:
        """How many places are taken."""
        with self._lock:
            return len(self._open)

    def leave(self, subscription: Subscription) -> None:
        """Free a place; twice is once."""
        with self._lock:
            self._open.discard(subscription)

    def publish(self, changes: Sequence[Change]) -> None:
        """Tell every page; nothing waits for a slow one."""
        for one in self._listening():
            one.add(changes)

    def close(self) -> None:
        """End every stream, and offer no place any more."""
        with self._lock:
            self._closed = True
        for one in self._listening():
            one.end()

    def _listening(self) -> list[Subscription]:
        with self._lock:
            return list(self._open)
