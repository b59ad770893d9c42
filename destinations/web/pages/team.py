"""The self-service page: a person's teams with their destinations, and the shared ones to use."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations.cluster.port import ClusterError
from destinations.overview import table, teampage
from destinations.verdict import presets
from destinations.web import errors
from destinations.web.changes import save
from destinations.web.request import PortalRequest


@require_safe
def team(request: PortalRequest) -> HttpResponse:
    """Show it, read directly: what someone just changed here is there."""
    try:
        snapshot = request.reads.fresh
        answered = request.portal.answered(snapshot, sees_all=request.principal.is_administrator)
        page = teampage.page(request.authority, table.aged(answered, snapshot.now), snapshot.now)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    context = {"page": page, "guides": presets.PRESETS, "nonce": save.nonce()}
    return render(request, "destinations/team.html", context)
