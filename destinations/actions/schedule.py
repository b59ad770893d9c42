"""The checks that nobody asks for: every destination once in an interval, one at a time, off by default.

Never a reason that an account is locked: after a refused password neither the destination nor another one with the same
account is asked again until it changes; after "too many requests" a registry is left alone for longer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import uniform
from threading import Event, Thread

from destinations.actions import checks
from destinations.cluster.port import ClusterError
from destinations.livecheck import fingerprint, runner
from destinations.livecheck.registry.port import Code
from destinations.livecheck.result import Last
from destinations.livecheck.store import Results
from destinations.model import Secret
from destinations.secret import codec
from destinations.web import current

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
            pause = step(interval, datetime.now(UTC), hold=stop.wait)
        except ClusterError as error:
            _LOG.warning("the checks of the interval wait for the cluster (%s)", error.reason)
            pause = _SHORTEST_PAUSE * 12


def step(interval: timedelta, now: datetime, hold: Callable[[float], object] = lambda _: None) -> float:
    """Check the destination that has waited longest, if one is due; return how many seconds until the next look.

    `hold` waits so many seconds: neither who watches the page nor a server of the next destination may see how long this
    one took, where that tells open ports from closed ones. Raises the port's errors.
    """
    everything = {one.name: one for one in current.secrets_to_show()}
    found = [one.name for one in everything.values() if codec.is_destination(one)]
    valid = _valid(found, everything)
    name = next(iter(due(found, valid, everything, interval, now)), None)
    if name:
        _check(name, hold)
    return max(_SHORTEST_PAUSE, interval.total_seconds() / max(1, len(found)))


def due(
    found: Sequence[str],
    valid: Mapping[str, Last],
    everything: Mapping[str, Secret],
    interval: timedelta,
    now: datetime,
) -> Iterator[str]:
    """Yield what is to be checked, the longest waiting first: what has no valid result has waited for ever."""
    never = datetime.min.replace(tzinfo=UTC)
    since = {name: valid[name].report.checked_at if name in valid else never for name in found}
    refused = {
        account
        for name, last in valid.items()
        if last.has(Code.WRONG_CREDENTIALS)
        for account in _accounts(everything[name], everything)
    }
    for name in sorted(found, key=since.__getitem__):
        waits = name in valid and now < _next(valid[name], interval)
        if not waits and not refused & _accounts(everything[name], everything):
            yield name


def _valid(found: Iterable[str], everything: Mapping[str, Secret]) -> dict[str, Last]:
    """Return the last results that hold, whichever replica they are of."""
    kept = Results(current.config_maps_to_show())
    last = {name: runner.CHECKS.recent.newer(name, kept.of(name)) for name in found}
    return {
        name: one
        for name, one in last.items()
        if one and one.fingerprint and fingerprint.matches(one.fingerprint, everything[name], everything)
    }


def _check(name: str, hold: Callable[[float], object]) -> None:
    """Check one, as it is stored at this moment; what is gone meanwhile is left alone."""
    everything = {one.name: one for one in current.list_secrets()}
    if name in everything:
        began = time.monotonic()
        result = runner.CHECKS.in_background(checks.of_stored(everything[name], everything))
        hold(runner.rest_of_slot(result, time.monotonic() - began))
        if result:
            checks.keep(result)


def _next(last: Last, interval: timedelta) -> datetime:
    return last.report.checked_at + interval * (_PATIENCE if last.has(Code.TOO_MANY_REQUESTS) else 1)


def _accounts(secret: Secret, everything: Mapping[str, Secret]) -> frozenset[tuple[str, str]]:
    asked = checks.of_stored(secret, everything).plan
    return frozenset((leg.host, leg.username) for leg in (asked.chart, asked.image) if leg.host and leg.username)
