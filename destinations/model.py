"""The values that cross module borders: frozen, slotted, free of I/O; nothing here prints a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from destinations.names import REGISTRY_LABEL


@dataclass(frozen=True, slots=True)
class Secret:
    """A Secret as the API server holds it, `data` decoded.

    `labels`, `annotations` and `data` are never None. `manifest` is the object as it was read (plain JSON
    values); a write starts from a deep copy of it, so that what the portal does not own survives. Neither it nor
    `data` nor `annotations` shows in a repr: all three may hold passwords. `owner` is what the manifest said of one, where
    that was cut off.
    """

    name: str
    namespace: str = "epinio"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict, repr=False)
    data: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    uid: str = ""
    resource_version: str = ""
    type: str = "Opaque"
    immutable: bool = False
    created_at: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    owner: Owner | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, order=True)
class EpinioVersion:
    """A released version of Epinio; a `v` in front and an `-rcN` behind are accepted and dropped."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> EpinioVersion | None:
        """Return the version that `text` names, or None where it is no version (judge by the newest rules then)."""
        match = re.fullmatch(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(-rc\.?\d{1,6})?", text.strip(), re.ASCII)
        return cls(*(int(part) for part in match.groups()[:3])) if match else None

    def __str__(self) -> str:
        """Return the version as Epinio's releases are named, without the `v`."""
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one request, or one command, looks at: a namespace's Secrets by name, its ConfigMaps, the rules and the time.

    `now` is aware. `version` None, or newer than the rules know, means the newest rules.
    """

    secrets: Mapping[str, Secret] = field(repr=False)
    now: datetime
    version: EpinioVersion | None = None
    config_maps: Sequence[Secret] = field(default=(), repr=False)

    @classmethod
    def of(
        cls,
        secrets: Iterable[Secret],
        now: datetime,
        version: EpinioVersion | None = None,
        config_maps: Sequence[Secret] = (),
    ) -> Snapshot:
        """Return the snapshot of a list of Secrets."""
        return cls({secret.name: secret for secret in secrets}, now, version, config_maps)

    def having(self, *secrets: Secret) -> Snapshot:
        """Return it with these Secrets, in place of others by their names."""
        return replace(self, secrets={**self.secrets, **{secret.name: secret for secret in secrets}})

    @property
    def destinations(self) -> list[Secret]:
        """The Secrets that carry the label key of destinations, by name."""
        found = (secret for secret in self.secrets.values() if REGISTRY_LABEL in secret.labels)
        return sorted(found, key=lambda secret: secret.name)


class Stage(StrEnum):
    """The stages of an export in Epinio's order; the listing is a path of its own and comes first."""

    LISTING = "listing"
    LOOKUP = "lookup"
    CREDENTIALS = "credentials"
    DESTINATION_URL = "destination-url"
    CERTIFICATES = "certificates"
    LOGIN = "login"
    CHART_PUSH = "chart-push"
    IMAGE_PUSH = "image-push"


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    AT_RISK = "at-risk"
    EXPORT_FAILS = "export-fails"
    NOT_LISTED = "not-listed"


class Why(StrEnum):
    """Why the portal calls an image push failed where Epinio itself has no message for it."""

    ANONYMOUS = "anonymous"
    OTHER_REGISTRY = "other-registry"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a stage goes and with which credentials. `repository` is empty for a login."""

    host: str = field(repr=False)
    repository: str = field(default="", repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Advice:
    """What is wrong, or happened, and what to do about it (may be empty): plain sentences for a person."""

    message: str
    fix: str = ""


class UserError(Exception):
    """An advice that ends what someone asked for: fit for a person, never holds a secret.

    `status` is the HTTP status of the page that shows it, `reason` a word for the audit log.
    """

    def __init__(self, message: str, fix: str, status: int = 409, *, reason: str = "Refused") -> None:
        super().__init__(f"{message} {fix}")
        self.advice = Advice(message, fix)
        self.status = status
        self.reason = reason

    @property
    def message(self) -> str:
        return self.advice.message

    @property
    def fix(self) -> str:
        return self.advice.fix


class InputError(ValueError):
    """A text that is not read: the message says why, and holds no secret.

    `line` counts from 1, None where it is not known. `over_limit` is true where the text may be sound and is beyond what
    is read here.
    """

    def __init__(self, message: str, line: int | None = None, *, over_limit: bool = False) -> None:
        super().__init__(message + (f" (line {line})" if line else ""))
        self.line = line
        self.over_limit = over_limit


@dataclass(frozen=True, slots=True)
class Check:
    """One stage and its outcome.

    `message` (what the failure means) and `fix` (what to do) are plain sentences, and `error` holds Epinio's own
    words where it has any; all three are None where `ok` is true. `error_is_exact` is False where `error` only says
    the same as Epinio's message, which holds a path, a registry's answer or the wording of a Go version.
    """

    stage: Stage
    ok: bool
    message: str | None = None
    fix: str | None = None
    error: str | None = field(default=None, repr=False)
    error_is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Caution:
    """Something about an accepted destination that an administrator should look at."""

    code: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What Epinio will do with one destination, stage by stage.

    `url` is what `epinio export-registries` prints (None where it does not list it), `listing_error` why it skips
    it, `failed_stage` and `error` where an export stops and with which message of Epinio's, `why` the portal's own
    reason where Epinio has none. `error_is_exact` says of `error` and `listing_error` that they are Epinio's to the
    letter. `login`, `chart` and `image` say how far an export gets. `checks` holds the stages
    in order, up to and including the one that fails.
    """

    name: str
    namespace: str
    listed: bool
    url: str | None = field(repr=False)
    listing_error: str | None = field(repr=False)
    verdict: Verdict
    failed_stage: Stage | None
    error: str | None = field(repr=False)
    why: Why | None
    login: Target | None
    chart: Target | None
    image: Target | None
    checks: tuple[Check, ...]
    warnings: tuple[Caution, ...] = ()
    disabled: bool = False
    error_is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Credentials:
    """What someone typed to push with. Neither field shows in a repr."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """A destination as someone wants it, before it is a Secret.

    `expires_on` is a date in ISO form or empty; `bundle` is re-serialized PEM or empty (no certificate Secret).
    `team` is empty for a shared destination; `team_uid` is its namespace's, where that is known.
    """

    name: str
    host: str
    organization: str
    credentials: Credentials = field(repr=False)
    bundle: bytes = field(default=b"", repr=False)
    description: str = ""
    expires_on: str = ""
    team: str = ""
    team_uid: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """Something else that manages a Secret: who (`Argo CD`, `Helm`, …), and where a change belongs, as a sentence."""

    name: str
    advice: str
