"""The forms: what was typed, checked by the traps; a password never goes back to the page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator

from destinations import certificates, current, traps
from destinations.model import Credentials, Draft

if TYPE_CHECKING:
    from destinations.model import Judgement
    from destinations.traps import Trap

_OFF = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_CHOICES = [("keep", "Keep the blanks: they belong to it"), ("remove", "Remove them")]
_MAX_PASSWORD = 64 * 1024


def _arrived_whole(text: str) -> None:
    if "\ufffd" in text:
        raise ValidationError("It did not arrive whole: a character of it is no UTF-8. Paste it as plain text.")


def _text(label: str, hint: str = "", *, required: bool = True, limit: int = 253, **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        required=required,
        validators=[MaxLengthValidator(limit), _arrived_whole],
        strip=False,
        widget=forms.TextInput(attrs=_OFF | attrs),
    )


class _Fields(forms.Form):
    """What adding and rotating have in common."""

    username = _text("User name", "Of the account that may push, best a robot account.", limit=1024)
    password = forms.CharField(
        label="Password or token",
        required=False,
        validators=[MaxLengthValidator(_MAX_PASSWORD), _arrived_whole],  # `max_length` would let browsers cut it
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_blanks = forms.ChoiceField(
        label="Blanks at the ends of the password", choices=_CHOICES, required=False, widget=forms.RadioSelect
    )
    bundle_text = forms.CharField(
        label="CA certificates (PEM)",
        help_text="Only for a registry whose certificate is not publicly trusted. Then nothing else is trusted.",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": "6", "spellcheck": "false", "autocomplete": "off"}),
    )
    bundle_file = forms.FileField(label="…or a file", required=False, allow_empty_file=True)
    expires_on = forms.DateField(
        label="The credential ends on",
        help_text="Optional. The overview warns 14 days before.",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    nonce = forms.RegexField(r"\A[A-Za-z0-9_-]{16,64}\Z", widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        """Hide the question about blanks until it has to be asked."""
        super().__init__(*args, **kwargs)
        self.asks_about_blanks = False

    def clean(self) -> dict[str, Any]:
        """Forget a private key that was pasted as a certificate, so that the page does not show it again."""
        if certificates.holds_private_key(self.data.get("bundle_text", "").encode("utf-8", "replace")):
            self.data = {**self.data, "bundle_text": ""}
        return super().clean() or {}

    def catch(self, trap: Trap | None) -> None:
        """Put a trap beside its field."""
        if trap and trap.field in self.fields:
            self.add_error(trap.field, trap.message + (f" Did you mean {trap.suggestion}?" if trap.suggestion else ""))

    def _check_account(self, cleaned: dict[str, Any]) -> None:
        password = cleaned.get("password") or ""
        self.catch(traps.in_username(cleaned.get("username") or ""))
        self.asks_about_blanks = password != password.strip()
        self.catch(traps.in_password(password, choice=cleaned.get("password_blanks") or ""))
        if cleaned.get("password_blanks") == "remove":
            cleaned["password"] = password.strip()

    def _read_bundle(self, cleaned: dict[str, Any]) -> bytes:
        """Return re-serialised PEM, or nothing where none was given; problems go beside the field."""
        typed, file = cleaned.get("bundle_text") or "", cleaned.get("bundle_file")
        if typed.strip() and file:
            self.add_error("bundle_text", "There is both text and a file. Give one of them.")
            return b""
        field, raw = ("bundle_file", file.read()) if file else ("bundle_text", typed.encode("utf-8", "replace"))
        if not file and not raw.strip():
            return b""
        bundle = certificates.read_new_bundle(raw, datetime.now(UTC))
        for problem in bundle.problems:
            self.add_error(field, f"{problem.message} {problem.fix}")
        return bundle.pem

    def expiry(self) -> str:
        """Return the stated end of the credential in ISO form, or an empty text."""
        stated: date | None = self.cleaned_data.get("expires_on")
        return stated.isoformat() if stated else ""


class NewForm(_Fields):
    """A new destination."""

    name = _text("Name", "What people type: epinio app export --registry NAME")
    host = _text("Registry host", "HOST or HOST:PORT, such as registry.example.com", inputmode="url")
    organization = _text("Organization", "The path below the host: team, or platform/team", limit=255)
    description = _text("Description", "Optional, for people.", required=False, limit=500)
    field_order = ("name", "host", "organization", "username", "password", "password_blanks", "bundle_text", "bundle_file",
                   "expires_on", "description", "nonce")  # fmt: skip
    judgement: Judgement | None = None

    def clean(self) -> dict[str, Any]:
        """Run every trap."""
        cleaned = super().clean()
        if cleaned.get("name"):
            self.catch(traps.in_name(cleaned["name"]))
        self._check_target(cleaned)
        self._check_account(cleaned)
        if not cleaned.get("password") and "password" not in self.errors:
            self.add_error("password", "Type the password or token.")
        cleaned["bundle"] = self._read_bundle(cleaned)
        return cleaned

    def _check_target(self, cleaned: dict[str, Any]) -> None:
        host, organization = cleaned.get("host") or "", cleaned.get("organization") or ""
        if not host:
            return
        trap = traps.in_host(host) or (traps.in_organization(organization) if organization else None)
        if trap:
            self.catch(trap)
        elif organization:
            trap, self.judgement = traps.in_target(
                host, organization, now=datetime.now(UTC), version=current.epinio_version()
            )
            self.catch(trap)

    def draft(self) -> Draft:
        """Return the destination of a valid form."""
        typed = self.cleaned_data
        return Draft(
            name=typed["name"],
            host=typed["host"],
            organization=typed["organization"],
            credentials=Credentials(typed["username"], typed["password"]),
            bundle=typed["bundle"],
            description=typed["description"],
            expires_on=self.expiry(),
        )


class RotateForm(_Fields):
    """New credentials, and a new bundle if wanted."""

    bundle_choice = forms.ChoiceField(
        label="CA certificates",
        choices=[("keep", "Keep as they are"), ("replace", "Replace by these"), ("remove", "Remove: trust public CAs")],
        initial="keep",
        widget=forms.RadioSelect,
    )
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)
    field_order = ("username", "password", "password_blanks", "bundle_choice", "bundle_text", "bundle_file", "expires_on",
                   "nonce", "uid", "resource_version")  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Run every trap; a blank password keeps the stored one, and only while the bundle stays."""
        cleaned = super().clean()
        self._check_account(cleaned)
        choice = cleaned.get("bundle_choice")
        given = self._read_bundle(cleaned)
        if choice == "replace" and not given and not {"bundle_text", "bundle_file"} & set(self.errors):
            self.add_error("bundle_text", "Paste the new certificates, or choose a file.")
        if choice != "replace" and given:
            self.add_error("bundle_choice", "There are new certificates below: choose to replace the old ones.")
        if choice != "keep" and not cleaned.get("password") and "password" not in self.errors:
            self.add_error(
                "password", "Type the password again: it is kept only while the certificates stay as they are."
            )
        cleaned["bundle"] = {"keep": None, "remove": b"", "replace": given}.get(choice or "keep")
        return cleaned


class DeleteForm(forms.Form):
    """The name once more."""

    confirmation = _text("Type the name of the destination", required=True)
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)
