"""The forms that act on what is there: destinations to be disabled or enabled, and one to be deleted."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError

from destinations.actions import Seen
from destinations.cluster.limits import MAX_LABEL, is_dns_label, is_name
from destinations.web.forms.fields import NO_NAMESPACE, KnownChoiceField, nonce_field, text_field

_MAX_STATE = 64


class ChosenField(forms.Field):
    """Destinations as the overview's boxes name them: `NAME UID RESOURCEVERSION`, several."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: list[str] | None) -> list[tuple[str, Seen]]:
        """Return names with the state that was seen. Raises ValidationError."""
        found = []
        for text in value or []:
            name, _, state = text.partition(" ")
            uid, _, version = state.partition(" ")
            if not (is_name(name) and 0 < len(uid) <= _MAX_STATE and 0 < len(version) <= _MAX_STATE):
                raise forms.ValidationError("This is not a destination.")
            found.append((name, Seen(uid, version)))
        return found


class SwitchForm(forms.Form):
    WITHOUT_UID = "-"
    """In place of the uid where a page knows the resourceVersion alone."""

    to = KnownChoiceField(choices=[("on", "Enable"), ("off", "Disable")])
    chosen = ChosenField()
    nonce = nonce_field()


class AppForm(forms.Form):
    """The application whose export a live check is about."""

    namespace = text_field("Namespace", maxlength="63")
    application = text_field("Application", maxlength="63")


class DeleteForm(forms.Form):
    confirmation = text_field("Type the name of the destination to confirm", required=True)
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)


class TeamField(forms.Form):
    """A namespace; what cannot be one does not come back, since it may be a password that slipped in."""

    def clean_team(self) -> str:
        team = str(self.cleaned_data.get("team") or "")
        if team and not is_dns_label(team):
            self.data = {key: "" if key == "team" else self.data.get(key) for key in self.data}
            raise ValidationError(NO_NAMESPACE)
        return team


class AssignForm(TeamField):
    team = text_field(
        "Team",
        "The Epinio namespace. Leave it empty for a shared destination.",
        required=False,
        limit=MAX_LABEL,
        list="known-namespaces",
    )
    nonce = nonce_field()
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)


class TeamForm(TeamField):
    """A namespace for which self-service is enabled or disabled."""

    team = text_field(
        "Epinio namespace",
        "People who may export from it in Epinio can then manage its destinations.",
        limit=MAX_LABEL,
        list="known-namespaces",
    )
    to = KnownChoiceField(choices=[("on", "Enable"), ("off", "Disable")])
    confirmed = forms.BooleanField(
        label=(
            "I checked that the namespace exists, and that it belongs to the people who should manage its destinations."
        ),
        required=False,
    )
