"""The form of an ExternalSecret: a destination without credentials, and where the store keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms

from destinations import names
from destinations.cluster.limits import is_name
from destinations.model import Credentials, Draft, Secret
from destinations.secret.gitops import PASSWORD, USER
from destinations.secret.sealed.external import ApiVersion, Remote, Store, StoreKind
from destinations.web.forms.fields import KnownChoiceField, text_field
from destinations.web.forms.new import NewForm

_KEY = 1024


def _nothing(_name: str) -> None:
    """Find no destination."""


class ExternalForm(NewForm):
    """A new destination, or one that is there, whose user name and password the portal never sees: no field takes them."""

    username = password = password_file = password_blanks = credentials_confirmed = None  # type: ignore[assignment]
    import_text = import_file = import_host = nonce = None  # type: ignore[assignment]
    store = text_field("Secret store", "The name of the store that holds the credentials")
    store_kind = KnownChoiceField(label="Kind of store", choices=[(kind, str(kind)) for kind in StoreKind])
    username_key = text_field("Remote key of the user name", "The path in the store, such as epinio/one", limit=_KEY)
    username_property = text_field("Property of the user name", "Optional", required=False, limit=_KEY)
    password_key = text_field("Remote key of the password", "The path, and never the password itself", limit=_KEY)
    password_property = text_field("Property of the password", "Optional", required=False, limit=_KEY)
    api_version = KnownChoiceField(
        label="API version",
        choices=[(ApiVersion.V1, "v1"), (ApiVersion.V1BETA1, "v1beta1, for External Secrets before 0.16")],
    )

    field_order = (
        "team", "name", "host", "organization", "store", "store_kind", "username_key", "username_property", "password_key",
        "password_property", "bundle_text", "bundle_file", "expires_on", "description", "api_version",
    )  # fmt: skip

    def __init__(self, *args: Any, find: Callable[[str], Secret | None] = _nothing, **kwargs: Any) -> None:  # noqa: ANN401
        """Keep how to find a destination that is there, and that the person who asks may change."""
        super().__init__(*args, **kwargs)
        self._find = find
        self.stored: Secret | None = None

    def clean_name(self) -> str:
        """Leave the name of a destination that is there as it is; a new one is a team's as in the other forms."""
        self.stored = self._find(str(self.cleaned_data["name"]))
        name = self.stored.name if self.stored else super().clean_name()
        self.stored = self.stored or self._find(name)
        return name

    def clean(self) -> dict[str, Any]:
        """Refuse another team than that of a destination that is there: the file is no way to move it."""
        cleaned = super().clean()
        now = self.stored.labels.get(names.TEAM_LABEL, "") if self.stored else None
        if self.stored and cleaned.get("team", now) != now:
            belongs = f"belongs to the team {now}. Give that team" if now else "is a shared one. Leave this empty"
            self.add_error("team", f"The destination {self.stored.name} {belongs}.")
        return cleaned

    def clean_store(self) -> str:
        """Check that a store can have this name."""
        name = str(self.cleaned_data["store"])
        if not is_name(name):
            raise forms.ValidationError("This is not a valid name of a store: use its name in Kubernetes.")
        return name

    @property
    def has_import(self) -> bool:
        """Whether the password is elsewhere: always, so that none is asked for."""
        return True

    def _given(self) -> bytes:
        """Return nothing to import."""
        return b""

    def draft(self, team_uid: str = "") -> Draft:
        """Return the destination of a valid form with placeholders for its credentials."""
        typed = self.cleaned_data
        return Draft(
            name=typed["name"],
            host=typed["host"],
            organization=typed["organization"],
            credentials=Credentials(USER, PASSWORD),
            bundle=typed["bundle"],
            description=typed["description"],
            expires_on=self.expiry(),
            team=typed.get("team") or "",
            team_uid=team_uid,
        )

    def remote(self) -> Store:
        """Return where the credentials are, by a valid form."""
        typed = self.cleaned_data
        return Store(
            name=typed["store"],
            kind=StoreKind(typed["store_kind"]),
            username=Remote(typed["username_key"], typed["username_property"]),
            password=Remote(typed["password_key"], typed["password_property"]),
            api=ApiVersion(typed["api_version"]),
        )
