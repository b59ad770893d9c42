"""The self-service page: a person's teams with their destinations, and the shared ones to use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations import current, presets, selfservice
from destinations.cluster.port import ClusterError
from destinations.views import errors, writing
from edrportal.signin import asked

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
def team(request: HttpRequest) -> HttpResponse:
    """Show it, read directly: what somebody just changed here is there."""
    try:
        found = current.list_secrets()
        page = selfservice.page(
            asked.authority(request), found, now=datetime.now(UTC), version=current.epinio_version()
        )
    except ClusterError as error:
        return errors.cluster_error(request, error)
    context = {"page": page, "guides": presets.PRESETS, "nonce": writing.nonce()}
    return render(request, "destinations/team.html", context)
