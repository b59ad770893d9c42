"""One read for all who ask at the same time: however many pages read a namespace directly, it is in memory once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from threading import Condition
from typing import Generic, TypeVar

from destinations.cluster.port import ClusterError

T = TypeVar("T")


class _Round(Generic[T]):
    """A read, and what came of it: exactly one of the two lists has a member once it is over."""

    def __init__(self) -> None:
        self.found: list[T] = []
        self.errors: list[ClusterError] = []

    @property
    def is_over(self) -> bool:
        return bool(self.found or self.errors)

    def result(self) -> T:
        if self.errors:
            raise copy.copy(self.errors[0])  # each thread has a traceback of its own
        return self.found[0]


class SharedRead(Generic[T]):
    """A read that callers share: each gets the result of one that began after the call. Safe for threads.

    Who comes while a read is under way waits for the next one: the present one may be older than a change that the caller
    knows of. An error needs no such care and goes to all who wait, so that nobody waits for two timeouts.
    """

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._condition = Condition()
        self._coming: _Round[T] = _Round()
        self._is_reading = False

    def __call__(self) -> T:
        """Raise what the read raises."""
        with self._condition:
            mine = self._coming
            while self._is_reading and not mine.is_over:
                self._condition.wait()
            if mine.is_over:
                return mine.result()
            self._is_reading = True
            if self._coming is mine:
                self._coming = _Round()
        try:
            mine.found.append(self._read())
        except ClusterError as error:
            mine.errors.append(error)
        finally:
            self._end(mine)
        return mine.result()

    def _end(self, mine: _Round[T]) -> None:
        with self._condition:
            self._is_reading = False
            if mine.errors:
                self._coming.errors += mine.errors
                self._coming = _Round()
            self._condition.notify_all()
