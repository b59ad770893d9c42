"""The export jobs of the namespace through the Kubernetes API: asked once, in bounded time and size."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any

from urllib3.exceptions import HTTPError

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
from destinations.cluster.kube.calls import CONNECT_SECONDS, JOBS, POD_LOGS, PODS, KubernetesApi, Query, Timeout
from destinations.cluster.port import NotFound, Unreachable

_PAGE = 500
_MOST_BYTES = 8 * 1024 * 1024
_LEAST_SECONDS = 0.05
_CHUNK = 64 * 1024
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
            page = _document(self._api.open("list", JOBS, _timeout(end), query=query), end, kind="JobList")
            jobs += [read_job(item) for item in page.get("items") or ()]
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                break
        return JobListing(tuple(sorted(jobs, key=lambda job: job.name))[:MOST_JOBS], complete=not token)

    def pods(self, job: str, *, seconds: float) -> tuple[Pod, ...]:
        end = time.monotonic() + seconds
        query: Query = {"limit": MOST_PODS, "labelSelector": f"{JOB_LABEL}={job}"}
        page = _document(self._api.open("list", PODS, _timeout(end), query=query), end, kind="PodList")
        return tuple(read_pod(item) for item in page.get("items") or ())

    def log(self, pod: str, container: str, *, lines: int, size: int, seconds: float) -> str:
        if not limits.is_name(pod):  # "..", say, would lead to another address of the API
            raise NotFound("NotFound", status=HTTPStatus.NOT_FOUND, verb="get", resource="pod logs")
        end = time.monotonic() + seconds
        query: Query = {"tailLines": lines, "limitBytes": size, **({"container": container} if container else {})}
        status = 0
        try:
            answer = _body(self._api.open("get", POD_LOGS, _timeout(end), name=pod, query=query), end, 2 * size)
        except Unreachable as error:
            status = error.status
            if status not in {_NOT_BEGUN, HTTPStatus.NOT_FOUND}:
                raise
        if status == HTTPStatus.NOT_FOUND:
            raise NotFound("NotFound", status=status, verb="get", resource="pod logs")
        return "" if status else answer[:size].decode("utf-8", "replace")


def _timeout(end: float) -> Timeout:
    left = max(_LEAST_SECONDS, end - time.monotonic())
    return min(CONNECT_SECONDS, left), left


def _document(answer: Any, end: float, *, kind: str) -> dict[str, Any]:
    try:
        page = json.loads(_body(answer, end))
    except (ValueError, RecursionError):
        page = None
    if not isinstance(page, dict) or page.get("kind") != kind:
        raise Unreachable("NoUsableAnswer", status=200)
    return page


def _body(answer: Any, end: float, most: int = _MOST_BYTES) -> bytes:
    """Return the bytes of an answer, complete. Raises Unreachable."""
    body = bytearray()
    usable = False
    try:
        while chunk := answer.read1(_CHUNK):
            body += chunk
            if len(body) > most or time.monotonic() > end:
                break
        usable = not chunk
    except (HTTPError, OSError):
        pass  # not `raise … from None` here: even a context of the client's may hold a body
    finally:
        if not usable:
            answer.close()
    if not usable:
        raise Unreachable("NoUsableAnswer")
    return bytes(body)
