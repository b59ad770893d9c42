"""The checks that nobody asks for: every destination once in an interval, one at a time, off by default.

Never a reason that an account is locked: after a refused password neither the destination nor another one with the same
account is asked again until it changes; after "too many requests" a registry is left alone for longer.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from random import uniform
from threading import Event, Thread
from typing import TYPE_CHECKING

from destinations import current, secrets
from destinations.actions import checking
from destinations.cluster.port import ClusterError
from destinations.livecheck import fingerprint, running
from destinations.livecheck.store import Results
from destinations.registry.port import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from destinations.livecheck.result import Last
    from destinations.livecheck.running import Question
    from destinations.model import Secret

_LOG = logging.getLogger(__name__)
_SHORTEST_PAUSE = 5.0
_PATIENCE = 4
"""How many intervals a registry is left alone that wants fewer requests."""


def start(minutes: int, stop: Event | None = None) -> Thread | None:
    """Begin where that is wanted; the thread ends with the process, or with `stop`."""
    if minutes <= 0:
        return None
    thread = Thread(target=_run, args=(timedelta(minutes=minutes), stop or Event()), name="check-interval", daemon=True)
    thread.start()
    return thread


def _run(interval: timedelta, stop: Event, chance: Callable[[float, float], float] = uniform) -> None:
    pause = _SHORTEST_PAUSE
    while not stop.wait(pause * chance(0.5, 1.5)):  # replicas fall out of step by chance
        try:
            pause = step(interval, datetime.now(UTC))
        except ClusterError as error:
            _LOG.warning("the checks of the interval wait for the cluster (%s)", error.reason)
            pause = _SHORTEST_PAUSE * 12


def step(interval: timedelta, now: datetime) -> float:
    """Check the destination that has waited longest, if one is due; return how many seconds until the next look.

    Raises the port's errors.
    """
    everything = {one.name: one for one in current.list_secrets()}
    found = [one for one in everything.values() if secrets.is_destination(one)]
    kept = Results(current.config_maps_to_show())
    last = {one.name: running.CHECKS.recent.newer(one.name, kept.of(one.name)) for one in found}
    questions = [checking.of_stored(one, everything) for one in found]
    question = next(
        iter(due(questions, {name: one for name, one in last.items() if one}, everything, interval, now)), None
    )
    if question:
        result = running.CHECKS.in_background(question)
        if result:
            checking.keep(result)
    return max(_SHORTEST_PAUSE, interval.total_seconds() / max(1, len(found)))


def due(
    questions: Iterable[Question],
    last: Mapping[str, Last],
    everything: Mapping[str, Secret],
    interval: timedelta,
    now: datetime,
) -> Sequence[Question]:
    """Return what is to be checked, the longest waiting first; what was never checked has waited for ever."""
    asked = list(questions)
    valid = {one.name: last[one.name] for one in asked if one.name in last and _holds(last[one.name], everything)}
    refused = {account for one in asked if one.name in valid and valid[one.name].has(Code.WRONG_CREDENTIALS)
               for account in _accounts(one)}  # fmt: skip
    waiting = [
        one
        for one in asked
        if not refused & _accounts(one) and (one.name not in valid or now >= _next(valid[one.name], interval))
    ]
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(waiting, key=lambda one: last[one.name].report.checked_at if one.name in last else never)


def _holds(last: Last, everything: Mapping[str, Secret]) -> bool:
    return bool(last.fingerprint) and fingerprint.matches(last.fingerprint, everything[last.name], everything)


def _next(last: Last, interval: timedelta) -> datetime:
    return last.report.checked_at + interval * (_PATIENCE if last.has(Code.TOO_MANY_REQUESTS) else 1)


def _accounts(question: Question) -> frozenset[tuple[str, str]]:
    legs = (question.plan.chart, question.plan.image)
    return frozenset((leg.host, leg.username) for leg in legs if leg.host and leg.username)
