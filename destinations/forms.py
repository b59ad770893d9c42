"""The forms: what was typed, checked by the traps; a password never goes back to the page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property

from destinations import actions, certificates, current, docker_config, names, traps
from destinations.actions import Seen
from destinations.cluster.limits import is_dns_label, is_name
from destinations.masking import MASK
from destinations.model import Credentials, Draft, Secret
from destinations.repairs import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from destinations.model import Judgement
    from destinations.repairs import Fix
    from destinations.teams import Authority
    from destinations.traps import Trap

_OFF = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_CHOICES = [("keep", "Keep the blanks: they belong to it"), ("remove", "Remove them")]
_MAX_PASSWORD = 64 * 1024
MAX_TEAM = 63


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


def _nonce() -> forms.RegexField:
    return forms.RegexField(r"\A[A-Za-z0-9_-]{16,64}\Z", widget=forms.HiddenInput)


def _bundle_choice() -> forms.ChoiceField:
    return forms.ChoiceField(
        label="CA certificates",
        choices=[("keep", "Keep as they are"), ("replace", "Replace by these"), ("remove", "Remove: trust public CAs")],
        initial="keep",
        widget=forms.RadioSelect,
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
    password_file = forms.FileField(
        label="…or a file with it",
        help_text="For a key of several lines, such as a service account's JSON: a password field drops line ends.",
        required=False,
        allow_empty_file=True,
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
    nonce = _nonce()

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        """Hide the question about blanks until it has to be asked."""
        super().__init__(*args, **kwargs)
        self.asks_about_blanks = False

    def clean(self) -> dict[str, Any]:
        """Forget a private key that was pasted as a certificate, so that the page does not show it again."""
        if certificates.holds_private_key(self.data.get("bundle_text", "").encode("utf-8", "replace")):
            self._forget("bundle_text", "")
        return super().clean() or {}

    def _forget(self, name: str, shown: str) -> None:
        """Have the page show something else than what was typed."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[name] = shown
        self.data = data

    def catch(self, trap: Trap | None) -> None:
        """Put a trap beside its field."""
        if trap and trap.field in self.fields:
            self.add_error(trap.field, trap.message + (f" Did you mean {trap.suggestion}?" if trap.suggestion else ""))

    def _check_account(self, cleaned: dict[str, Any]) -> None:
        password = cleaned["password"] = self._read_password(cleaned)
        self.catch(traps.in_username(cleaned.get("username") or ""))
        self.asks_about_blanks = password != password.strip()
        self.catch(traps.in_password(password, choice=cleaned.get("password_blanks") or ""))
        if cleaned.get("password_blanks") == "remove":
            cleaned["password"] = password.strip()

    def _read_password(self, cleaned: dict[str, Any]) -> str:
        """Return what was typed, or the content of the file byte for byte."""
        typed, file = cleaned.get("password") or "", cleaned.get("password_file")
        if not file:
            return typed
        if typed:
            self.add_error("password", "There is both a typed password and a file. Give one of them.")
        elif file.size > _MAX_PASSWORD:
            self.add_error("password_file", f"The file is larger than {_MAX_PASSWORD // 1024} KiB. Is it the key?")
        else:
            try:
                return str(file.read().decode())
            except UnicodeDecodeError:
                self.add_error("password_file", "The file is no text in UTF-8. Is it the key?")
        return typed

    def _read_bundle(self, cleaned: dict[str, Any]) -> bytes:
        """Return re-serialised PEM, or nothing where none was given; problems go beside the field."""
        typed, file = cleaned.get("bundle_text") or "", cleaned.get("bundle_file")
        if typed.strip() and file:
            self.add_error("bundle_text", "There is both text and a file. Give one of them.")
            return b""
        if len(self.files.getlist("bundle_file") if isinstance(self.files, MultiValueDict) else ()) > 1:
            self.add_error("bundle_file", "There is more than one file. Put all certificates into one.")
            return b""
        field, raw = ("bundle_file", file.read()) if file else ("bundle_text", typed.encode("utf-8", "replace"))
        if not file and not raw.strip():
            return b""
        bundle = certificates.read_new_bundle(raw, datetime.now(UTC))
        for problem in bundle.problems:
            self.add_error(field, f"{problem.message} {problem.fix}")
        return bundle.pem

    def _chosen_bundle(self, cleaned: dict[str, Any], given: bytes) -> bytes | None:
        """Return the new bundle, b"" to remove the old one, or None to keep it."""
        choice = cleaned.get("bundle_choice") or "keep"
        if choice == "replace" and not given and not {"bundle_text", "bundle_file"} & set(self.errors):
            self.add_error("bundle_text", "Paste the new certificates, or choose a file.")
        if choice != "replace" and given:
            self.add_error("bundle_choice", "There are new certificates below: choose to replace the old ones.")
        return {"keep": None, "remove": b"", "replace": given}[choice]

    def expiry(self) -> str:
        """Return the stated end of the credential in ISO form, or an empty text."""
        stated: date | None = self.cleaned_data.get("expires_on")
        return stated.isoformat() if stated else ""


class _TargetFields(_Fields):
    """What adding and editing have in common."""

    host = _text("Registry host", "HOST or HOST:PORT, such as registry.example.com", inputmode="url")
    organization = _text("Organization", "The path below the host: team, or platform/team", limit=255)
    description = _text("Description", "Optional, for people.", required=False, limit=500)
    judgement: Judgement | None = None

    def clean(self) -> dict[str, Any]:
        """Forget a password that was typed into the host, so that the page does not show it again."""
        cleaned = super().clean()
        if "@" in self.data.get("host", ""):
            self._forget("host", f"{MASK}@{self.data['host'].rpartition('@')[2]}")
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


class NewForm(_TargetFields):
    """A new destination."""

    name = _text("Name", "What people type: epinio app export --registry NAME")
    team = _text(
        "Team", "An Epinio namespace whose people may change it; empty for a shared one.", required=False, limit=63
    )
    field_order = (
        "team", "name", "host", "organization", "username", "password", "password_file", "password_blanks",
        "bundle_text", "bundle_file", "expires_on", "description", "nonce",
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
            self._forget("team", "")
            raise ValidationError("That is no name of a namespace.")
        return team

    def clean_name(self) -> str:
        """Put the team's name in front where a team's manager adds."""
        name, team = str(self.cleaned_data["name"]), str(self.cleaned_data.get("team") or "")
        return name if not self.is_managers or not team or name.startswith(f"{team}-") else f"{team}-{name}"

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


class RotateForm(_Fields):
    """New credentials, and a new bundle if wanted."""

    bundle_choice = _bundle_choice()
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)
    field_order = (
        "username", "password", "password_file", "password_blanks", "bundle_choice", "bundle_text",
        "bundle_file", "expires_on", "nonce", "uid", "resource_version",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Run every trap; a blank password keeps the stored one, and only while the bundle stays."""
        cleaned = super().clean()
        self._check_account(cleaned)
        given = self._read_bundle(cleaned)
        cleaned["bundle"] = self._chosen_bundle(cleaned, given)
        choice = cleaned.get("bundle_choice")
        if choice != "keep" and not cleaned.get("password") and "password" not in self.errors:
            self.add_error(
                "password", "Type the password again: it is kept only while the certificates stay as they are."
            )
        return cleaned


class DeleteForm(forms.Form):
    """The name once more."""

    confirmation = _text("Type the name of the destination", required=True)
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)


class EditForm(_TargetFields):
    """A destination changed: what the stored password may not follow asks for it again."""

    username = _text("User name", "Needed with a password.", required=False, limit=1024)
    bundle_choice = _bundle_choice()
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)
    field_order = (
        "host", "organization", "description", "expires_on", "bundle_choice", "bundle_text", "bundle_file",
        "username", "password", "password_file", "password_blanks", "nonce", "uid", "resource_version",
    )  # fmt: skip

    def __init__(self, *args: Any, stored: Secret | None = None, **kwargs: Any) -> None:  # noqa: ANN401 - Django's
        """Keep the destination as it is stored, to compare with."""
        super().__init__(*args, **kwargs)
        self._stored = stored or Secret(name="")

    def clean(self) -> dict[str, Any]:
        """Run the traps on what changes, and ask for the password where the stored one may not be kept."""
        cleaned = super().clean()
        if self._has_new_target(cleaned):
            self._check_target(cleaned)
        self._check_account(cleaned)
        given = self._read_bundle(cleaned)
        cleaned["bundle"] = self._chosen_bundle(cleaned, given)
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


def _organization_trap(organization: str) -> Trap | None:
    """Say what is wrong with an organization, as it would be below a sound host."""
    return (
        traps.in_organization(organization)
        or traps.in_target(
            "registry.example.com", organization, now=datetime.now(UTC), version=current.epinio_version()
        )[0]
    )


class RepairForm(forms.Form):
    """Which of the proposed fixes to apply: a box for each, a choice where there are several ways."""

    nonce = _nonce()
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, groups: Sequence[tuple[Fix, ...]], **kwargs: Any) -> None:  # noqa: ANN401 - Django's
        """Make the fields from the proposals."""
        super().__init__(*args, **kwargs)
        self.fix_names: list[str] = []
        for group in groups:
            self._offer(
                f"fix-{group[0].code}", group
            )  # by code: what is proposed may have changed since the page was made

    def _offer(self, name: str, group: tuple[Fix, ...]) -> None:
        first = group[0]
        if first.asks:
            name = first.asks
            self.fields[name] = _text("Organization", first.title, required=False, limit=255)
        elif len(group) == 1:
            self.fields[name] = forms.BooleanField(label=first.title, required=False, initial=True)
        else:
            choices = [*((fix.code, fix.title) for fix in group), ("", "Leave it as it is.")]
            self.fields[name] = forms.ChoiceField(
                label="Choose one", choices=choices, required=False, initial="", widget=forms.RadioSelect
            )
        self._codes[name] = first.code
        self.fix_names.append(name)

    @cached_property
    def _codes(self) -> dict[str, str]:
        return {}

    @property
    def fixes(self) -> list[forms.BoundField]:
        """The fields of the fixes, in order."""
        return [self[name] for name in self.fix_names]

    def clean(self) -> dict[str, Any]:
        """Check the organization that was typed."""
        cleaned: dict[str, Any] = super().clean() or {}
        typed = cleaned.get("organization") or ""
        trap = _organization_trap(typed) if typed else None
        if trap:
            self.add_error(
                "organization", f"{trap.message} {f'Did you mean {trap.suggestion}?' * bool(trap.suggestion)}"
            )
        return cleaned

    def choice(self) -> Choice:
        """Return what was chosen; of a form that is not valid, what it proposes."""
        values = {name: self.fields[name].initial for name in self.fix_names}
        if self.is_bound and self.is_valid():
            values = {name: self.cleaned_data.get(name) for name in self.fix_names}
        codes = {value if isinstance(value, str) and name != "organization" else self._codes[name]
                 for name, value in values.items() if value}  # fmt: skip
        return Choice(frozenset(codes), organization=str(values.get("organization") or ""))


class _ChosenField(forms.Field):
    """Destinations as the overview's boxes name them: `NAME UID RESOURCEVERSION`, several."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: list[str] | None) -> list[tuple[str, Seen]]:
        """Return names with the state that was seen. Raises ValidationError."""
        found = []
        for text in value or []:
            name, _, state = text.partition(" ")
            uid, _, version = state.partition(" ")
            if not (is_name(name) and uid and version):
                raise forms.ValidationError("That is no destination.")
            found.append((name, Seen(uid, version)))
        return found


class _TeamField(forms.Form):
    """A namespace; what cannot be one does not come back, since it may be a password that slipped in."""

    def clean_team(self) -> str:
        """Check that it can be a namespace."""
        team = str(self.cleaned_data.get("team") or "")
        if team and not is_dns_label(team):
            self.data = {key: "" if key == "team" else self.data.get(key) for key in self.data}
            raise ValidationError("That is no name of a namespace.")
        return team


class AssignForm(_TeamField):
    """The team of a destination."""

    team = _text("Team", "The Epinio namespace; empty for a shared destination.", required=False, limit=MAX_TEAM)
    nonce = _nonce()
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)


class TeamForm(_TeamField):
    """A namespace for which self-service is switched."""

    team = _text("Epinio namespace", "Whoever may export from it in Epinio manages its destinations.", limit=MAX_TEAM)
    to = forms.ChoiceField(choices=[("on", "Enable"), ("off", "Disable")])
    confirmed = forms.BooleanField(
        label="I have looked: the namespace exists, and it belongs to the people who should manage its destinations.",
        required=False,
    )


class SwitchForm(forms.Form):
    """Destinations to disable or enable."""

    to = forms.ChoiceField(choices=[("on", "Enable"), ("off", "Disable")])
    chosen = _ChosenField()
    nonce = _nonce()
