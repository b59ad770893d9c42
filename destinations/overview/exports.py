"""What Epinio's export jobs tell about one destination: which run, which failed, where to and since when. Pure.

Epinio waits 12 minutes for a job (runJob in internal/api/v1/application/export.go) and deletes it if it succeeded in
time; one that failed, or that Epinio gave up on, stays until someone deletes it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from destinations.cluster.jobs import Job
from destinations.model import Secret
from destinations.secret.mask import masked_key
from destinations.secret.redaction import one_line, without

PATIENCE = timedelta(minutes=12)
_TRANSPORT = "docker://"
_DEFAULT_NAME = re.compile(r"(?P<base>[a-z0-9-]{1,200})-image:[0-9a-f]{16}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


class State(StrEnum):
    RUNNING = "running"
    OVERDUE = "overdue"
    """It still runs, and Epinio has given up waiting."""
    FAILED = "failed"
    SUCCEEDED = "succeeded"


@dataclass(frozen=True, slots=True)
class Export:
    """One export that came as far as its image.

    `reference` is where the image goes, masked. `application` and `namespace` are empty where the reference does not
    make them certain. `job` and `container` say where its log is; `ended_at` is None while it runs.
    """

    state: State
    began_at: datetime
    ended_at: datetime | None
    reference: str = field(repr=False)
    namespace: str
    application: str
    job: str
    container: str


def of_destination(
    jobs: Iterable[Job], destination: Secret, *, secrets: Collection[str], now: datetime
) -> tuple[Export, ...]:
    """Return the exports to a destination, the newest first; `secrets` are texts that no reference may show.

    Jobs from before its Secret was made belong to another destination that had the name.
    """
    since = _time(destination.created_at) or datetime.min.replace(tzinfo=UTC)
    found = [
        _export(job, began, secrets, now)
        for job in jobs
        if job.secret == destination.name and (began := _time(job.created_at)) and began >= since
    ]
    return tuple(sorted(found, key=lambda one: (one.began_at, one.job), reverse=True))


def application(reference: str) -> tuple[str, str]:
    """Return namespace and application that a reference is the default of, two empty texts where that is not certain.

    The default is `NAMESPACE-APP-image` with a stage id of 16 hex digits as the tag. More than one `-` in it could be
    parted in several ways.
    """
    match = _DEFAULT_NAME.fullmatch(reference.rpartition("/")[2])
    base = match["base"] if match else ""
    parts = [(base[:at], base[at + 1 :]) for at, one in enumerate(base) if one == "-"]
    possible = [part for part in parts if all(map(_LABEL.fullmatch, part))]
    return possible[0] if len(possible) == 1 else ("", "")


def state_of(outcome: str, running: timedelta) -> State:
    """Return the state of a job with this outcome, or without one after so long."""
    if outcome:
        return State.FAILED if outcome == "Failed" else State.SUCCEEDED
    return State.OVERDUE if running > PATIENCE else State.RUNNING


def _export(job: Job, began: datetime, secrets: Collection[str], now: datetime) -> Export:
    target = job.target.removeprefix(_TRANSPORT) if job.target.startswith(_TRANSPORT) else ""
    namespace, app = application(target)
    return Export(
        state=state_of(job.outcome, now - began),
        began_at=began,
        ended_at=_time(job.finished_at) if job.outcome else None,
        reference=one_line(without(masked_key(target), secrets)),
        namespace=namespace,
        application=app,
        job=job.name,
        container=job.container,
    )


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
