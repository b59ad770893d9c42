"""Results that this process still has whole: the chain and the details, which are kept nowhere else."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from math import ceil
from queue import SimpleQueue
from secrets import token_urlsafe
from threading import BoundedSemaphore, Lock, Thread

from destinations.livecheck.ratelimit import RateLimited, RateLimiter
from destinations.livecheck.registry.port import DEADLINE_SECONDS, Plan, Registries
from destinations.livecheck.result import Last, tells_by_time, with_names

_REMEMBERED = 512


class Recent:
    """The last results by destination, those of the last few hundred. Safe for threads."""

    def __init__(self, capacity: int = _REMEMBERED) -> None:
        self._capacity = capacity
        self._lock = Lock()
        self._results: OrderedDict[str, Last] = OrderedDict()
        self._known: Mapping[str, Last] | None = None

    def put(self, last: Last) -> None:
        with self._lock:
            self._known = None
            self._results[last.name] = last
            self._results.move_to_end(last.name)
            if len(self._results) > self._capacity:
                self._results.popitem(last=False)

    def known(self) -> Mapping[str, Last]:
        """Return what this process remembers, by destination: the same object until there is more."""
        with self._lock:
            if self._known is None:
                self._known = dict(self._results)
            return self._known

    def newer(self, name: str, kept: Last | None) -> Last | None:
        """Return the newer one of what is kept for everyone and what this process remembers, the whole one if the same."""
        with self._lock:
            own = self._results.get(name)
        if own is None or kept is None:
            return own or kept
        return own if own.report.checked_at >= kept.report.checked_at else kept

    def of_job(self, job: str) -> list[Last]:
        with self._lock:
            return [one for one in self._results.values() if one.job == job]


Keep = Callable[[Sequence[Last]], None]


_LOG = logging.getLogger(__name__)
AT_ONCE = 8
"""Checks at once in this process, beside those that people wait for who do not see all: ASKED_AT_ONCE bounds these."""
SEVERAL_AT_ONCE = 6
"""Of these for checks of several, so that someone who waits finds a place."""
ASKED_AT_ONCE = 8
"""Requests that wait for a check or are held back: half of the pages that are served at once."""
JOBS_AT_ONCE = 4
PACE_SECONDS = 0.06
"""Between the beginnings of two checks of several: the person who asks for other pages meanwhile hardly notices."""
HAND_OVER_SECONDS = 1.0
"""How long results of several are gathered: each handing over is a write that every replica reads."""
WAIT_SECONDS = 3.0
SLOT_SECONDS = DEADLINE_SECONDS + 1.0
"""When people who are no administrators are answered where the time itself would tell something."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to check, and what the result is bound to."""

    name: str
    plan: Plan = field(repr=False)
    fingerprint: str = field(default="", repr=False)


class Checks:
    """The checks of this process, with their rate limit and their last results. Safe for threads.

    `registries` returns what they ask, from the first check on.
    """

    def __init__(
        self,
        registries: Callable[[], Registries],
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.registries = registries
        self.rate_limit = RateLimiter(clock=clock)
        self.recent = Recent()
        self._clock = clock
        self._pause = pause
        self._places = BoundedSemaphore(AT_ONCE)
        self._for_several = BoundedSemaphore(SEVERAL_AT_ONCE)
        self._asked = BoundedSemaphore(ASKED_AT_ONCE)
        self._lock = Lock()
        self._round = Lock()
        self._jobs: dict[str, Thread] = {}

    def one(self, question: Question, *, sees_all: bool) -> Last:
        """Check one, while someone waits for it. Raises RateLimited.

        For people who do not see all, an answer whose time would tell something is held back. Their checks take no place
        that others wait for, since when it becomes free would tell something, too.
        """
        if not self._asked.acquire(timeout=WAIT_SECONDS):
            raise RateLimited.busy()
        try:
            if not sees_all:
                began = self._clock()
                last = self._check(question, _now())
                if rest := rest_of_slot(last, self._clock() - began):
                    self._pause(rest)
                return last
            if not self._places.acquire(timeout=WAIT_SECONDS):
                raise RateLimited.busy()
            try:
                return self._check(question, _now(), sees_all=True)
            finally:
                self._places.release()
        finally:
            self._asked.release()

    def several(self, questions: Sequence[Question], *, sees_all: bool, keep: Keep) -> str:
        """Begin to check several and return the job's name; `keep` gets the results as they arrive, on other threads.

        Raises RateLimited. People who do not see all get theirs in rounds, at times that tell nothing.
        """
        job = token_urlsafe(9)

        def run() -> None:
            try:
                run_all(questions, _now(), lambda found: keep([replace(one, job=job) for one in found]))
            finally:
                with self._lock:
                    del self._jobs[job]

        run_all = partial(self._in_any_order, pace=PACE_SECONDS, sees_all=True) if sees_all else self._in_rounds
        thread = Thread(target=run, name="live-checks", daemon=True)
        with self._lock:
            if len(self._jobs) >= JOBS_AT_ONCE:
                raise RateLimited.busy()
            self._jobs[job] = thread
        thread.start()
        return job

    def is_running(self, job: str) -> bool:
        with self._lock:
            return job in self._jobs

    def finish(self, seconds: float) -> None:
        """Wait for the jobs that run, so many seconds for each."""
        with self._lock:
            threads = list(self._jobs.values())
        for thread in threads:
            thread.join(seconds)

    def all_of(self, questions: Sequence[Question]) -> list[Last]:
        """Check all of them now and return the results by name; one is missing where the portal made a mistake."""
        found: list[Last] = []
        self._in_any_order(questions, _now(), found.extend, sees_all=True)
        return sorted(found, key=lambda one: one.name)

    def in_background(self, question: Question) -> Last | None:
        """Check one that nobody waits for; None for a mistake of the portal's own, which the log names."""
        with self._for_several, self._places:
            return self._quietly(question, _now())

    def _in_any_order(
        self, questions: Sequence[Question], at: datetime, keep: Keep, pace: float = 0.0, *, sees_all: bool
    ) -> None:
        """Check them on a few threads, with a pause before each but the first; `keep` gets results together, not singly.

        The threads are daemons, as those of `concurrent.futures` are not: no check keeps a portal that stops from ending.
        """
        waiting, turn, results = iter(list(enumerate(questions))), Lock(), SimpleQueue[Last | None]()

        def work() -> None:
            while True:
                with turn:
                    number, question = next(waiting, (0, None))
                    if question is None:
                        return
                    if number and pace:
                        self._pause(pace)
                with self._for_several, self._places:
                    last = self._quietly(question, at, sees_all=sees_all)
                results.put(last)

        for _ in range(SEVERAL_AT_ONCE):
            Thread(target=work, name="live-check", daemon=True).start()
        batch, since = list[Last](), self._clock()
        for count in range(1, len(questions) + 1):
            if last := results.get():
                batch.append(last)
            if batch and (count == len(questions) or self._clock() - since >= HAND_OVER_SECONDS):
                keep(batch)
                batch, since = [], self._clock()

    def _in_rounds(self, questions: Sequence[Question], at: datetime, keep: Keep) -> None:
        """Begin and answer each round at a time that no result has a say in, also where rounds of other jobs wait."""
        for start in range(0, len(questions), SEVERAL_AT_ONCE):
            found: list[Last] = []
            with self._round:
                began = self._clock()
                self._in_any_order(questions[start : start + SEVERAL_AT_ONCE], at, found.extend, sees_all=False)
                passed = self._clock() - began
                self._pause(SLOT_SECONDS * max(1, ceil(passed / SLOT_SECONDS)) - passed)
            keep(found)

    def _check(self, question: Question, at: datetime, *, sees_all: bool = False) -> Last:
        """Ask. The time of a result is when it was asked for: the time of the answer would tell how long it took."""
        report = with_names(self.registries().check(replace(question.plan, sees_all=sees_all)), question.plan)
        return Last(question.name, replace(report, checked_at=at), question.plan.app, question.fingerprint)

    def _quietly(self, question: Question, at: datetime, *, sees_all: bool = False) -> Last | None:
        try:
            return self._check(question, at, sees_all=sees_all)
        except Exception as error:  # noqa: BLE001 - one mistake must not end the checks of the others
            _LOG.error(
                "the live check of %s ended with %s", question.name, type(error).__name__
            )  # and none of its words
            return None


def rest_of_slot(last: Last | None, passed: float) -> float:
    """Return how many seconds after a check nothing may happen that its end would tell something by."""
    return max(0.0, SLOT_SECONDS - passed) if last and tells_by_time(last.report) else 0.0


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
