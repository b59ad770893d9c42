"""The form of an edit."""

from __future__ import annotations

from typing import Any

from django import forms

from destinations import actions, names
from destinations.model import Secret
from destinations.secret import docker_config
from destinations.web.forms.fields import bundle_choice_field, text_field
from destinations.web.forms.target import TargetForm


class EditForm(TargetForm):
    """A destination changed: what the stored password may not follow asks for it again."""

    username = text_field("User name", "Needed with a password.", required=False, limit=1024)
    bundle_choice = bundle_choice_field()
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)
    field_order = (
        "host", "organization", "description", "expires_on", "bundle_choice", "bundle_text", "bundle_file",
        "username", "password", "password_file", "password_blanks", "credentials_confirmed", "nonce", "uid", "resource_version",
    )  # fmt: skip

    def __init__(self, *args: Any, stored: Secret | None = None, **kwargs: Any) -> None:  # noqa: ANN401 - Django's
        """Keep the destination as it is stored, to compare with."""
        super().__init__(*args, **kwargs)
        self._stored = stored or Secret(name="")

    def clean(self) -> dict[str, Any]:
        """Run the traps on what changes, and ask for the password where the stored one may not be kept."""
        cleaned = super().clean()
        if self._has_new_target(cleaned):
            self.check_target(cleaned)
        self.check_account(cleaned, host=cleaned.get("host") or "")
        given = self.read_bundle(cleaned)
        cleaned["bundle"] = self.chosen_bundle(cleaned, given)
        host = cleaned.get("host") or ""
        password_needed = actions.needs_password(self._stored, host=host, bundle=cleaned["bundle"])
        if host and password_needed and not cleaned.get("password") and "password" not in self.errors:
            self.add_error(
                "password", "Type the password again: it is kept only while host and certificates stay as they are."
            )
        if cleaned.get("password") and not cleaned.get("username"):
            self.add_error("username", "Type the user name that belongs to the password.")
        return cleaned

    def _has_new_target(self, cleaned: dict[str, Any]) -> bool:
        stated = self._stored.annotations.get(names.ORGANIZATION_ANNOTATION)
        return (cleaned.get("host"), cleaned.get("organization")) != (docker_config.host_key(self._stored), stated)
