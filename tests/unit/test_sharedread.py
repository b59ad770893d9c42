"""Direct reads that come together are one, and each is of a time after it was asked for."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from destinations.cluster.port import Unreachable
from destinations.cluster.shared import SharedRead


class Slow:
    """Counts reads and how many ran at once; each returns when it began."""

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds
        self.count = self.running = self.most = 0
        self.errors: list[BaseException] = []
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self) -> float:
        self.count += 1
        self.running += 1
        self.most = max(self.most, self.running)
        began = time.monotonic()
        time.sleep(self.seconds)
        self.may_end.wait(60)
        self.running -= 1
        if self.errors:
            raise self.errors[0]
        return began


def asked_by(count: int, shared: SharedRead[float], pause: float = 0.0) -> list[tuple[float, float]]:
    """Ask in so many threads; return when each asked and what it got."""

    def ask(number: int) -> tuple[float, float]:
        time.sleep(pause * number)
        return time.monotonic(), shared()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(ask, range(count)))


def while_all_wait(read: Slow, shared: SharedRead[float], count: int) -> list[Future[float]]:
    """Ask in so many threads, and let the first read end when all others wait."""
    read.may_end.clear()
    with ThreadPoolExecutor(count) as threads:
        asked = [threads.submit(shared) for _ in range(count)]
        while len(shared._condition._waiters) < count - 1:  # type: ignore[attr-defined]  # noqa: SLF001
            time.sleep(0.001)
        read.may_end.set()
    return asked


def test_sixteen_that_ask_together_cost_two_reads_and_one_at_a_time() -> None:
    read = Slow(seconds=0.0)
    while_all_wait(read, SharedRead(read), 16)
    assert (read.count, read.most) == (2, 1)


def test_nobody_gets_what_was_read_before_they_asked() -> None:
    read = Slow(seconds=0.03)
    for asked, began in asked_by(40, SharedRead(read), pause=0.005):
        assert began >= asked
    assert read.most == 1


def test_one_after_another_reads_each_time() -> None:
    read = Slow(seconds=0.0)
    shared = SharedRead(read)
    assert shared() < shared()
    assert read.count == 2


def test_an_error_goes_to_all_who_wait_and_nobody_waits_for_two() -> None:
    read = Slow(seconds=0.0)
    read.errors.append(Unreachable("NoUsableAnswer", status=503))
    shared = SharedRead(read)
    began = time.monotonic()
    errors = [asked.exception() for asked in while_all_wait(read, shared, 8)]
    assert all(isinstance(error, Unreachable) and error.status == 503 for error in errors)
    assert (len(set(map(id, errors))), read.count) == (8, 1)
    read.errors.clear()
    assert shared() > began


def test_a_mistake_in_one_read_is_not_the_others() -> None:
    read = Slow(seconds=0.05)
    read.errors.append(ValueError("a mistake"))
    shared = SharedRead(read)
    with ThreadPoolExecutor(4) as threads:
        several = [threads.submit(shared) for _ in range(4)]
    assert all(isinstance(one.exception(), ValueError) for one in several)
    assert read.most == 1
