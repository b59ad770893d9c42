"""The end of a check, on a clock that nobody turns."""

from __future__ import annotations

import time
from collections.abc import Callable

from destinations.livecheck.registry.stops import OutOfTime


class Deadline:
    """The moment from which everything comes too late."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to count."""
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """The seconds that remain, always more than 0. Raises OutOfTime where none do."""
        seconds = self._end - self._clock()
        if seconds <= 0:
            raise OutOfTime
        return seconds
