"""Both references that a host and an organization result in, while somebody types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_POST

from destinations import current, traps
from destinations.views import guide

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from destinations.model import Judgement
    from destinations.traps import Trap


def targets(host: str, organization: str) -> tuple[Trap | None, Judgement | None]:
    """Return what is wrong with host and organization, or where an export would go; nothing for no host."""
    if not host:
        return None, None
    trap = traps.in_host(host) or (traps.in_organization(organization) if organization else None)
    if trap:
        return trap, None
    return traps.in_target(host, organization, now=datetime.now(UTC), version=current.epinio_version())


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Return fragments for the form, from the server's own rules: both references, and the guide to this kind of registry."""
    host = request.POST.get("host", "")
    trap, judgement = targets(host, request.POST.get("organization", ""))
    context = {"trap": trap, "judgement": judgement, "out_of_band": True, **guide.context(request, host)}
    return render(request, "destinations/_preview.html", context)
