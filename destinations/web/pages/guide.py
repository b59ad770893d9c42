"""What stands beside a form about the kind of registry: the chosen one, or the one that the host tells."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from destinations.verdict import presets


def key(request: HttpRequest) -> str:
    """Return the kind that somebody chose, empty for none; the form says again what the page had shown."""
    posted = request.POST.get("preset") or request.POST.get("chosen_preset") or ""
    found = posted or request.GET.get("preset", "")
    return found if found in presets.BY_KEY else ""


def context(request: HttpRequest, host: str) -> dict[str, Any]:
    """Return what the guide's templates need."""
    chosen = key(request)
    return {"preset": presets.chosen(chosen, host), "chosen_preset": chosen, "presets": presets.CHOICES}


def initial(request: HttpRequest) -> dict[str, str]:
    """Return what a new form can begin with: what everybody types who has a registry of this kind."""
    preset = presets.BY_KEY.get(key(request))
    if preset is None:
        return {}
    return {"host": preset.host if preset.fixed else "", "username": preset.fixed_username}
