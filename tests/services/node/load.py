"""Requests at a steady pace while something is done to the portal, and what became of each."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import urllib3

from tests.services.node.network import enter_network_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tests.services.node.visitor import Visitor

_THREADS = 16
_AGAIN_SECONDS = 15
NO_ANSWER = "no answer"
PAGES = ("/", "/signin", "/static/css/tokens.css", "/destinations/new")


@dataclass
class Outcome:
    """How often each status came, or each kind of failure, and how long the answers took."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    """What became of first attempts that were followed by another one."""

    def percentile(self, share: float) -> float:
        """Return the time within which this share of the answers came, in seconds."""
        return sorted(self.seconds)[int(share * (len(self.seconds) - 1))]

    def __str__(self) -> str:
        """Say it in a line."""
        times = f"p50 {self.percentile(0.5) * 1000:.0f} ms, p99 {self.percentile(0.99) * 1000:.0f} ms"
        statuses = ", ".join(f"{count:,} times {status}" for status, count in self.statuses.most_common())
        return "\n  ".join([f"{statuses}; {times}", *self.repeated])


@contextmanager
def steady(
    visitor: Visitor, *, rate: float = 20, paths: Sequence[str] = PAGES, again: Collection[str] = ()
) -> Iterator[Outcome]:
    """Ask for pages as the visitor until the block ends, every second request on a connection of its own.

    What has one of the outcomes `again` (a status, or NO_ANSWER) is asked again each second, on a new connection.
    """
    outcome, ended = Outcome(), threading.Event()
    headers = visitor.headers | {"Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())}
    kept = urllib3.PoolManager(retries=False, timeout=60, maxsize=_THREADS)
    start = time.monotonic()

    def attempt(path: str, *, anew: bool) -> tuple[str, str]:
        more = {"Connection": "close"} if anew else {}
        try:
            with urllib3.PoolManager(retries=False, timeout=60) if anew else _lasting(kept) as pool:
                answer = pool.request("GET", visitor.url + path, headers={**headers, **more}, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return NO_ANSWER, f"{type(error).__name__}: {error}"
        return str(answer.status), str(answer.status)

    def ask(path: str, *, anew: bool) -> None:
        began = time.monotonic()
        what, why = attempt(path, anew=anew)
        while what in again and time.monotonic() - began < _AGAIN_SECONDS:
            outcome.repeated.append(f"{path}, connection {'anew' if anew else 'kept'}, at {began - start:.2f} s: {why}")
            time.sleep(1)
            anew = True
            what, why = attempt(path, anew=anew)
        outcome.seconds.append(time.monotonic() - began)
        outcome.statuses[what] += 1
        if what != "200":
            outcome.failures.append(f"{path}, connection {'anew' if anew else 'kept'}, at {began - start:.2f} s: {why}")

    def pace(pool: ThreadPoolExecutor) -> None:
        due = time.monotonic()
        for number, path in enumerate(itertools.cycle(paths)):
            if ended.wait(max(0.0, due - time.monotonic())):
                return
            pool.submit(ask, path, anew=bool(number // len(paths) % 2))
            due += 1 / rate

    with ThreadPoolExecutor(_THREADS, initializer=enter_network_of, initargs=(visitor.process,)) as pool:
        pacer = threading.Thread(target=pace, args=(pool,), daemon=True)
        pacer.start()
        try:
            yield outcome
        finally:
            ended.set()
            pacer.join()
    kept.clear()


@contextmanager
def _lasting(pool: urllib3.PoolManager) -> Iterator[urllib3.PoolManager]:
    yield pool
