"""Epinio's export jobs as the portal sees them, and the part of the port that reads them. All of it is optional.

Mirrors createCopyJob and newSkopeoJob of Epinio's internal/api/v1/application: one container runs `skopeo copy`, its
last argument is the destination, and the volume `registry-creds-volume` mounts the destination's Secret by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

COMPONENT_LABEL = "app.kubernetes.io/component"
COMPONENT_EXPORT = "export"
JOB_LABEL = "job-name"
"""What Kubernetes puts on the Pods of a Job, in all its versions."""
CREDENTIALS_VOLUME = "registry-creds-volume"
MOST_JOBS = 2000
"""Epinio never deletes the job of an export that failed: of more, the rest is not looked at."""
MOST_PODS = 10
_DONE = ("Failed", "Complete")


@dataclass(frozen=True, slots=True)
class Job:
    """One export job.

    `secret` names the Secret it pushes with, `target` is where to, as skopeo was told (it may hold a password),
    `container` the container that does it. `outcome` is `Failed`, `Complete` or empty while neither is so; times are
    RFC 3339, `finished_at` empty where Kubernetes has not noted one.
    """

    name: str
    created_at: str
    secret: str
    target: str = field(repr=False)
    container: str
    outcome: str = ""
    finished_at: str = ""


@dataclass(frozen=True, slots=True)
class JobListing:
    """The export jobs by name; `complete` is false where there are more than the portal looks at."""

    jobs: tuple[Job, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Pod:
    """One Pod of a job: its phase, and Kubernetes' word for why its container waits or ended (`ImagePullBackOff`)."""

    name: str
    created_at: str
    phase: str = ""
    reason: str = ""


class Exports(Protocol):
    """The export jobs of the namespace, to be looked at.

    A page does not need them: every call is asked once, ends within about the seconds it is given, and reads no
    more than a bounded answer. All raise Forbidden, and Unreachable where the time or the bound did not do.
    """

    def jobs(self, *, seconds: float) -> JobListing:
        """Return the jobs that carry Epinio's label of an export, sorted by name, `MOST_JOBS` at most."""

    def pods(self, job: str, *, seconds: float) -> tuple[Pod, ...]:
        """Return the Pods of a job, sorted by name, `MOST_PODS` at most."""

    def log(self, pod: str, container: str, *, lines: int, size: int, seconds: float) -> str:
        """Return the last lines of a container's log, of these the first `size` bytes.

        So the last line may be cut. Empty where the container has not begun. Raises NotFound, too.
        """


def is_export(manifest: Mapping[str, Any]) -> bool:
    return bool(_labels(manifest).get(COMPONENT_LABEL) == COMPONENT_EXPORT)


def belongs(pod: Mapping[str, Any], job: str) -> bool:
    return bool(_labels(pod).get(JOB_LABEL) == job)


def read_job(manifest: Mapping[str, Any]) -> Job:
    metadata, status = manifest["metadata"], manifest.get("status") or {}
    pod = ((manifest.get("spec") or {}).get("template") or {}).get("spec") or {}
    container: Mapping[str, Any] = next(iter(pod.get("containers") or ()), {})
    conditions = (item for item in status.get("conditions") or () if item.get("status") == "True")
    end: Mapping[str, Any] = next((item for item in conditions if item.get("type") in _DONE), {})
    return Job(
        name=metadata["name"],
        created_at=metadata.get("creationTimestamp") or "",
        secret=_secret(pod),
        target=next(iter((container.get("args") or ())[-1:]), ""),
        container=container.get("name") or "",
        outcome=end.get("type", ""),
        finished_at=end.get("lastTransitionTime") or "",
    )


def read_pod(manifest: Mapping[str, Any]) -> Pod:
    metadata, status = manifest["metadata"], manifest.get("status") or {}
    states = [container.get("state") or {} for container in status.get("containerStatuses") or ()]
    reasons = [(state.get("waiting") or state.get("terminated") or {}).get("reason") or "" for state in states]
    return Pod(
        name=metadata["name"],
        created_at=metadata.get("creationTimestamp") or "",
        phase=status.get("phase") or "",
        reason=next(filter(None, reasons), ""),
    )


def _labels(manifest: Mapping[str, Any]) -> Mapping[str, str]:
    return (manifest.get("metadata") or {}).get("labels") or {}


def _secret(pod: Mapping[str, Any]) -> str:
    volumes = (volume for volume in pod.get("volumes") or () if volume.get("name") == CREDENTIALS_VOLUME)
    return next(((volume.get("secret") or {}).get("secretName") or "" for volume in volumes), "")
