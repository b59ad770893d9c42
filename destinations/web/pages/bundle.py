"""A form that is shown again without being checked: for a look at where it goes, or at what a bundle holds."""

from __future__ import annotations

from django.http import HttpRequest

from destinations.secret.masking import masked_key
from destinations.verdict import certificates
from destinations.web.changes import save
from destinations.web.forms.bundle import BundleForm

_SECRET = {"password", "import_text", "csrfmiddlewaretoken"}
_KEYS = {"host", "organization"}


def is_asked(request: HttpRequest) -> bool:
    """Say whether the form was sent for a look, and not to be saved."""
    return "show" in request.POST


def typed(request: HttpRequest) -> dict[str, str]:
    """Return what was typed but for secrets and files; a private key among the certificates is left out, too."""
    found = {name: str(value) for name, value in request.POST.items() if name not in _SECRET}
    if certificates.holds_private_key(found.get("bundle_text", "").encode("utf-8", "replace")):
        del found["bundle_text"]
    return found | {name: masked_key(found[name]) for name in _KEYS & set(found)} | {"nonce": save.nonce()}


def certificates_of(request: HttpRequest, form: BundleForm) -> None:
    """Show in the form what the bundle holds; a sound one that came as a file is in the text from then on."""
    file, text = request.FILES.get("bundle_file"), request.POST.get("bundle_text", "")
    if file or text.strip():
        raw = file.read(certificates.MAX_BUNDLE_BYTES + 1) if file else text.encode("utf-8", "replace")
        form.look(raw)
    if file and form.bundle and form.bundle.pem and not form.bundle.problems:
        form.initial["bundle_text"] = form.bundle.pem.decode()
