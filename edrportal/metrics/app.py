"""What the second port answers: `/metrics`, `/healthz`, `/readyz`, to whoever may reach it, by whatever name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from prometheus_client import GC_COLLECTOR, PROCESS_COLLECTOR, Info
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from destinations import readiness
from destinations.gauges import Destinations
from destinations.metrics import REGISTRY
from edrportal import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from prometheus_client.core import Metric

    Answer = tuple[str, str, bytes]

_TEXT = "text/plain; charset=utf-8"
BUILD = Info("edrportal_build", "The version that runs.", registry=REGISTRY)
BUILD.info({"version": __version__})
for _collector in (PROCESS_COLLECTOR, GC_COLLECTOR):
    REGISTRY.register(_collector)


class Platform:
    """The WSGI application; `with_names` lets `/metrics` name destinations."""

    def __init__(self, *, with_names: bool) -> None:
        """Keep the gauges, which are collected beside the counters."""
        self._gauges = Destinations(with_names=with_names)
        self._pages: dict[str, Callable[[str], Answer]] = {
            "/metrics": self._metrics,
            "/healthz": lambda _: ("200 OK", _TEXT, b"ok\n"),
            "/readyz": lambda _: _readiness(),
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer."""
        page = self._pages.get(environ.get("PATH_INFO", ""))
        if page is None:
            status, kind, body = "404 Not Found", _TEXT, b"Ask for /metrics, /healthz or /readyz.\n"
        elif environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            status, kind, body = "405 Method Not Allowed", _TEXT, b"GET only.\n"
        else:
            status, kind, body = page(environ.get("HTTP_ACCEPT", ""))
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _metrics(self, accept: str) -> Answer:
        encode, kind = choose_encoder(accept)
        return "200 OK", kind, encode(_Both(self._gauges))


class _Both(Collector):
    """The counters of the process, and the gauges of one page, so that a process may have several pages."""

    def __init__(self, gauges: Destinations) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        """Yield all of them."""
        yield from REGISTRY.collect()
        yield from self._gauges.collect()


def _readiness() -> Answer:
    found = readiness.look()
    body = json.dumps(found.told()).encode()
    return ("200 OK" if found.ready else "503 Service Unavailable"), "application/json", body
