"""The fields of a download for Git: the controller's certificate and the scope; for an ExternalSecret the remote keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms

from destinations.model import InputError
from destinations.secret.sealed import certificate
from destinations.secret.sealed.certificate import ControllerCertificate
from destinations.secret.sealed.encryption import Scope
from destinations.verdict import certificates
from destinations.web.forms.fields import KnownChoiceField

_SCOPES = [
    (Scope.STRICT, "Strict: only for this name in this namespace"),
    (Scope.NAMESPACE_WIDE, "Namespace-wide: may be renamed in this namespace"),
    (Scope.CLUSTER_WIDE, "Cluster-wide: may be renamed and moved"),
]


class SealForm(forms.Form):
    """For whom to encrypt. A certificate is public and comes back to the page; a private key beside it does not."""

    seal_certificate = forms.CharField(
        label="Certificate of the sealed-secrets controller (PEM)",
        help_text="The output of kubeseal --fetch-cert. It is public; no private key belongs here.",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": "4", "spellcheck": "false", "autocomplete": "off"}),
    )
    seal_certificate_file = forms.FileField(label="…or choose the file", required=False, allow_empty_file=True)
    seal_scope = KnownChoiceField(
        label="Scope", choices=_SCOPES, initial=Scope.STRICT, required=False, widget=forms.RadioSelect
    )
    certificate: ControllerCertificate | None = None

    def clean(self) -> dict[str, Any]:
        """Read the certificate; what holds a private key does not come back."""
        typed, file = self.data.get("seal_certificate") or "", self.files.get("seal_certificate_file")
        if certificates.holds_private_key(typed.encode("utf-8", "replace")):
            self.data = {**dict(self.data.items()), "seal_certificate": ""}
        if typed.strip() and file:
            self.add_error("seal_certificate", "You gave both text and a file. Give only one of them.")
            return self.cleaned_data
        if len(self.files.getlist("seal_certificate_file")) > 1:
            self.add_error("seal_certificate_file", "You chose several files. Choose the one of this controller.")
            return self.cleaned_data
        raw = file.read(certificates.MAX_BUNDLE_BYTES + 1) if file else typed.encode("utf-8", "replace")
        field = "seal_certificate_file" if file else "seal_certificate"
        if not raw.strip():
            self.add_error(field, "Paste the certificate of the sealed-secrets controller, or choose its file.")
            return self.cleaned_data
        try:
            self.certificate = certificate.read(raw, datetime.now(UTC))
        except InputError as error:
            self.add_error(field, str(error))
        return self.cleaned_data

    def has_certificate(self) -> bool:
        """Return whether anything was pasted or chosen."""
        return bool((self.data.get("seal_certificate") or "").strip() or self.files.get("seal_certificate_file"))

    def typed(self) -> dict[str, str]:
        """Return what was pasted and selected, for a page that shows it again; no private key."""
        text = self.data.get("seal_certificate") or ""
        if certificates.holds_private_key(text.encode("utf-8", "replace")):
            text = ""
        return {"seal_certificate": text, "seal_scope": self.data.get("seal_scope") or Scope.STRICT}

    @property
    def scope(self) -> Scope:
        """The scope that was chosen, strict where none was."""
        return Scope(self.cleaned_data.get("seal_scope") or Scope.STRICT)

    def first_error(self) -> str:
        """Return one message of a form that is not valid."""
        return next((str(one) for found in self.errors.values() for one in found), "")
