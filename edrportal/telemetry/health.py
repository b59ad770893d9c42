"""For the platform: whether the process is alive and whether it can serve."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from edrportal.telemetry import readiness


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that the process answers, whatever the cluster does."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Say whether the process can serve: part by part, unless there is a port for that, where strangers do not come."""
    if settings.ENVIRONMENT.metrics_port:
        ready = readiness.is_ready()
        told = {"ready": ready, "server": readiness.OK if ready else "not ready"}
        return JsonResponse(told, status=200 if ready else 503)
    found = readiness.look()
    return JsonResponse(found.told(), status=200 if found.ready else 503)
