"""The forms of a leak: what to search for, and new credentials for several destinations."""

from __future__ import annotations

from typing import Any

from django import forms

from destinations.web.forms.credentials import AccountForm
from destinations.web.forms.fields import KnownChoiceField, nonce_field
from destinations.web.forms.teams import ChosenField


class LeakForm(forms.Form):
    """A pasted text or a file; the text never comes back to the page."""

    value = forms.CharField(
        label="What leaked",
        help_text=(
            "A token, password, or user name; a config.json of docker login or a pull secret; a private key in PEM; "
            "or the line of a log that contains it."
        ),
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": "4", "spellcheck": "false", "autocomplete": "off", "autocapitalize": "none"}
        ),
    )
    value_file = forms.FileField(label="…or a file that contains it", required=False, allow_empty_file=True)


class ResponseForm(forms.Form):
    """What to do with the chosen destinations, each in the state that was seen."""

    action = KnownChoiceField(choices=[("disable", "Disable"), ("enable", "Enable")])
    chosen = ChosenField(required=False)
    confirmed = forms.BooleanField(required=False)
    anyway = forms.BooleanField(required=False)
    nonce = nonce_field()


class NewAccountForm(AccountForm):
    """One new user name and password for all chosen destinations; certificates stay as they are."""

    chosen = ChosenField(required=False)
    confirmed = forms.BooleanField(
        label="Exports to the selected destinations stop until they are enabled again", required=False
    )
    anyway = forms.BooleanField(
        label="Rotate although a check failed, and enable although it failed or is inconclusive", required=False
    )
    field_order = (
        "username", "password", "password_file", "password_blanks", "credentials_confirmed", "expires_on",
        "expires_confirmed", "chosen", "confirmed", "anyway",
        "nonce",
    )  # fmt: skip

    def __init__(self, *args: Any, host: str = "", **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        """Keep the host of the chosen destinations, empty where they have several: a robot's name depends on it."""
        super().__init__(*args, **kwargs)
        del self.fields["bundle_text"], self.fields["bundle_file"]
        self._host = host

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.check_account(cleaned, host=self._host)
        self.check_expiry(cleaned)
        if not cleaned.get("password") and not {"password", "password_file"} & set(self.errors):
            self.add_error("password", "Type the new password or token.")
        return cleaned
