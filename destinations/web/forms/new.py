"""The form of a new destination."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from destinations.access import Authority
from destinations.cluster.limits import is_dns_label
from destinations.input import validation
from destinations.model import Credentials, Draft
from destinations.web.forms.fields import text_field
from destinations.web.forms.imports import ImportForm


class NewForm(ImportForm):
    """A new destination."""

    name = text_field("Name", "What people type: epinio app export --registry NAME")
    team = text_field(
        "Team", "An Epinio namespace whose people may change it; empty for a shared one.", required=False, limit=63
    )
    field_order = (
        "team", "name", "import_text", "import_file", "import_host", "host", "organization", "username", "password",
        "password_file", "password_blanks", "credentials_confirmed", "bundle_text", "bundle_file", "expires_on", "description",
        "nonce",
    )  # fmt: skip

    def __init__(self, *args: Any, authority: Authority | None = None, **kwargs: Any) -> None:  # noqa: ANN401 - Django's
        """Offer the teams that whoever asks may add for; an administrator may add a shared one, too."""
        super().__init__(*args, **kwargs)
        self._authority = authority
        self.is_managers = authority is not None and not authority.person.is_administrator
        if authority and self.is_managers:
            managed = [(team.name, f"Epinio namespace {team.name}") for team in authority.teams() if team.may_manage]
            hint = "The name then begins with the team's: TEAM-NAME."
            self.fields["team"] = forms.ChoiceField(label="Team", choices=managed, help_text=hint)
            self.order_fields(self.field_order)

    def clean_team(self) -> str:
        """Check that it can be a team at all; what cannot does not come back, since it may be a password."""
        team = str(self.cleaned_data.get("team") or "")
        if team and not is_dns_label(team):
            self.forget("team", "")
            raise ValidationError("That is no name of a namespace.")
        return team

    def clean_name(self) -> str:
        """Put the team's name in front where a team's manager adds; refuse what would pass for another team's."""
        name, team = str(self.cleaned_data["name"]), str(self.cleaned_data.get("team") or "")
        if self._authority is None or not self.is_managers or not team:
            return name
        name = name if name.startswith(f"{team}-") else f"{team}-{name}"
        if other := self._authority.other_prefix(name, team):
            raise ValidationError(
                f"Names that begin with {other}- are for the destinations of the namespace {other}. Choose another name."
            )
        return name

    def clean(self) -> dict[str, Any]:
        """Run every trap."""
        cleaned = super().clean()
        if cleaned.get("name"):
            self.catch(validation.in_name(cleaned["name"]))
        self.check_target(cleaned)
        self.check_account(cleaned, host=cleaned.get("host") or "")
        if not cleaned.get("password") and "password" not in self.errors and not self.has_import:
            self.add_error("password", "Type the password or token.")
        cleaned["bundle"] = self.read_bundle(cleaned)
        return cleaned

    def draft(self, team_uid: str = "") -> Draft:
        """Return the destination of a valid form; `team_uid` is that of its team's namespace."""
        typed = self.cleaned_data
        return Draft(
            name=typed["name"],
            host=typed["host"],
            organization=typed["organization"],
            credentials=Credentials(typed["username"], typed["password"]),
            bundle=typed["bundle"],
            description=typed["description"],
            expires_on=self.expiry(),
            team=typed.get("team") or "",
            team_uid=team_uid,
        )
