"""Whether this process can serve, and what is missing: the cluster, the watch, the key, a thread for a page."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from destinations.cluster.port import ClusterError
from destinations.cluster.reflector import MAX_AGE_SECONDS
from destinations.portal import Portal
from destinations.web.request import PortalRequest
from edrportal.configuration.environment import NO_KEY
from edrportal.serving import health
from edrportal.serving.drain import STOPPING

OK = "ok"
_KNOWN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """Each part in a word or two, `ok` where nothing is missing.

    The watch has no say in `ready`: where it is behind, pages read the cluster directly and work.
    """

    ready: bool
    cluster: str
    watch: str
    key: str
    server: str
    pages: str = OK


_last: list[tuple[float, str]] = []


def look(portal: Portal, *, served: bool = True) -> Readiness:
    """Ask the cluster where no watch knows, and look at the rest; without `served` the port of the pages is silent."""
    cluster, watch = _cluster(portal)
    _last[:] = [(time.monotonic(), cluster)]
    key, server, pages = _here(served=served)
    return Readiness(cluster == key == server == pages == OK, cluster, watch, key, server, pages)


def is_ready() -> bool:
    """Return whether the process can serve, without a request to the cluster: by the last result, while it is recent."""
    cluster = next((found for when, found in _last if time.monotonic() - when < _KNOWN_SECONDS), OK)
    return {cluster, *_here(served=True)} == {OK}


def _here(*, served: bool) -> tuple[str, str, str]:
    key = OK if settings.SECRET_KEY != NO_KEY else "missing"
    server = "stopping" if STOPPING.is_set() else OK
    return key, server, health.pages() if served else "no answer"


def _cluster(portal: Portal) -> tuple[str, str]:
    """Return what the cluster answers, by its status and Kubernetes' short word, and how the watch is.

    A watch that lives is an answer; without one it is asked.
    """
    try:
        watched = portal.connect().secrets
        if not (watched and watched.is_live()):
            portal.cluster.ready()
    except ClusterError as error:
        return str(error), _watch(portal)
    return OK, _watch(portal)


def _watch(portal: Portal) -> str:
    try:
        watched = portal.connect().secrets
    except ClusterError:
        return "not started"
    if watched is None:
        return "none"
    watched.start()
    age = watched.age()
    if age is None:
        return "not started"
    return OK if age <= MAX_AGE_SECONDS else f"{age:.0f} s old"


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: PortalRequest) -> HttpResponse:
    """Answer part by part, unless there is a port for that, where strangers do not come."""
    if settings.ENVIRONMENT.metrics_port:
        ready = is_ready()
        return JsonResponse({"ready": ready, "server": OK if ready else "not ready"}, status=200 if ready else 503)
    state = look(request.portal)
    return JsonResponse(asdict(state), status=200 if state.ready else 503)
