"""A form that is shown again without being checked: for a look at where it goes, or at what a bundle holds."""

from __future__ import annotations

import re
from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from destinations.input import validation
from destinations.secret.mask import masked_key
from destinations.verdict import certificates, presets
from destinations.verdict.presets import Preset
from destinations.web.changes import save
from destinations.web.forms.change import TargetForm
from destinations.web.forms.credentials import BundleForm
from destinations.web.request import PortalRequest

_SECRET = {"password", "import_text", "csrfmiddlewaretoken"}
_KEYS = {"host", "organization"}
_HINTED = ("host", "organization", "username", "password")
_SUGGESTED = {"name", "host", "organization", "username"}


def is_asked(request: PortalRequest) -> bool:
    """Return whether the form was sent for a look, and not to be saved."""
    return bool({"show", "suggest"} & set(request.POST))


def typed(request: PortalRequest) -> dict[str, str]:
    """Return what was typed but for secrets and files; a private key among the certificates is left out, too."""
    found = {name: str(value) for name, value in request.POST.items() if name not in _SECRET}
    if certificates.holds_private_key(found.get("bundle_text", "").encode("utf-8", "replace")):
        del found["bundle_text"]
    name, _, suggested = found.get("suggest", "").partition(":")
    found |= {name: suggested} if name in _SUGGESTED else {}
    return found | {name: masked_key(found[name]) for name in _KEYS & set(found)} | {"nonce": save.nonce()}


def certificates_of(request: PortalRequest, form: BundleForm) -> None:
    """Show in the form what the bundle holds; a sound one that came as a file is in the text from then on."""
    file, text = request.FILES.get("bundle_file"), request.POST.get("bundle_text", "")
    if file or text.strip():
        raw = file.read(certificates.MAX_BUNDLE_BYTES + 1) if file else text.encode("utf-8", "replace")
        form.look(raw)
    if file and form.bundle and form.bundle.pem and not form.bundle.problems:
        form.initial["bundle_text"] = form.bundle.pem.decode()


def key(request: PortalRequest) -> str:
    """Return the kind that someone chose, empty for none; the form repeats what the page had shown."""
    posted = request.POST.get("preset") or request.POST.get("chosen_preset") or ""
    found = posted or request.GET.get("preset", "")
    return found if found in presets.BY_KEY else ""


def guide_context(request: PortalRequest, host: str, form: Form | None = None) -> dict[str, Any]:
    """Return the guide to this kind of registry; the hints below a form's fields follow it."""
    chosen = key(request)
    preset = presets.chosen(chosen, host)
    for name, hint in _hints(preset).items():
        if form and name in form.fields:
            form.fields[name].help_text = form[name].help_text = hint  # a bound field made before has its own
    return {"preset": preset, "chosen_preset": chosen, "presets": presets.CHOICES}


def _hints(preset: Preset | None) -> dict[str, str]:
    """Return the hints below the fields for a kind of registry, the general hints for none."""
    if preset is None:
        return {name: str(TargetForm.base_fields[name].help_text) for name in _HINTED}
    organization, username, password = map(_begun, (preset.organization, preset.username, preset.credential))
    host = f"Of {preset.kind}: {preset.host}" if preset.fixed else f"HOST or HOST:PORT, such as {preset.host}"
    return {"host": host, "organization": organization, "username": username, "password": password}


def _begun(text: str) -> str:
    """Return a hint as a sentence begins, but for one that begins with what is typed exactly so: `robot$PROJECT+NAME`."""
    return text[0].upper() + text[1:] if re.split("[ ,]", text)[0].isalpha() else text


def initial(request: PortalRequest) -> dict[str, str]:
    """Return what a new form can begin with: what everyone types who has a registry of this kind."""
    preset = presets.BY_KEY.get(key(request))
    if preset is None:
        return {}
    return {"host": preset.host if preset.fixed else "", "username": preset.fixed_username}


def beside(request: PortalRequest, form: Form) -> dict[str, Any]:
    """Return what is beside a form's host and organization: where an export would go, and the guide."""
    host, organization = (str(form[name].value() or "") for name in ("host", "organization"))
    return _found(request, host, organization) | guide_context(request, host, form)


def _found(request: PortalRequest, host: str, organization: str) -> dict[str, Any]:
    trap, judgement = validation.check_target(host, organization, request.reads.rules)
    return {"trap": trap, "judgement": judgement, "organization": organization, "doubt": validation.doubt_host(host)}


@require_POST
def preview(request: PortalRequest) -> HttpResponse:
    """Return fragments for the form, from the server's own rules: both references, and the guide to this kind of registry."""
    host = request.POST.get("host", "")
    found = _found(request, host, request.POST.get("organization", ""))
    context = found | guide_context(request, host) | {"out_of_band": True}
    context["hints"] = _hints(context["preset"])
    return render(request, "destinations/_preview.html", context)


@sensitive_post_parameters()
@require_POST
def look(request: PortalRequest) -> HttpResponse:
    """Return a fragment for the forms: every certificate, and what is wrong, in words. Nothing is stored or echoed."""
    form = BundleForm()
    certificates_of(request, form)
    return render(request, "destinations/_bundle.html", {"form": form})
