"""Both references that a host and an organization result in, while somebody types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from destinations.input import validation
from destinations.web import current
from destinations.web.pages import guide


def beside(request: HttpRequest, form: Form) -> dict[str, Any]:
    """Return what stands beside a form's host and organization: where an export would go, and the guide."""
    host, organization = (str(form[name].value() or "") for name in ("host", "organization"))
    return _found(host, organization) | guide.context(request, host)


def _found(host: str, organization: str) -> dict[str, Any]:
    trap, judgement = validation.in_either(host, organization, now=datetime.now(UTC), version=current.epinio_version())
    return {"trap": trap, "judgement": judgement}


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Return fragments for the form, from the server's own rules: both references, and the guide to this kind of registry."""
    host = request.POST.get("host", "")
    context = _found(host, request.POST.get("organization", "")) | guide.context(request, host) | {"out_of_band": True}
    return render(request, "destinations/_preview.html", context)
