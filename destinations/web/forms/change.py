"""Where exports go: what adding and editing have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms

from destinations import actions, names
from destinations.actions import downloads
from destinations.actions.rotations import NO_PASSWORD, WITHOUT_PASSWORD
from destinations.input import validation
from destinations.model import Secret
from destinations.secret import docker_config
from destinations.secret.mask import MASK
from destinations.verdict import tokens
from destinations.web.forms.credentials import AccountForm
from destinations.web.forms.fields import RuleSource, bundle_choice_field, text_field


class TargetForm(AccountForm):
    """What adding and editing have in common; `rules` has those by which host and organization are judged."""

    host = text_field("Registry host", "HOST or HOST:PORT, such as registry.example.com", inputmode="url")
    organization = text_field("Organization", "The path below the host, such as team or platform/team", limit=255)
    description = text_field("Description", "Optional. Shown on the destination's page.", required=False, limit=500)

    def __init__(self, *args: Any, rules: RuleSource, **kwargs: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **kwargs)
        self._rules = rules

    def clean(self) -> dict[str, Any]:
        """Forget a password that was typed into the host, so that the page does not show it again."""
        cleaned = super().clean()
        if "@" in self.data.get("host", ""):
            self.redisplay_as("host", f"{MASK}@{self.data['host'].rpartition('@')[2]}")
        return cleaned

    def likely_host(self, cleaned: dict[str, Any]) -> str:
        """Return the host, for one with a problem what was probably meant; empty where nobody can tell."""
        return cleaned.get("host") or self.suggestions.get("host", "")

    @property
    def host_notes(self) -> tuple[str, ...]:
        """What is doubtful about the host of a valid form, and still may be meant."""
        doubt = validation.doubt_host(self.cleaned_data["host"])
        return (doubt.message,) if doubt else ()

    def check_target(self, cleaned: dict[str, Any]) -> None:
        """Run the traps of host and organization; one that is missing has been found already."""
        host, organization = cleaned.get("host") or "", cleaned.get("organization") or ""
        for problem in validation.target_problems(host, organization, self._rules.rules):
            self.add_problem(problem)


class EditForm(TargetForm):
    """A destination changed: what the stored password may not follow asks for it again."""

    username = text_field(
        "User name", "An account with push permission, such as a robot account.", required=False, limit=1024
    )
    bundle_choice = bundle_choice_field()
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)
    field_order = (
        "host", "organization", "username", "password", "password_file", "password_blanks", "credentials_confirmed",
        "bundle_choice", "bundle_text", "bundle_file", "expires_on", "description", "nonce", "uid", "resource_version",
    )  # fmt: skip

    def __init__(self, *args: Any, stored: Secret | None = None, seals: bool = False, **kwargs: Any) -> None:  # noqa: ANN401
        """Keep what is there; `seals` says that it is for a file, which never contains the stored password."""
        super().__init__(*args, **kwargs)
        self._stored = stored or Secret(name="")
        self._seals = seals

    def clean(self) -> dict[str, Any]:
        """Run the traps on what changes, and ask for the password where the stored one may not be kept."""
        cleaned = super().clean()
        if self._has_new_target(cleaned):
            self.check_target(cleaned)
        stored = docker_config.stored_credentials(self._stored)
        self.check_account(cleaned, host=self.likely_host(cleaned), stored_username=stored.username if stored else "")
        self.check_expiry(cleaned, unchanged=cleaned.get("expires_on") == tokens.stated_day(self._stored))
        given = self.read_bundle(cleaned)
        cleaned["bundle"] = bundle = self.chosen_bundle(cleaned, given)
        replaces = b"x" if cleaned.get("bundle_choice") == "replace" else bundle  # though what was given cannot be used
        # what is wrong with the host hides no missing password; an empty one says nothing of it
        host = self.likely_host(cleaned) or self.data.get("host") or docker_config.host_key(self._stored)
        needed = actions.needs_password(self._stored, host=host, bundle=replaces)
        if needed and not cleaned.get("password") and not {"password", "password_file"} & set(self.errors):
            self.add_error(
                "password",
                "Type the password again: the stored one is kept only if host and certificates stay the same.",
            )
        asks = needed or self._seals or self.has_password()
        if asks and not cleaned.get("username") and "username" not in self.errors:
            self.add_error("username", "Type the user name for this password.")
        if self._seals and not cleaned.get("password") and not {"password", "password_file"} & set(self.errors):
            self.add_error("password", downloads.NO_PASSWORD)
        return cleaned

    def _has_new_target(self, cleaned: dict[str, Any]) -> bool:
        stated = self._stored.annotations.get(names.ORGANIZATION_ANNOTATION)
        return (cleaned.get("host"), cleaned.get("organization")) != (docker_config.host_key(self._stored), stated)


class RotateForm(AccountForm):
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
        """Run every trap, and ask for the new password: without one nothing would be rotated."""
        cleaned = super().clean()
        robot = tokens.may_be_robot(cleaned.get("username") or "")
        self.check_account(cleaned, host=self._host_of() if robot else "")
        self.check_expiry(cleaned)
        given = self.read_bundle(cleaned)
        cleaned["bundle"] = self.chosen_bundle(cleaned, given)
        if not cleaned.get("password") and not {"password", "password_file"} & set(self.errors):
            self.add_error("password", f"{NO_PASSWORD} {WITHOUT_PASSWORD}")
        return cleaned
