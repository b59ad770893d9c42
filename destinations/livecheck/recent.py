"""Results that this process still has whole: the chain and the details, which are kept nowhere else."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from destinations.livecheck.result import Last

_REMEMBERED = 512


class Recent:
    """The last results by destination, those of the last few hundred. Safe for threads."""

    def __init__(self, capacity: int = _REMEMBERED) -> None:
        """Begin with none."""
        self._capacity = capacity
        self._lock = Lock()
        self._results: OrderedDict[str, Last] = OrderedDict()

    def put(self, last: Last) -> None:
        """Remember a result."""
        with self._lock:
            self._results[last.name] = last
            self._results.move_to_end(last.name)
            if len(self._results) > self._capacity:
                self._results.popitem(last=False)

    def newer(self, name: str, kept: Last | None) -> Last | None:
        """Return the newer one of what is kept for everybody and what this process remembers, the whole one if the same."""
        with self._lock:
            own = self._results.get(name)
        if own is None or kept is None:
            return own or kept
        return own if own.report.checked_at >= kept.report.checked_at else kept

    def of_job(self, job: str) -> list[Last]:
        """Return the results of a check of several."""
        with self._lock:
            return [one for one in self._results.values() if one.job == job]
