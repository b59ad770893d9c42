"""CA certificates in a form: pasted or as a file, read by Go's rules before anything is saved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from destinations.input.validation import Trap
from destinations.verdict import certificates
from destinations.verdict.certificates import Bundle, Certificate, Health


class BundleForm(forms.Form):
    """A bundle, and what every form that keeps secrets off the page needs."""

    bundle_text = forms.CharField(
        label="CA certificates (PEM)",
        help_text="Only for a registry whose certificate is not publicly trusted. Then nothing else is trusted.",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": "6", "spellcheck": "false", "autocomplete": "off"}),
    )
    bundle_file = forms.FileField(label="…or a file", required=False, allow_empty_file=True)

    bundle: Bundle | None = None
    bundle_notes: tuple[str, ...] = ()
    """What was repaired in the bundle that is saved."""
    bundle_seen: tuple[tuple[Certificate, Health], ...] = ()

    def look(self, raw: bytes) -> Bundle:
        """Return what is in a bundle, and keep it for the page."""
        now = datetime.now(UTC)
        self.bundle = certificates.read_new_bundle(raw, now)
        self.bundle_seen = tuple((one, one.health(now)) for one in self.bundle.certificates)
        return self.bundle

    def clean(self) -> dict[str, Any]:
        """Forget a private key that was pasted as a certificate, and what is too long to be looked through for one."""
        if certificates.holds_private_key(self.data.get("bundle_text", "").encode("utf-8", "replace")):
            self.forget("bundle_text", "")
        return super().clean() or {}

    def forget(self, name: str, shown: str) -> None:
        """Have the page show something else than what was typed."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[name] = shown
        self.data = data

    def catch(self, trap: Trap | None) -> None:
        """Put a trap beside its field."""
        if trap and trap.field in self.fields:
            self.add_error(trap.field, trap.message + (f" Did you mean {trap.suggestion}?" if trap.suggestion else ""))

    def read_bundle(self, cleaned: dict[str, Any]) -> bytes:
        """Return re-serialised PEM, or nothing where none was given; problems go beside the field."""
        typed, file = cleaned.get("bundle_text") or "", cleaned.get("bundle_file")
        if typed.strip() and file:
            self.add_error("bundle_text", "There is both text and a file. Give one of them.")
            return b""
        if len(self.files.getlist("bundle_file") if isinstance(self.files, MultiValueDict) else ()) > 1:
            self.add_error("bundle_file", "There is more than one file. Put all certificates into one.")
            return b""
        most = certificates.MAX_BUNDLE_BYTES + 1
        field, raw = ("bundle_file", file.read(most)) if file else ("bundle_text", typed.encode("utf-8", "replace"))
        if not file and not raw.strip():
            return b""
        bundle = self.look(raw)
        for problem in bundle.problems:
            self.add_error(field, f"{problem.message} {problem.fix}")
        self.bundle_notes = bundle.notes
        if file and not bundle.problems:
            self.forget("bundle_text", bundle.pem.decode())  # where the page comes back, no file has to be chosen again
        return bundle.pem

    def chosen_bundle(self, cleaned: dict[str, Any], given: bytes) -> bytes | None:
        """Return the new bundle, b"" to remove the old one, or None to keep it."""
        choice = cleaned.get("bundle_choice") or "keep"
        if choice == "replace" and not given and not {"bundle_text", "bundle_file"} & set(self.errors):
            self.add_error("bundle_text", "Paste the new certificates, or choose a file.")
        if choice != "replace" and given:
            self.add_error("bundle_choice", "There are new certificates below: choose to replace the old ones.")
        return {"keep": None, "remove": b"", "replace": given}[choice]
