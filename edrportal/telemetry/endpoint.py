"""What the second port answers: `/metrics`, `/healthz`, `/readyz`, to every client that can reach it, by any name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import GC_COLLECTOR, PROCESS_COLLECTOR, Info
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from destinations.portal import Portal
from edrportal import __version__
from edrportal.serving import health
from edrportal.serving.limits import REFUSAL, Limits
from edrportal.serving.ports import Places, Site
from edrportal.telemetry import readiness
from edrportal.telemetry.counters import REGISTRY
from edrportal.telemetry.gauges import Destinations

Answer = tuple[str, str, bytes]

_TEXT = "text/plain; charset=utf-8"
_CONNECTIONS = 700
BUILD = Info("edrportal_build", "The version of the portal.", registry=REGISTRY)
BUILD.info({"version": __version__})
for _collector in (PROCESS_COLLECTOR, GC_COLLECTOR):
    REGISTRY.register(_collector)


class Platform(Collector):
    """The WSGI application; `with_names` lets `/metrics` name destinations."""

    def __init__(self, portal: Callable[[], Portal], *, with_names: bool) -> None:
        self._gauges = Destinations(portal, with_names=with_names)
        self._pages: dict[str, Callable[[str], Answer]] = {
            "/metrics": self._metrics,
            "/healthz": lambda _: _liveness(),
            "/readyz": lambda _: _readiness(portal()),
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        page = self._pages.get(environ.get("PATH_INFO", ""))
        if environ.get(REFUSAL):
            status, kind, body = "503 Service Unavailable", _TEXT, b"Too many ask at once.\n"
        elif page is None:
            status, kind, body = "404 Not Found", _TEXT, b"Ask for /metrics, /healthz or /readyz.\n"
        elif environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            status, kind, body = "405 Method Not Allowed", _TEXT, b"GET only.\n"
        else:
            status, kind, body = page(environ.get("HTTP_ACCEPT", ""))
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _metrics(self, accept: str) -> Answer:
        encode, kind = choose_encoder(accept)
        return "200 OK", kind, encode(self)

    def collect(self) -> Iterable[Metric]:
        """Yield the counters of the process, and the gauges of this page: a process may have several pages."""
        yield from REGISTRY.collect()
        yield from self._gauges.collect()


def site(application: Platform) -> Site:
    places = Places(("/healthz",), 4, 2.0), Places(("",), 4, 2.0)
    return Site(application, Limits(_CONNECTIONS, _CONNECTIONS, 0), places)


def _liveness() -> Answer:
    """Ask the port of the pages: a process that only has this port left is dead."""
    if health.is_answered():
        return "200 OK", _TEXT, b"ok\n"
    return "503 Service Unavailable", _TEXT, b"The port of the pages does not answer.\n"


def _readiness(portal: Portal) -> Answer:
    state = readiness.look(portal, served=health.is_answered())
    body = json.dumps(asdict(state)).encode()
    return ("200 OK" if state.ready else "503 Service Unavailable"), "application/json", body
