"""The section *Exports* of a destination: which run, which failed, and why. Bounded, and no page depends on it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from destinations.cluster import verbs
from destinations.cluster.jobs import Exports, JobListing
from destinations.cluster.port import ClusterError, Forbidden, NotFound
from destinations.model import Secret
from destinations.overview import exports
from destinations.overview.exports import Export, State
from destinations.secret import redaction
from destinations.secret.redaction import secrets_of
from destinations.web.request import PortalRequest

SECONDS = 1.5
"""What all calls of one section may take together; a page waits for it."""
LOGS = 3
"""So many of the newest failed or overdue exports are shown with their logs."""
SHOWN = 10
MOST_SECRETS = 100
"""A configuration with more values than this takes too long to be looked for in a log."""
_LOG_BYTES = 16 * 1024
_NO_NEWS = {"Error", "Completed"}
_NO_POD = "The Pod was deleted, and its log with it."
_CROWDED = "The log is not shown: the stored configuration has too many values to remove from it."
_NO_RIGHT = "The portal has no permission to read the logs of Pods."
_NO_ANSWER = "The log could not be read in time."
_NOTHING = "The log has nothing that can be shown."


@dataclass(frozen=True, slots=True)
class Troubled:
    """An export that failed or overran, with the last lines of its log or why it is missing, and Kubernetes' word for it."""

    export: Export
    lines: tuple[str, ...] = ()
    missing: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What the section shows.

    `rules` are the permissions the portal lacks, empty where it has them; `silent` says that the cluster did not answer in
    time. `details` lets references, applications and logs be shown.
    """

    details: bool = False
    rules: str = ""
    silent: bool = False
    complete: bool = True
    running: tuple[Export, ...] = ()
    troubled: tuple[Troubled, ...] = ()
    older: int = 0
    last: Export | None = None

    @property
    def is_known(self) -> bool:
        return not self.rules and not self.silent

    @property
    def under_way(self) -> Export | None:
        """The newest export that runs, one that Epinio gave up on included; None where none is known."""
        overdue = (one.export for one in self.troubled if one.export.state is State.OVERDUE)
        return next(iter((*self.running, *overdue)), None)


def section(request: PortalRequest, destination: Secret, *, details: bool) -> Section:
    """Return the section; `details` is for those who may change the destination, others learn states and times.

    Raises nothing of the cluster's: what it cannot know, it says.
    """
    end = time.monotonic() + SECONDS
    try:
        reader = request.portal.cluster.exports
        listing = reader.jobs(seconds=SECONDS)
    except Forbidden:
        return Section(details=details, rules=verbs.rules(verbs.of_part(verbs.EXPORTS)))
    except ClusterError:
        return Section(details=details, silent=True)
    return _told(reader, listing, destination, end, details=details)


def _told(reader: Exports, listing: JobListing, destination: Secret, end: float, *, details: bool) -> Section:
    secrets = secrets_of(destination, most=MOST_SECRETS)
    crowded = len(secrets) > MOST_SECRETS
    shows = details and not crowded
    found = exports.of_destination(listing.jobs, destination, secrets=() if crowded else secrets, now=datetime.now(UTC))
    troubled = [one for one in found if one.state in {State.FAILED, State.OVERDUE}]
    logged = [_with_log(reader, one, secrets, end) for one in troubled[:LOGS]] if shows else []
    missing = _CROWDED if crowded and details else ""
    rest = [Troubled(one, missing=missing) for one in troubled[len(logged) : SHOWN]]
    return Section(
        details=shows,
        complete=listing.complete,
        running=tuple(one for one in found if one.state is State.RUNNING)[:SHOWN],
        troubled=(*logged, *rest),
        older=max(0, len(troubled) - SHOWN),
        last=found[0] if found else None,
    )


def _with_log(reader: Exports, export: Export, secrets: frozenset[str], end: float) -> Troubled:
    reason = ""
    try:
        pod = max(reader.pods(export.job, seconds=_left(end)), key=lambda pod: pod.created_at, default=None)
        if pod is None:
            return Troubled(export, missing=_NO_POD)
        reason = "" if pod.reason in _NO_NEWS else redaction.one_line(pod.reason, longest=60)
        log = reader.log(pod.name, export.container, lines=redaction.MAX_LINES, size=_LOG_BYTES, seconds=_left(end))
    except Forbidden:
        return Troubled(export, missing=_NO_RIGHT, reason=reason)
    except NotFound:
        return Troubled(export, missing=_NO_POD, reason=reason)
    except ClusterError:
        return Troubled(export, missing=_NO_ANSWER, reason=reason)
    lines = redaction.redact(log, secrets)
    return Troubled(export, lines, "" if lines else _NOTHING, reason)


def _left(end: float) -> float:
    return max(0.0, end - time.monotonic())
