"""Limits on what one key may do within some seconds, in bounded memory, in this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from math import ceil
from threading import Lock
from typing import Generic, TypeVar

from destinations.model import UserError

PER_MINUTE = 10
_MINUTE = 60.0
_PEOPLE = 1000
_BUSY_SECONDS = 10
_Key = TypeVar("_Key", bound=Hashable)


class RateLimited(UserError):
    """No check was begun: why, what to do, and in how many seconds."""

    def __init__(self, message: str, seconds: int, status: int) -> None:
        super().__init__(message, f"Try again in {seconds} seconds.", status)
        self.seconds = seconds

    @classmethod
    def busy(cls) -> RateLimited:
        return cls("Too many checks are running.", _BUSY_SECONDS, 503)


@dataclass(slots=True)
class _Charges:
    """The moments of the settled charges of one key, and how many are still pending."""

    settled: list[float] = field(default_factory=list)
    pending: int = 0


class SlidingWindow(Generic[_Key]):
    """Charges by key within the last `seconds`. Its owner holds the lock.

    A charge is pending, and counts, until it is settled, and counts for `seconds`, or refunded. At capacity, the key
    with the fewest charges among the longest untouched is forgotten.
    """

    _CANDIDATES = 64

    def __init__(self, limit: int, seconds: float, capacity: int) -> None:
        self._limit = limit
        self._seconds = seconds
        self._capacity = capacity
        self._keys: OrderedDict[_Key, _Charges] = OrderedDict()

    def __len__(self) -> int:
        return len(self._keys)

    def wait(self, key: _Key, now: float) -> float | None:
        """Return the seconds until another charge is allowed, None where it is now; 1 where a pending one may be refunded."""
        charges = self._keys.get(key)
        if charges is None:
            return None
        self._expire(charges, now)
        if len(charges.settled) >= self._limit:
            return self._seconds - (now - charges.settled[-self._limit])
        return 1.0 if len(charges.settled) + charges.pending >= self._limit else None

    def charge(self, key: _Key, now: float) -> None:
        if key not in self._keys:
            self._make_room(now)
        self._keys.setdefault(key, _Charges()).pending += 1
        self._keys.move_to_end(key)

    def settle(self, key: _Key, now: float) -> None:
        if charges := self._close(key):
            charges.settled = [*charges.settled, now][-self._limit :]

    def refund(self, key: _Key) -> None:
        charges = self._close(key)
        if charges and not charges.settled and not charges.pending:
            del self._keys[key]

    def forget(self, key: _Key) -> None:
        """Take a pending charge back, and every settled one."""
        if charges := self._keys.get(key):
            charges.settled = []
            self.refund(key)

    def _close(self, key: _Key) -> _Charges | None:
        charges = self._keys.get(key)
        if charges:
            charges.pending = max(0, charges.pending - 1)
        return charges

    def _expire(self, charges: _Charges, now: float) -> None:
        charges.settled = [at for at in charges.settled if now - at < self._seconds]

    def _make_room(self, now: float) -> None:
        if len(self._keys) < self._capacity:
            return
        oldest = [key for key, _ in zip(self._keys, range(self._CANDIDATES), strict=False)]
        for key in oldest:
            self._expire(self._keys[key], now)
        least = min(oldest, key=lambda key: self._keys[key].pending + len(self._keys[key].settled))
        for key in oldest:  # a key near its limit is moved out of the way, so that the next look finds others
            if len(self._keys[key].settled) >= self._limit - 1:
                self._keys.move_to_end(key)
        del self._keys[least]


class RateLimiter:
    """How many checks, or what else it counts, each person may begin within a minute. Safe for threads."""

    def __init__(
        self, *, clock: Callable[[], float], limit: int = PER_MINUTE, capacity: int = _PEOPLE, what: str = "checks"
    ) -> None:
        self._what = what
        self._clock = clock
        self._limit = limit
        self._lock = Lock()
        self._window: SlidingWindow[str] = SlidingWindow(limit, _MINUTE, capacity)

    def admit(self, person: str) -> None:
        """Count a check, or a check of several. Raises RateLimited, which counts for nothing."""
        with self._lock:
            now = self._clock()
            wait = self._window.wait(person, now)
            if wait is not None:
                raise RateLimited(f"You started {self._limit} {self._what} within a minute.", ceil(wait), 429)
            self._window.charge(person, now)
            self._window.settle(person, now)
