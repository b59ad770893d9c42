"""Runs what knows no time limit of its own, in a thread that is left behind when the time is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

_T = TypeVar("_T")


class Threads:
    """At most so many threads at once, those that hang among them."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)

    def run(self, work: Callable[[], _T], seconds: float) -> _T:
        """Return what `work` returns, or raise what it raises. Raises TimeoutError where it takes longer or none is free."""
        if not self._free.acquire(blocking=False):
            raise TimeoutError
        outcome: Future[_T] = Future()
        threading.Thread(target=self._run, args=(work, outcome), daemon=True).start()
        wait([outcome], seconds)
        if not outcome.done():
            raise TimeoutError
        return outcome.result()

    def _run(self, work: Callable[[], _T], outcome: Future[_T]) -> None:
        try:
            try:
                result = work()
            finally:
                self._free.release()  # before the caller hears of it, who may ask again
            outcome.set_result(result)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller waits for it
            outcome.set_exception(error)
