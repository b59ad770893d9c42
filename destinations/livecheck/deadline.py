"""The deadline of a task that has several steps, on the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """The moment, `seconds` from now, at which a task has timed out. Its steps share it."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def has_passed(self) -> bool:
        return self._clock() >= self._end

    def remaining(self) -> float:
        """Return the seconds until the deadline, always more than 0. Raises TimeoutError once it has passed."""
        seconds = self._end - self._clock()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def check(self) -> None:
        """Raise TimeoutError once the deadline has passed."""
        self.remaining()
