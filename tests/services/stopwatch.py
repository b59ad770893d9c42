"""What something takes by the clock, less the time in which this process could not go on because others had the processors.

On a machine with processors to spare that is what the clock says; on a busy one a promise of seconds is judged all the same.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_TASKS = Path("/proc/self/task")


class Stopwatch:
    """Measures from its creation on; `process` is another one, whose threads' time in line is left out, too."""

    def __init__(self, process: int | None = None) -> None:
        """Begin."""
        self._tasks = [_TASKS, *([Path(f"/proc/{process}/task")] if process else [])]
        self._began, self._queued = time.monotonic(), _queued(self._tasks)

    @property
    def clock(self) -> float:
        """Return what the clock says, for what must not be too quick."""
        return time.monotonic() - self._began

    @property
    def seconds(self) -> float:
        """Return what it took so far."""
        return self.clock - max(0.0, _queued(self._tasks) - self._queued)


def _queued(several: Sequence[Path]) -> float:
    """Return the seconds that these threads have stood in line, as the kernel counts them."""
    nanoseconds = 0
    for task in (task for tasks in several for task in tasks.iterdir()):
        with suppress(OSError):  # the thread has ended
            nanoseconds += int((task / "schedstat").read_text(encoding="ascii").split()[1])
    return nanoseconds / 1e9
