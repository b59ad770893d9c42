"""Both references that a host and an organization result in, while somebody types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_POST

from destinations import current, traps

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Return a fragment for the form, from the server's own rules."""
    host, organization = request.POST.get("host", "")[:253], request.POST.get("organization", "")[:255]
    trap = traps.in_host(host) if host else None
    judgement = None
    if host and not trap:
        trap, judgement = traps.in_target(host, organization, now=datetime.now(UTC), version=current.epinio_version())
    return render(request, "destinations/_preview.html", {"trap": trap, "judgement": judgement})
