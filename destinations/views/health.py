"""For the platform: whether the process is alive and whether the cluster answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from destinations import current
from destinations.cluster.port import ClusterError

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Say whether the cluster answers, too."""
    try:
        current.cluster().ready()
    except ClusterError as error:
        return HttpResponse(f"{error.reason}\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
