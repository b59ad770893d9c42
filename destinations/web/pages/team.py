"""The self-service page: a person's teams with their destinations, and the shared ones to use."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations.cluster.port import ClusterError
from destinations.overview import teampage
from destinations.verdict import presets
from destinations.web import current, errors
from destinations.web import request as asked
from destinations.web.changes import save


@require_safe
def team(request: HttpRequest) -> HttpResponse:
    """Show it, read directly: what somebody just changed here is there."""
    try:
        found = current.list_secrets()
        page = teampage.page(asked.authority(request), found, now=datetime.now(UTC), version=current.epinio_version())
    except ClusterError as error:
        return errors.cluster_error(request, error)
    context = {"page": page, "guides": presets.PRESETS, "nonce": save.nonce()}
    return render(request, "destinations/team.html", context)
