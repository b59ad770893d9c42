"""The forms about teams: whose a destination is, and where self-service is on."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError

from destinations.cluster.limits import MAX_LABEL, is_dns_label
from destinations.web.forms.fields import nonce_field, text_field


class TeamField(forms.Form):
    """A namespace; what cannot be one does not come back, since it may be a password that slipped in."""

    def clean_team(self) -> str:
        """Check that it can be a namespace."""
        team = str(self.cleaned_data.get("team") or "")
        if team and not is_dns_label(team):
            self.data = {key: "" if key == "team" else self.data.get(key) for key in self.data}
            raise ValidationError("That is no name of a namespace.")
        return team


class AssignForm(TeamField):
    """The team of a destination."""

    team = text_field(
        "Team",
        "The Epinio namespace; empty for a shared destination.",
        required=False,
        limit=MAX_LABEL,
        list="known-teams",
    )
    nonce = nonce_field()
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)


class TeamForm(TeamField):
    """A namespace for which self-service is switched."""

    team = text_field(
        "Epinio namespace", "Whoever may export from it in Epinio manages its destinations.", limit=MAX_LABEL
    )
    to = forms.ChoiceField(choices=[("on", "Enable"), ("off", "Disable")])
    confirmed = forms.BooleanField(
        label="I have looked: the namespace exists, and it belongs to the people who should manage its destinations.",
        required=False,
    )
