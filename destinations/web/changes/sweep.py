"""Remove certificate secrets of the portal that nothing names any more."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from destinations import actions
from destinations.cluster.port import ClusterError
from destinations.web import current, errors
from destinations.web.changes import save


@require_POST
def sweep(request: HttpRequest) -> HttpResponse:
    """Remove them, and say which."""
    try:
        result = save.act(request, "sweep", "", lambda: actions.sweep(current.cluster(), datetime.now(UTC)))
    except ClusterError as error:
        return errors.cluster_error(request, error)
    return save.done(request, result, "", to="overview")
