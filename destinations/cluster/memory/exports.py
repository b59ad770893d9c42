"""Export jobs in memory, with their Pods and logs; for the demo and for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from destinations.cluster.jobs import MOST_JOBS, MOST_PODS, JobListing, Pod, belongs, is_export, read_job, read_pod
from destinations.cluster.port import NotFound


class InMemoryExports:
    """Keeps the promises of `jobs.Exports`, and answers at once."""

    def __init__(self) -> None:
        self._jobs: dict[str, Mapping[str, Any]] = {}
        self._pods: dict[str, Mapping[str, Any]] = {}
        self.logs: dict[str, str] = {}
        """What the container of a Pod wrote, by the Pod's name."""

    def load(self, jobs: Iterable[Mapping[str, Any]], pods: Iterable[Mapping[str, Any]] = ()) -> None:
        """Put jobs and Pods there, as manifests with the times and states they have."""
        self._jobs.update({job["metadata"]["name"]: deepcopy(job) for job in jobs})
        self._pods.update({pod["metadata"]["name"]: deepcopy(pod) for pod in pods})

    def jobs(self, *, seconds: float) -> JobListing:
        del seconds
        jobs = [read_job(job) for _, job in sorted(self._jobs.items()) if is_export(job)]
        return JobListing(tuple(jobs[:MOST_JOBS]), complete=len(jobs) <= MOST_JOBS)

    def pods(self, job: str, *, seconds: float) -> tuple[Pod, ...]:
        del seconds
        pods = [read_pod(pod) for _, pod in sorted(self._pods.items()) if belongs(pod, job)]
        return tuple(pods[:MOST_PODS])

    def log(self, pod: str, container: str, *, lines: int, size: int, seconds: float) -> str:
        """Return the last lines of a Pod's log; there is one container."""
        del container, seconds
        if pod not in self._pods:
            raise NotFound("NotFound", status=404, verb="get", resource="pod logs")
        last = "".join(self.logs.get(pod, "").splitlines(keepends=True)[-lines:])
        return last.encode()[:size].decode("utf-8", "replace")
