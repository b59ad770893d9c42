"""The checks that nobody asks for: every destination once in an interval, one at a time, off by default.

Never a reason that an account is locked: after a refused password neither the destination nor another one with the same
account is asked again until it changes; after "too many requests" a registry is left alone for longer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from threading import Event, Thread

from destinations.actions import checks
from destinations.cluster.port import ClusterError
from destinations.livecheck import presentation, runner
from destinations.livecheck.registry.port import Code
from destinations.livecheck.result import Last
from destinations.livecheck.store import Results
from destinations.model import Secret, Snapshot
from destinations.portal import Portal, Reads

_CHANCE = SystemRandom()
_LOG = logging.getLogger(__name__)
_SHORTEST_PAUSE = 5.0
_PATIENCE = 4
"""How many intervals a registry is left alone that wants fewer requests."""


def start(portal: Callable[[], Portal], minutes: int, stop: Event | None = None) -> Thread | None:
    """Begin where that is wanted; the thread ends with the process, or with `stop`."""
    if minutes <= 0:
        return None
    arguments = (portal, timedelta(minutes=minutes), stop or Event())
    thread = Thread(target=_run, args=arguments, name="check-interval", daemon=True)
    thread.start()
    return thread


def _run(
    portal: Callable[[], Portal],
    interval: timedelta,
    stop: Event,
    chance: Callable[[float, float], float] = _CHANCE.uniform,
) -> None:
    pause = _SHORTEST_PAUSE
    while not stop.wait(pause * chance(0.5, 1.5)):  # replicas fall out of step by chance
        try:
            pause = step(portal(), interval, datetime.now(UTC), hold=stop.wait)
        except ClusterError as error:
            _LOG.warning("the checks of the interval wait for the cluster (%s)", error.reason)
            pause = _SHORTEST_PAUSE * 12


def step(portal: Portal, interval: timedelta, now: datetime, hold: Callable[[float], object] = lambda _: None) -> float:
    """Check the destination that has waited longest, if one is due; return how many seconds until the next look.

    `hold` waits so many seconds: neither who watches the page nor a server of the next destination may see how long this
    one took, where that tells open ports from closed ones. Raises the port's errors.
    """
    snapshot = replace(Reads(portal).snapshot, now=now)
    name = next(iter(due(portal, _valid(portal, snapshot), snapshot, interval)), None)
    if name:
        _check(portal, name, hold)
    return max(_SHORTEST_PAUSE, interval.total_seconds() / max(1, len(snapshot.destinations)))


def due(portal: Portal, valid: Mapping[str, Last], snapshot: Snapshot, interval: timedelta) -> Iterator[str]:
    """Yield what is to be checked, the longest waiting first: what has no valid result has waited for ever."""
    never = datetime.min.replace(tzinfo=UTC)
    secrets = {secret.name: secret for secret in snapshot.destinations}
    since = {name: valid[name].report.checked_at if name in valid else never for name in secrets}
    refused = {
        account
        for name, last in valid.items()
        if last.has(Code.WRONG_CREDENTIALS)
        for account in _accounts(portal, secrets[name], snapshot)
    }
    for name in sorted(secrets, key=since.__getitem__):
        waits = name in valid and snapshot.now < _next(valid[name], interval)
        if not waits and not refused & _accounts(portal, secrets[name], snapshot):
            yield name


def _valid(portal: Portal, snapshot: Snapshot) -> dict[str, Last]:
    """Return the last results that hold, whichever replica they are of."""
    results = Results(snapshot.config_maps)
    valid = {}
    for secret in snapshot.destinations:
        last = portal.checks.recent.newer(secret.name, results.of(secret.name))
        if last and not presentation.is_outdated(last, secret, snapshot, portal.keys):
            valid[secret.name] = last
    return valid


def _check(portal: Portal, name: str, hold: Callable[[float], object]) -> None:
    """Check one, as it is stored at this moment; what is gone meanwhile is left alone."""
    reads = Reads(portal)
    snapshot = Snapshot.of(reads.secrets, reads.now, reads.version)
    if name in snapshot.secrets:
        began = time.monotonic()
        result = portal.checks.in_background(checks.of_stored(portal, snapshot.secrets[name], snapshot))
        hold(runner.rest_of_slot(result, time.monotonic() - began))
        if result:
            checks.keep(portal, result)


def _next(last: Last, interval: timedelta) -> datetime:
    return last.report.checked_at + interval * (_PATIENCE if last.has(Code.TOO_MANY_REQUESTS) else 1)


def _accounts(portal: Portal, secret: Secret, snapshot: Snapshot) -> frozenset[tuple[str, str]]:
    asked = checks.of_stored(portal, secret, snapshot).plan
    return frozenset((leg.host, leg.username) for leg in (asked.chart, asked.image) if leg.host and leg.username)
