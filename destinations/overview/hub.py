"""Hands what the watch saw to the streams of open pages. Bounded everywhere; safe for threads.

A page states the moment that it shows, and hears what was published since: nothing falls between a page and its stream.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from secrets import token_hex
from threading import Condition, Lock

from destinations.model import Secret

MAX_PENDING = 200
"""More changes than this between two looks of a page are one: everything may be different."""
MAX_PAST = 500
"""So many changes can be heard of afterwards."""
_MAX_DIGITS = 20


@dataclass(frozen=True, slots=True)
class DestinationChange:
    """Something about a destination: how it was, and how it is (None: gone). `what` is `changed` or `checked`.

    The states are there to find out who may hear of it, and go nowhere else.
    """

    name: str
    before: Secret | None = field(repr=False)
    now: Secret | None = field(repr=False)
    what: str = "changed"

    def then(self, later: DestinationChange) -> DestinationChange:
        return replace(later, before=self.before)


EVERYTHING = DestinationChange("", None, None, "everything")


class Subscription:
    """What one page has not been told yet."""

    def __init__(self, hub: Hub, number: int) -> None:
        self._hub = hub
        self._condition = Condition()
        self._pending: dict[tuple[str, str], DestinationChange] = {}
        self._woken = self._ended = False
        self._reached = self._heard = number

    def add(self, changes: Iterable[DestinationChange], number: int) -> None:
        """Take note of changes, `number` the last; without one the stream looks whether its person may still listen."""
        with self._condition:
            self._reached = max(self._reached, number)
            for change in changes:
                key = (change.what, change.name)
                kept = self._pending.get(key)
                self._pending[key] = kept.then(change) if kept else change
            if len(self._pending) > MAX_PENDING or (EVERYTHING.what, "") in self._pending:
                self._pending = {(EVERYTHING.what, ""): EVERYTHING}
            self._woken = True
            self._condition.notify()

    def take(self, seconds: float) -> Sequence[DestinationChange] | None:
        """Return what is new, at the latest after so many seconds; None where the stream has to end."""
        with self._condition:
            self._condition.wait_for(lambda: self._woken or self._ended, seconds)
            found, self._pending, self._woken = tuple(self._pending.values()), {}, False
            self._heard = self._reached
            return None if self._ended else found

    @property
    def moment(self) -> str:
        """The moment up to which `take` has told everything."""
        return self._hub.moment_of(self._heard)

    @property
    def pages(self) -> int:
        return self._hub.open_pages

    def end(self) -> None:
        with self._condition:
            self._ended = True
            self._condition.notify()

    def close(self) -> None:
        self._hub.leave(self)


class Hub:
    """The open pages of this process."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._lock = Lock()
        self._open: set[Subscription] = set()
        self._closed = False
        self._id = token_hex(4)  # a moment of another process says nothing here
        self._past: deque[DestinationChange] = deque(maxlen=MAX_PAST)
        self._number = 0

    @property
    def moment(self) -> str:
        """The present: what is read from now on shows everything that was published up to it."""
        return self.moment_of(self._number)

    def moment_of(self, number: int) -> str:
        return f"{self._id}-{number}"

    def subscribe(self, since: str = "") -> Subscription | None:
        """Return a place, with what was published since a moment; None if all are taken or the server is ending."""
        with self._lock:
            if self._closed or len(self._open) >= self._places:
                return None
            made = Subscription(self, self._number)
            if missed := self._since(since):
                made.add(missed, self._number)
            self._open.add(made)
            return made

    @property
    def open_pages(self) -> int:
        with self._lock:
            return len(self._open)

    def leave(self, subscription: Subscription) -> None:
        """Free a place; twice is once."""
        with self._lock:
            self._open.discard(subscription)

    def publish(self, changes: Sequence[DestinationChange]) -> None:
        """Tell every page; nothing waits for a slow one."""
        with self._lock:
            self._past.extend(changes)
            self._number += len(changes)
            number, listening = self._number, list(self._open)
        for one in listening:
            one.add(changes, number)

    def close(self) -> None:
        with self._lock:
            self._closed, listening = True, list(self._open)
        for subscription in listening:
            subscription.end()

    def _since(self, moment: str) -> Sequence[DestinationChange]:
        """Return what was published since; everything where nobody remembers, nothing where no moment is stated."""
        begin, _, number = moment.partition("-")
        is_ours = begin == self._id and number.isdecimal() and len(number) < _MAX_DIGITS
        missed = self._number - int(number) if is_ours else -1
        if not moment or missed == 0:
            return ()
        return list(self._past)[-missed:] if 0 < missed <= len(self._past) else (EVERYTHING,)
