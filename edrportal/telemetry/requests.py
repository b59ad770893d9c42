"""Counts and times the requests: by method, page and class of status, and never by address."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

from edrportal.telemetry.counters import REGISTRY

Handler = Callable[[HttpRequest], HttpResponse]

REQUESTS = Counter(
    "edrportal_requests",
    "Requests by method, page, and status class.",
    ["method", "page", "status"],
    registry=REGISTRY,
)
SECONDS = Histogram(
    "edrportal_request_seconds",
    "Duration of requests until the first byte of the answer.",
    ["page"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Requests:
    def __init__(self, get_response: Handler) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self._next(request)
        page = page_of(request)
        method = request.method if request.method in _METHODS else "other"
        REQUESTS.labels(method, page, f"{response.status_code // 100}xx").inc()
        SECONDS.labels(page).observe(time.perf_counter() - started)
        return response


def page_of(request: HttpRequest) -> str:
    """Return the name of the page: of the address as the code has it, never as typed."""
    match = getattr(request, "resolver_match", None)
    if match:
        return str(match.url_name)
    return "static" if request.path.startswith("/static/") else "none"
