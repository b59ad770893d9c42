"""The form of a rotation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms

from destinations.verdict import tokens
from destinations.web.forms.account import AccountForm
from destinations.web.forms.fields import bundle_choice_field


class RotateForm(AccountForm):
    """New credentials, and a new bundle if wanted."""

    bundle_choice = bundle_choice_field()
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)
    field_order = (
        "username", "password", "password_file", "password_blanks", "credentials_confirmed", "bundle_choice", "bundle_text",
        "bundle_file", "expires_on", "nonce", "uid", "resource_version",
    )  # fmt: skip

    def __init__(self, *args: Any, host_of: Callable[[], str] = str, **kwargs: Any) -> None:  # noqa: ANN401 - Django's
        """Keep how to find the registry's host, which is needed only where a user name may be a robot's."""
        super().__init__(*args, **kwargs)
        self._host_of = host_of

    def clean(self) -> dict[str, Any]:
        """Run every trap; a blank password keeps the stored one, and only while the bundle stays."""
        cleaned = super().clean()
        robot = tokens.may_be_robot(cleaned.get("username") or "")
        self.check_account(cleaned, host=self._host_of() if robot else "")
        given = self.read_bundle(cleaned)
        cleaned["bundle"] = self.chosen_bundle(cleaned, given)
        choice = cleaned.get("bundle_choice")
        if choice != "keep" and not cleaned.get("password") and "password" not in self.errors:
            self.add_error(
                "password", "Type the password again: it is kept only while the certificates stay as they are."
            )
        return cleaned
