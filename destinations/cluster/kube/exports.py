"""The export jobs of the namespace through the Kubernetes API: asked once, in bounded time and size."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any

from destinations.cluster import limits
from destinations.cluster.jobs import (
    COMPONENT_EXPORT,
    COMPONENT_LABEL,
    JOB_LABEL,
    MOST_JOBS,
    MOST_PODS,
    Job,
    JobListing,
    Pod,
    read_job,
    read_pod,
)
from destinations.cluster.kube.answers import body, timeout
from destinations.cluster.kube.calls import JOBS, POD_LOGS, PODS, KubernetesApi, Query
from destinations.cluster.port import NotFound, Unreachable

_PAGE = 500
_NOT_BEGUN = HTTPStatus.BAD_REQUEST  # "container is waiting to start"


class KubernetesExports:
    """Keeps the promises of `jobs.Exports`."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def jobs(self, *, seconds: float) -> JobListing:
        end = time.monotonic() + seconds
        jobs: list[Job] = []
        token = ""
        while len(jobs) < MOST_JOBS:
            query: Query = {"limit": _PAGE, "labelSelector": f"{COMPONENT_LABEL}={COMPONENT_EXPORT}"}
            query = {**query, "continue": token} if token else query
            page = _document(self._api.open("list", JOBS, timeout(end), query=query), end, kind="JobList")
            jobs += [read_job(item) for item in page.get("items") or ()]
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                break
        return JobListing(tuple(sorted(jobs, key=lambda job: job.name))[:MOST_JOBS], complete=not token)

    def pods(self, job: str, *, seconds: float) -> tuple[Pod, ...]:
        end = time.monotonic() + seconds
        query: Query = {"limit": MOST_PODS, "labelSelector": f"{JOB_LABEL}={job}"}
        page = _document(self._api.open("list", PODS, timeout(end), query=query), end, kind="PodList")
        return tuple(read_pod(item) for item in page.get("items") or ())

    def log(self, pod: str, container: str, *, lines: int, size: int, seconds: float) -> str:
        if not limits.is_name(pod):  # "..", say, would lead to another address of the API
            raise NotFound("NotFound", status=HTTPStatus.NOT_FOUND, verb="get", resource="pod logs")
        end = time.monotonic() + seconds
        query: Query = {"tailLines": lines, "limitBytes": size, **({"container": container} if container else {})}
        status = 0
        try:
            answer = body(self._api.open("get", POD_LOGS, timeout(end), name=pod, query=query), end, 2 * size)
        except Unreachable as error:
            status = error.status
            if status not in {_NOT_BEGUN, HTTPStatus.NOT_FOUND}:
                raise
        if status == HTTPStatus.NOT_FOUND:
            raise NotFound("NotFound", status=status, verb="get", resource="pod logs")
        return "" if status else answer[:size].decode("utf-8", "replace")


def _document(answer: Any, end: float, *, kind: str) -> dict[str, Any]:
    try:
        page = json.loads(body(answer, end))
    except (ValueError, RecursionError):
        page = None
    if not isinstance(page, dict) or page.get("kind") != kind:
        raise Unreachable("NoUsableAnswer", status=200)
    return page
