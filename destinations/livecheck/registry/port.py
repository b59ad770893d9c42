"""The port to the registries: what a live check asks, and what it learns. Values only; nothing here opens a socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import EllipsisType
from typing import Protocol

DEADLINE_SECONDS = 10.0
"""The wall-clock limit of a whole check."""


class Step(StrEnum):
    SECRETS = "secrets"
    """What the Secrets alone say: is there anything to ask at all."""
    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    REGISTRY = "registry"
    """`/v2/`: is this a registry, and which authentication does it want."""
    LOGIN = "login"
    PUSH = "push"


class Side(StrEnum):
    """Whose view a stage is: Helm's, which pushes the chart; skopeo's, which pushes the image; or both."""

    BOTH = "both"
    CHART = "chart"
    IMAGE = "image"


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105 - a word
    FAIL = "fail"
    UNKNOWN = "unknown"


class Code(StrEnum):
    """What a stage found; `livecheck.explanations` has the sentences. Stored as they are: never rename one."""

    # secrets
    READY = "ready"
    NO_TARGET = "no-target"
    # resolve
    RESOLVED = "resolved"
    NO_SUCH_NAME = "no-such-name"
    BAD_HOST = "bad-host"
    ADDRESS_REFUSED = "address-refused"
    MIXED_ADDRESSES = "mixed-addresses"
    """Some are in private networks and some are public: the owner of such a name could watch the private ones answer."""
    PORT_REFUSED = "port-refused"
    # connect
    CONNECTED = "connected"
    NO_CONNECTION = "no-connection"
    # tls
    TRUSTED = "trusted"
    UNKNOWN_AUTHORITY = "unknown-authority"
    NAME_MISMATCH = "name-mismatch"
    COMMON_NAME_ONLY = "common-name-only"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    BAD_CERTIFICATE = "bad-certificate"
    OLD_TLS = "old-tls"
    PLAIN_HTTP = "plain-http"
    NO_TLS = "no-tls"
    # registry
    WANTS_BASIC = "wants-basic"
    WANTS_TOKEN = "wants-token"  # noqa: S105 - a word
    WANTS_NOTHING = "wants-nothing"
    WANTS_OTHER = "wants-other"
    NOT_A_REGISTRY = "not-a-registry"
    REDIRECTS = "redirects"
    TOO_MANY_REQUESTS = "too-many-requests"
    SERVER_ERROR = "server-error"
    BAD_ANSWER = "bad-answer"
    REALM_REFUSED = "realm-refused"
    # login
    LOGGED_IN = "logged-in"
    NOT_CHECKED = "not-checked"
    """Reachable, and nobody asked for credentials: nothing is proven of them."""
    NO_CREDENTIALS = "no-credentials"
    HALF_CREDENTIALS = "half-credentials"
    WRONG_CREDENTIALS = "wrong-credentials"
    TOKEN_SERVICE_FAILS = "token-service-fails"  # noqa: S105 - a word
    # push
    MAY_PUSH = "may-push"
    MAY_PUSH_ANONYMOUSLY = "may-push-anonymously"
    MAY_NOT_PUSH = "may-not-push"
    NO_REPOSITORY = "no-repository"
    """The registry wants the repository created first."""
    WOULD_CREATE = "would-create"
    """To ask for push might create the repository, and it does not exist: it is not known from here."""
    CREATOR_FAILS = "creator-fails"
    """The repository does not exist, and Helm looks for it with a token for pull alone, which the registry refuses."""
    UPLOAD_ELSEWHERE = "upload-elsewhere"
    UPLOAD_LEFT = "upload-left"
    """It may push; the upload that proved it could not be canceled."""
    # any
    OUT_OF_TIME = "out-of-time"
    NOT_REACHED = "not-reached"
    NO_REGISTRY = "no-registry"
    """Whatever failed before a registry was proven, for people who are no administrators; no prober says it."""


@dataclass(frozen=True, slots=True)
class Trust:
    pems: tuple[bytes, ...] = field(default=(), repr=False)
    public: bool = True


@dataclass(frozen=True, slots=True)
class Leg:
    """One tool's way. Without a host there is nothing to ask; `stop` and `fix` say why the Secrets alone end it."""

    host: str = ""
    repository: str = ""
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    trust: Trust = field(default_factory=Trust)
    stop: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a check asks: both legs, and for which application (`workspace/shop`).

    `lenient` where Epinio is older than 1.14.1: its Helm falls back to plain HTTP and takes token services that the
    portal does not follow, so what ends there is unknown and not a failure. `sees_all` where the person who asks may learn
    about the network; without it, neither the report nor a server on the way may tell open ports from closed ones.
    """

    name: str
    chart: Leg
    image: Leg
    app: str = "workspace/shop"
    lenient: bool = False
    sees_all: bool = False


@dataclass(frozen=True, slots=True)
class StageResult:
    """`ok` is None where it is unknown. `detail` never holds text that the remote server sent."""

    step: Step
    side: Side
    ok: bool | None
    code: Code
    ms: int | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


_SAYS_NOTHING_OF_THE_TOOLS = {
    Code.BAD_HOST,
    Code.ADDRESS_REFUSED,
    Code.MIXED_ADDRESSES,
    Code.PORT_REFUSED,
    Code.REALM_REFUSED,
    Code.OUT_OF_TIME,
}
"""What the portal itself refuses or gives up."""


class CheckStopped(Exception):
    """A stage of a check ends here, `code` says why; its text is the code, never a word of a server, so it may be logged.

    `ok` False where the tool would fail, None where the check is inconclusive. It is Helm's; `ok_image` is skopeo's, where
    one stage serves both, and the same unless it is given.
    """

    def __init__(
        self,
        code: Code,
        *,
        ok: bool | EllipsisType | None = ...,
        ok_image: bool | EllipsisType | None = ...,
        detail: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code.value)
        self.code = code
        default = None if code in _SAYS_NOTHING_OF_THE_TOOLS else False
        self.ok = default if isinstance(ok, EllipsisType) else ok
        self.ok_image = self.ok if isinstance(ok_image, EllipsisType) else ok_image
        self.detail = dict(detail or {})


@dataclass(frozen=True, slots=True)
class Report:
    """What a check learned; `chain` is DER, leaf first, shown after an own parsing, never as the server's text."""

    stages: tuple[StageResult, ...]
    chart: Outcome
    image: Outcome
    checked_at: datetime
    chain: tuple[bytes, ...] = field(default=(), repr=False)


class Registries(Protocol):
    def check(self, plan: Plan) -> Report:
        """Ask what `plan` wants to know, and end within DEADLINE_SECONDS.

        Never raises for anything that a registry or a network does. Sends the credentials of a leg only to that leg's
        host, over TLS that the leg's trust accepts, or to the token service that this host names. Leaves nothing behind
        but what the report says.
        """
