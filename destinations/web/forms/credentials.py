"""CA certificates in a form: pasted or as a file, read by Go's rules before anything is saved."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.http import QueryDict

from destinations.input import validation
from destinations.input.validation import FieldProblem
from destinations.verdict import certificates
from destinations.verdict.certificates import Bundle, CertificateSummary, Health
from destinations.web.forms.fields import KnownChoiceField, arrived_whole, nonce_field, text_field


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
    bundle_seen: tuple[tuple[CertificateSummary, Health], ...] = ()

    def look(self, raw: bytes) -> Bundle:
        """Return what is in a bundle, and keep it for the page."""
        now = datetime.now(UTC)
        self.bundle = certificates.read_new_bundle(raw, now)
        self.bundle_seen = tuple((one, one.health(now)) for one in self.bundle.certificates)
        return self.bundle

    def clean(self) -> dict[str, Any]:
        """Forget a private key that was pasted as a certificate, and what is too long to be looked through for one."""
        if certificates.holds_private_key(self.data.get("bundle_text", "").encode("utf-8", "replace")):
            self.redisplay_as("bundle_text", "")
        return super().clean() or {}

    def redisplay_as(self, name: str, shown: str) -> None:
        """Have the page show something else than what was typed."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[name] = shown
        self.data = data

    @cached_property
    def suggestions(self) -> dict[str, str]:
        """What a field probably should have been, by its name: the page offers a button for each."""
        return {}

    def add_problem(self, trap: FieldProblem | None) -> None:
        if trap and trap.field in self.fields:
            if trap.suggestion:
                self.suggestions[trap.field] = trap.suggestion
            self.add_error(trap.field, trap.message + (f" Did you mean {trap.suggestion}?" if trap.suggestion else ""))

    def read_bundle(self, cleaned: dict[str, Any]) -> bytes:
        """Return re-serialized PEM, or nothing where none was given; problems go beside the field."""
        typed, file = cleaned.get("bundle_text") or "", cleaned.get("bundle_file")
        if typed.strip() and file:
            self.add_error("bundle_text", "You gave both text and a file. Give only one of them.")
            return b""
        if len(self.files.getlist("bundle_file")) > 1:
            self.add_error("bundle_file", "You chose several files. Put all certificates into one file.")
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
            self.redisplay_as(
                "bundle_text", bundle.pem.decode()
            )  # where the page comes back, no file has to be chosen again
        return bundle.pem

    def chosen_bundle(self, cleaned: dict[str, Any], given: bytes) -> bytes | None:
        """Return the new bundle, b"" to remove the old one, or None to keep it."""
        choice = cleaned.get("bundle_choice") or "keep"
        if choice == "replace" and not given and not {"bundle_text", "bundle_file"} & set(self.errors):
            self.add_error("bundle_text", "Paste the new certificates, or choose a file.")
        if choice == "keep" and given:
            said = "You gave new certificates, so “Replace with these” is selected now. Save again to use them."
            self.add_error("bundle_choice", said)
            self.redisplay_as("bundle_choice", "replace")
            return given
        if choice == "remove" and given:
            self.add_error("bundle_choice", "You gave new certificates below. Select “Replace with these” to use them.")
        return {"keep": None, "remove": b"", "replace": given}[choice]


_CHOICES = [("keep", "Keep them: they are part of the password"), ("remove", "Remove them")]
MAX_PASSWORD = 64 * 1024
_MAX_DAY = 100


class DayField(forms.DateField):
    """A day in one of Django's spellings; a long text is not tried in each of them."""

    def to_python(self, value: Any) -> date | None:  # noqa: ANN401 - Django's signature
        """Return the day, None for an empty text. Raises ValidationError."""
        if isinstance(value, str) and len(value) > _MAX_DAY:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        found: date | None = super().to_python(value)
        return found


class AccountForm(BundleForm):
    username = text_field("User name", "An account with push permission, such as a robot account.", limit=1024)
    password = forms.CharField(
        label="Password or token",
        help_text="It is never shown again.",
        required=False,
        validators=[MaxLengthValidator(MAX_PASSWORD), arrived_whole],  # `max_length` would let browsers cut it
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_file = forms.FileField(
        label="…or a file that contains it",
        help_text="For a key of several lines, such as a service account's JSON: a password field drops line breaks.",
        required=False,
        allow_empty_file=True,
    )
    password_blanks = KnownChoiceField(
        label="Leading or trailing spaces in the password", choices=_CHOICES, required=False, widget=forms.RadioSelect
    )
    credentials_confirmed = forms.BooleanField(label="The user name and password are correct", required=False)
    expires_on = DayField(
        label="Expires on",
        help_text="Optional. The overview warns 14 days before.",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    expires_confirmed = forms.BooleanField(label="The date in the past is right", required=False)
    nonce = nonce_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        """Hide the questions about spaces and about odd texts until they have to be asked."""
        super().__init__(*args, **kwargs)
        self.asks_about_blanks = False
        self.asks_about_oddities = False
        self.asks_about_expiry = False

    def check_account(self, cleaned: dict[str, Any], *, host: str, stored_username: str = "") -> None:
        """Run the traps of user name and password, and put the password that counts into `cleaned`.

        A user name is asked about with any password or none, but for the stored one, which stays as it is.
        """
        password = cleaned["password"] = self._read_password(cleaned)
        self.add_problem(validation.check_username(cleaned.get("username") or ""))
        self.asks_about_blanks = password != password.strip()
        self.add_problem(validation.check_password(password, choice=cleaned.get("password_blanks") or ""))
        if cleaned.get("password_blanks") == "remove":
            cleaned["password"] = password.strip()
        username = cleaned.get("username") or ""
        if self.has_password() or username != stored_username:
            self._ask_about_oddities(username, password, host, cleaned)

    def has_password(self) -> bool:
        """Return whether a password was given, be it one that cannot be used."""
        return bool(self.data.get("password") or self.files.get("password_file"))

    def _ask_about_oddities(self, username: str, password: str, host: str, cleaned: dict[str, Any]) -> None:
        odd = list(validation.check_credentials(username, password, host, now=datetime.now(UTC)))
        self.asks_about_oddities = bool(odd)
        for trap in odd:
            if not cleaned.get("credentials_confirmed"):
                self.add_problem(trap)

    def _read_password(self, cleaned: dict[str, Any]) -> str:
        """Return what was typed, or the content of the file byte for byte."""
        typed, file = cleaned.get("password") or "", cleaned.get("password_file")
        if not file:
            return typed
        if typed:
            self.add_error("password", "You typed a password and chose a file. Give only one of them.")
        elif file.size > MAX_PASSWORD:
            self.add_error(
                "password_file", f"The file is larger than {MAX_PASSWORD // 1024} KiB. Check that it is the key."
            )
        else:
            try:
                return str(file.read().decode())
            except UnicodeDecodeError:
                self.add_error("password_file", "The file is not valid UTF-8 text. Check that it is the key.")
        return typed

    def check_expiry(self, cleaned: dict[str, Any], *, unchanged: bool = False) -> None:
        """Ask whether a date in the past is right; one that is stored already is left alone."""
        stated: date | None = cleaned.get("expires_on")
        self.asks_about_expiry = bool(validation.check_expiry(stated, datetime.now(UTC))) and not unchanged
        if self.asks_about_expiry and not cleaned.get("expires_confirmed"):
            self.add_problem(validation.check_expiry(stated, datetime.now(UTC)))

    def expiry(self) -> str:
        """Return the stated end of the credential in ISO form, or an empty text."""
        stated: date | None = self.cleaned_data.get("expires_on")
        return stated.isoformat() if stated else ""
