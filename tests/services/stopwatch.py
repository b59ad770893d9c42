"""What something takes by the clock, less the time in which this process could not go on because others had the processors.

On a machine with processors to spare that is what the clock says; on a busy one a promise of seconds is judged all the same.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

_TASKS = Path("/proc/self/task")


class Stopwatch:
    """Measures from its creation on."""

    def __init__(self) -> None:
        """Begin."""
        self._began, self._queued = time.monotonic(), _queued()

    @property
    def clock(self) -> float:
        """Return what the clock says, for what must not be too quick."""
        return time.monotonic() - self._began

    @property
    def seconds(self) -> float:
        """Return what it took so far."""
        return self.clock - max(0.0, _queued() - self._queued)


def _queued() -> float:
    """Return the seconds that the threads of this process have stood in line, as the kernel counts them."""
    nanoseconds = 0
    for task in _TASKS.iterdir():
        with suppress(OSError):  # the thread has ended
            nanoseconds += int((task / "schedstat").read_text(encoding="ascii").split()[1])
    return nanoseconds / 1e9
