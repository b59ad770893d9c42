"""An account that comes as a file instead of being typed; its password never goes to the page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from destinations.access import Authority
from destinations.cluster.limits import is_dns_label
from destinations.input import imports, validation
from destinations.input.imports import ImportedAccount, ImportResult
from destinations.model import Credentials, Draft, UserError
from destinations.web.forms.change import TargetForm
from destinations.web.forms.fields import NO_NAMESPACE, text_field

_MAX_CHOICES = 50
_SHOWN = ("host", "organization", "username", "expires_on")
_NEEDED = ("host", "organization", "username", "password")
_AGAIN = "Paste or choose the file again: the portal does not keep it."


class ImportForm(TargetForm):
    """What was not typed is taken from the import before the form is checked, so that it goes through every trap."""

    import_text = forms.CharField(
        label="Contents of the file",
        help_text=(
            "A config.json of docker login, a pull secret in YAML or JSON, or the file of a robot or service "
            "account. Paste or drop it here. The portal reads it once and does not show it again."
        ),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": "3", "spellcheck": "false", "autocomplete": "off"}),
    )
    import_file = forms.FileField(label="…or choose the file", required=False, allow_empty_file=True)
    import_host = text_field("Registry in the file", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        super().__init__(*args, **kwargs)
        self.import_notes: tuple[str, ...] = ()
        self.import_choices: tuple[ImportedAccount, ...] = ()
        self.import_found: ImportedAccount | None = None
        """Whose registry and user name the page shows; its password is empty where the file has none."""
        self._imported: ImportedAccount | None = None
        self.import_trouble = ""

    def full_clean(self) -> None:
        """Take what the import holds first; its text is forgotten in any case."""
        if self.is_bound:
            self.take_import()
        super().full_clean()

    def clean(self) -> dict[str, Any]:
        """Say what is wrong with the import, and leave out what then cannot be known."""
        cleaned = super().clean()
        if self.import_trouble:
            for name in {"host", "organization", "username"} & set(self.errors):
                if not self.data.get(name):
                    del self._errors[name]  # type: ignore[attr-defined]
            self.add_error("import_text", self.import_trouble)
        if self._imported:
            if cleaned.get("password") or cleaned.get("password_file"):
                self.add_error("password", "You typed a password and imported a file. Give only one of them.")
            cleaned["password"], cleaned["password_file"] = self._checked(self._imported.password), None
        return cleaned

    def _checked(self, password: str) -> str:
        """Return the password if it is one that could be typed."""
        try:
            self.fields["password"].run_validators(password)
        except ValidationError as error:
            self.add_error("import_text", error)
            return ""
        return password

    @property
    def has_import(self) -> bool:
        """Whether an import was given: then its password is missing wherever the form is shown again."""
        return bool(self.import_found or self.import_trouble)

    def show_import(self, given: ImportForm) -> None:
        """Fill this form, which is only looked at, with what another one was given as an import, but no password."""
        given.take_import()
        self.initial.update({name: given.data[name] for name in _SHOWN if given.data.get(name)})
        self.import_notes, self.import_choices = given.import_notes, given.import_choices
        self.import_found, self.import_trouble = given.import_found, given.import_trouble

    @property
    def import_missing(self) -> str:
        """Return what the file does not have and has to be typed, in words; empty for nothing."""
        found = self.import_found
        words = [str(self.fields[name].label).lower() for name in _NEEDED if found and not getattr(found, name)]
        return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))

    def take_import(self) -> None:
        """Read the import, fill in what was left empty, and keep what to say about it."""
        raw = self._given()
        if not raw:
            return
        try:
            self._choose(*imports.survey(raw))
        except UserError as error:
            self.import_trouble = f"{error.message} {error.fix}"

    def _given(self) -> bytes:
        typed, file = self.data.get("import_text") or "", self.files.get("import_file")
        if typed:
            self.redisplay_as("import_text", "")
        if typed.strip() and file:
            self.import_trouble = f"You gave both text and a file. Give only one of them. {_AGAIN}"
            return b""
        if file:
            return bytes(file.read(imports.MAX_BYTES + 1)) or b" "
        return typed.encode("utf-8", "replace") if typed.strip() else b""

    def _choose(self, found: ImportResult, why_none: str) -> None:
        wanted = (self.data.get("import_host") or self.data.get("host") or "").strip()
        complete = bool(found.accounts)
        account = imports.choose(found if complete else replace(found, accounts=found.incomplete), wanted)
        if not complete:
            self.import_trouble = f"{why_none} {imports.KINDS}"
            self._offer(found.incomplete if account is None else ())
            if account:
                self._fill(account)
            return
        self.import_notes = found.left_out
        if account is None:
            self._offer(found.accounts)
            why = (
                "The file has no credentials for this registry."
                if wanted
                else "The file has credentials for several registries."
            )
            self.import_trouble = f"{why} Choose one below. {_AGAIN}"
            return
        if len(found.accounts) > 1:
            self.import_notes += (f"Credentials of other registries were left out: {len(found.accounts) - 1}.",)
        self._imported = account
        self._fill(account)

    def _offer(self, accounts: tuple[ImportedAccount, ...]) -> None:
        self.import_choices = tuple({one.address: one for one in reversed(accounts)}.values())[::-1][:_MAX_CHOICES]

    def _fill(self, account: ImportedAccount) -> None:
        """Put into the form what was left empty there; the account's name is always the import's."""
        self.import_found = account
        stated = {"host": account.host, "organization": account.organization, "expires_on": account.expires_on}
        for name, value in stated.items():
            if value and not self.data.get(name):
                self.redisplay_as(name, value)
        if account.username:
            self.redisplay_as("username", account.username)
        if account.host and self.data.get("import_host"):
            self.redisplay_as("host", account.host)


class NewForm(ImportForm):
    name = text_field("Name", "The name in epinio app export --registry NAME")
    team = text_field(
        "Team",
        "The Epinio namespace whose people may manage it; empty for a shared one.",
        required=False,
        limit=63,
        list="known-namespaces",
    )
    field_order: tuple[str, ...] = (
        "team", "name", "import_text", "import_file", "import_host", "host", "organization", "username", "password",
        "password_file", "password_blanks", "credentials_confirmed", "bundle_text", "bundle_file", "expires_on", "description",
        "nonce",
    )  # fmt: skip

    def __init__(self, *args: Any, authority: Authority | None = None, **kwargs: Any) -> None:  # noqa: ANN401 - Django's
        """Offer the teams that the person who asks may add for; an administrator may add a shared one, too."""
        super().__init__(*args, **kwargs)
        self._authority = authority
        self.is_managers = authority is not None and not authority.person.is_administrator
        if authority and self.is_managers:
            managed = [(team.name, f"Epinio namespace {team.name}") for team in authority.teams() if team.may_manage]
            hint = "The name must begin with the team's name: TEAM-NAME."
            self.fields["team"] = forms.ChoiceField(label="Team", choices=managed, help_text=hint)
            self.order_fields(self.field_order)
        else:  # as on the page, so that what is wrong is listed in the order in which it is found
            self.order_fields([*(name for name in self.fields if name != "team"), "team"])

    def clean_team(self) -> str:
        """Check that it can be a team at all; what cannot does not come back, since it may be a password."""
        team = str(self.cleaned_data.get("team") or "")
        if team and not is_dns_label(team):
            self.redisplay_as("team", "")
            raise ValidationError(NO_NAMESPACE)
        return team

    def clean_name(self) -> str:
        """Put the team's name in front where a team's manager adds; refuse what would pass for another team's."""
        name, team = str(self.cleaned_data["name"]), str(self.cleaned_data.get("team") or "")
        if self._authority is None or not self.is_managers or not team:
            return name
        name = name if name.startswith(f"{team}-") else f"{team}-{name}"
        if other := self._authority.other_prefix(name, team):
            raise ValidationError(
                f"Names that begin with {other}- are reserved for the destinations of the namespace {other}. "
                "Choose another name."
            )
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("name"):
            self.add_problem(validation.check_name(cleaned["name"]))
        self.check_target(cleaned)
        self.check_account(cleaned, host=self.likely_host(cleaned))
        self.check_expiry(cleaned)
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
