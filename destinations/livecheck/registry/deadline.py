"""The end of a check, on a clock that nobody turns."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from destinations.livecheck.registry.trouble import OutOfTime

if TYPE_CHECKING:
    from collections.abc import Callable


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
