"""The fields that several forms have in common."""

from __future__ import annotations

from typing import Protocol

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator

from destinations.model import Snapshot

NO_NAMESPACE = "This is not a valid namespace name. Use lowercase letters, digits, and hyphens, and type it again."
_OFF = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class RuleSource(Protocol):
    """Where a form finds the rules to judge by, once it needs them: see `destinations.portal.Reads`."""

    @property
    def rules(self) -> Snapshot:
        """The rules and the time."""


def arrived_whole(text: str) -> None:
    """Raise ValidationError for a text that lost a character on the way."""
    if "\ufffd" in text:
        raise ValidationError("The text is not valid UTF-8. Paste it as plain text.")


class KnownChoiceField(forms.ChoiceField):
    """A choice. What is none of them is not repeated on the page: it may be as long as a request."""

    default_error_messages = {"invalid_choice": "Select one of the choices."}  # noqa: RUF012 - Django's way


def text_field(label: str, hint: str = "", *, required: bool = True, limit: int = 253, **attrs: str) -> forms.CharField:
    """Return a field of one line, taken as it was typed; `attrs` go to the element."""
    return forms.CharField(
        label=label,
        help_text=hint,
        required=required,
        validators=[MaxLengthValidator(limit), arrived_whole],
        strip=False,
        widget=forms.TextInput(attrs=_OFF | attrs),
    )


def nonce_field() -> forms.RegexField:
    """Return the hidden field that makes a double submit one write."""
    return forms.RegexField(r"\A[A-Za-z0-9_-]{16,64}\Z", widget=forms.HiddenInput)


def bundle_choice_field() -> KnownChoiceField:
    return KnownChoiceField(
        label="CA certificates",
        choices=[
            ("keep", "Keep them"),
            ("replace", "Replace with these"),
            ("remove", "Remove them and trust public CAs"),
        ],
        initial="keep",
        widget=forms.RadioSelect,
    )
