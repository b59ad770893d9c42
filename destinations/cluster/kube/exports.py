"""The export jobs of the namespace through the Kubernetes API: asked once, in bounded time and size."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
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
from destinations.cluster.kube.calls import CONNECT_SECONDS, open_stream
from destinations.cluster.port import NotFound, Unreachable

_PAGE = 500
_MOST_BYTES = 8 * 1024 * 1024
_LEAST_SECONDS = 0.05
_CHUNK = 64 * 1024
_NOT_BEGUN = 400  # "container is waiting to start"
_NOT_FOUND = 404


class KubernetesExports:
    """Keeps the promises of `jobs.Exports`."""

    def __init__(self, core: Any, batch: Any, namespace: str) -> None:  # noqa: ANN401 - the client has no types
        """Keep the two clients; nothing is asked yet."""
        self._api = core
        self._batch = batch
        self._namespace = namespace

    def jobs(self, *, seconds: float) -> JobListing:
        """Return the jobs that carry Epinio's label of an export."""
        end = time.monotonic() + seconds
        found: list[Job] = []
        token = ""
        while len(found) < MOST_JOBS:
            page = _list(
                self._batch.list_namespaced_job,
                self._namespace,
                kind="JobList",
                end=end,
                limit=_PAGE,
                label_selector=f"{COMPONENT_LABEL}={COMPONENT_EXPORT}",
                **({"_continue": token} if token else {}),
            )
            found += [read_job(item) for item in page.get("items") or ()]
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                break
        return JobListing(tuple(sorted(found, key=lambda one: one.name))[:MOST_JOBS], complete=not token)

    def pods(self, job: str, *, seconds: float) -> tuple[Pod, ...]:
        """Return the Pods of a job."""
        page = _list(
            self._api.list_namespaced_pod,
            self._namespace,
            kind="PodList",
            end=time.monotonic() + seconds,
            limit=MOST_PODS,
            label_selector=f"{JOB_LABEL}={job}",
        )
        return tuple(read_pod(item) for item in page.get("items") or ())

    def log(self, pod: str, container: str, *, lines: int, size: int, seconds: float) -> str:
        """Return the last lines of a container's log."""
        if not limits.is_name(pod):  # "..", say, would lead to another address of the API
            raise NotFound("NotFound", status=_NOT_FOUND, verb="get", resource="pod logs")
        status = 0
        try:
            answer = _read(
                self._api.read_namespaced_pod_log,
                pod,
                self._namespace,
                end=time.monotonic() + seconds,
                most=2 * size,
                container=container or None,
                tail_lines=lines,
                limit_bytes=size,
            )
        except Unreachable as error:
            status = error.status
            if status not in {_NOT_BEGUN, _NOT_FOUND}:
                raise
        if status == _NOT_FOUND:
            raise NotFound("NotFound", status=status, verb="get", resource="pod logs")
        return "" if status else answer[:size].decode("utf-8", "replace")


def _list(call: Callable[..., Any], *args: Any, kind: str, end: float, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    try:
        page = json.loads(_read(call, *args, end=end, **options))
    except (ValueError, RecursionError):
        page = None
    if not isinstance(page, dict) or page.get("kind") != kind:
        raise Unreachable("NoUsableAnswer", status=200)
    return page


def _read(
    call: Callable[..., Any],
    *args: Any,  # noqa: ANN401
    end: float,
    most: int = _MOST_BYTES,
    **options: Any,  # noqa: ANN401
) -> bytes:
    """Return the bytes of an answer, complete. Raises Forbidden and Unreachable."""
    left = max(_LEAST_SECONDS, end - time.monotonic())
    answer = open_stream(call, *args, timeout=(min(CONNECT_SECONDS, left), left), **options)
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
