"""How often somebody may ask for a check, in bounded memory, in this process."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from math import ceil
from threading import Lock

PER_MINUTE = 10
_MINUTE = 60.0
_PEOPLE = 1000
_BUSY_SECONDS = 10


class TurnedAway(Exception):
    """No check was begun: why, what to do, and in how many seconds."""

    def __init__(self, message: str, seconds: int, status: int) -> None:
        """Keep them."""
        super().__init__(message)
        self.message = message
        self.fix = f"Try again in {seconds} seconds."
        self.seconds = seconds
        self.status = status

    @classmethod
    def busy(cls) -> TurnedAway:
        """Return what to say where every place is taken."""
        return cls("Other checks are running, and every place is taken.", _BUSY_SECONDS, 503)


class Often:
    """How often each person asked in the last minute; remembers the people who asked last. Safe for threads."""

    def __init__(self, *, clock: Callable[[], float], limit: int = PER_MINUTE, capacity: int = _PEOPLE) -> None:
        """Start with nothing counted."""
        self._clock = clock
        self._limit = limit
        self._capacity = capacity
        self._lock = Lock()
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()

    def admit(self, who: str) -> None:
        """Count a check, or a check of several. Raises TurnedAway, which counts for nothing."""
        with self._lock:
            now = self._clock()
            asked = self._asked.setdefault(who, deque(maxlen=self._limit))
            self._asked.move_to_end(who)
            if len(self._asked) > self._capacity:
                self._asked.popitem(last=False)
            if len(asked) == self._limit and now - asked[0] < _MINUTE:
                wait = ceil(_MINUTE - (now - asked[0]))
                raise TurnedAway(f"You asked for {self._limit} checks within a minute.", wait, 429)
            asked.append(now)
