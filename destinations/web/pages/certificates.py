"""What a bundle holds, before it is saved."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from destinations.web.forms.bundle import BundleForm
from destinations.web.pages import bundle


@sensitive_post_parameters()
@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Return a fragment for the forms: every certificate, and what is wrong, in words. Nothing is stored or echoed."""
    form = BundleForm()
    bundle.certificates_of(request, form)
    return render(request, "destinations/_bundle.html", {"form": form})
