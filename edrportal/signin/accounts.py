"""The accounts that there are now: who a user name and a password, a session or an identity belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from django.conf import settings

from destinations.cluster.limits import is_dns_label
from destinations.cluster.port import ClusterError
from destinations.golang.gostrings import to_valid_utf8
from destinations.model import Secret
from destinations.portal import Event, Reads
from edrportal.signin import passwords, roles, sessions, users
from edrportal.signin.attempts import ATTEMPTS
from edrportal.signin.oidc import provider as oidc
from edrportal.signin.oidc.reasons import PASSWORD_USER, OidcTrouble
from edrportal.signin.roles import Role
from edrportal.signin.sessions import Session
from edrportal.signin.users import Principal, UnusableUser, User
from edrportal.telemetry import logs

EPINIO, OIDC = "epinio", "oidc"


@dataclass(frozen=True, slots=True)
class Notice:
    message: str
    fix: str


def known_roles(reads: Reads) -> tuple[Role, ...]:
    return roles.read_roles(reads.config_maps, reads.version)


def authenticate(reads: Reads, username: str, password: str) -> User | None:
    """Return the user of a name and a password, None for a wrong one; an unknown name takes as long as a known one.

    Raises UnusableUser where the password is right and Epinio would fail all the same, and the port's errors.
    """
    secrets = [secret for secret in reads.users if users.is_user(secret)]
    secret = users.find(secrets, username)
    dearest = passwords.highest_cost(user.data.get(users.PASSWORD_KEY, b"") for user in secrets)
    stored = secret.data.get(users.PASSWORD_KEY, b"") if secret else b""
    if not passwords.matches(stored, password, padded_to=dearest) or secret is None or not username:
        return None
    return users.resolve(secret, known_roles(reads))


class Cause(StrEnum):
    """Why a password does not let someone in, as records name it."""

    TOO_MANY_FAILURES = "too-many-attempts"
    TOO_MANY_AT_ONCE = "TooManyAtOnce"
    UNUSABLE_USER = "unusable-user"
    WRONG_CREDENTIALS = "wrong-credentials"

    @property
    def status(self) -> int:
        return {self.TOO_MANY_FAILURES: 429, self.TOO_MANY_AT_ONCE: 503, self.UNUSABLE_USER: 403}.get(self, 401)


@dataclass(frozen=True, slots=True)
class Failure:
    """`seconds` until another attempt is worth making; `detail` of an unusable user."""

    cause: Cause
    seconds: int = 0
    detail: str = ""


def sign_in(reads: Reads, username: str, password: str, address: str) -> User | Failure:
    """Return whom a name and a password let in, within the limits; every failure is recorded. Raises the port's errors."""
    wait = ATTEMPTS.charge(username, address)
    if wait:
        return _recorded(Failure(Cause.TOO_MANY_FAILURES, wait), address)
    try:
        user = authenticate(reads, username, password)
    except UnusableUser as error:
        ATTEMPTS.succeeded(username, address)
        return _recorded(Failure(Cause.UNUSABLE_USER, detail=str(error)), address, f"{EPINIO}:{username}")
    except passwords.TooManyAtOnce:
        ATTEMPTS.refund(username, address)
        return too_many_at_once(address)
    except ClusterError as error:
        ATTEMPTS.refund(username, address)
        logs.record(Event("sign-in", "failed", "", address, reason=error.reason))
        raise
    if user is None:
        ATTEMPTS.failed(username, address)
        return _recorded(Failure(Cause.WRONG_CREDENTIALS), address)
    ATTEMPTS.succeeded(username, address)
    return user


def too_many_at_once(address: str) -> Failure:
    return _recorded(Failure(Cause.TOO_MANY_AT_ONCE, seconds=3), address)


def _recorded(failure: Failure, address: str, who: str = "") -> Failure:
    outcome = "failed" if failure.cause is Cause.TOO_MANY_AT_ONCE else "refused"
    logs.record(Event("sign-in", outcome, who, address, reason=failure.cause.value))
    return failure


def identify(reads: Reads, email: str, matched: Sequence[str]) -> User | None:
    """Return the user of a single sign-on, None where several Secrets define the name.

    Raises OidcTrouble for a user with a password where the portal is told to let none in, UnusableUser and the port's errors.
    """
    secrets = [user for user in reads.users if users.is_user(user) and users.username_of(user) == email]
    if settings.ENVIRONMENT.oidc.refuses_password_users and any(user.data.get(users.PASSWORD_KEY) for user in secrets):
        raise OidcTrouble(*PASSWORD_USER)
    if len(secrets) > 1:
        return None
    known = known_roles(reads)
    user = (
        users.resolve(secrets[0], known, matched=matched)
        if secrets
        else users.without_secret(email, known, matched=matched)
    )
    return replace(user, mapping=oidc.mapping(reads), client=oidc.client(reads))


def principal_of(reads: Reads, session: Session) -> Principal | None:
    """Return None for an ended session, and where the user has changed. Raises the port's errors: no one is trusted."""
    if sessions.is_void(reads.config_maps, session):
        return None
    try:
        user = _user_of(reads, session)
    except (UnusableUser, OidcTrouble):
        return None
    return Principal.of(user, session.provider) if user and sessions.is_of(session, user) else None


def _user_of(reads: Reads, session: Session) -> User | None:
    if session.provider == OIDC:
        return identify(reads, session.subject, session.matched) if oidc.is_on() else None
    secret = users.find(reads.users, session.subject)
    return users.resolve(secret, known_roles(reads)) if secret else None


def begin(reads: Reads, user: User, provider: str, *, matched: Sequence[str] = ()) -> Session:
    """Return a session that is newer than an earlier sign-out. Raises the port's errors."""
    after = sessions.ended_at(reads.config_maps, user.username)
    return sessions.begin(user, provider, datetime.now(UTC), after=after, matched=matched)


def exporters(reads: Reads) -> dict[str, list[str]]:
    """Return the namespaces of Epinio's users, each with the users who may export from it; administrators have all.

    People of a single sign-on who have no Secret are not known. Raises the port's errors.
    """
    known = known_roles(reads)
    found: dict[str, list[str]] = {}
    for secret in filter(users.is_user, reads.users):
        try:
            person = Principal.of(users.resolve(secret, known), EPINIO)
        except UnusableUser:
            continue
        for namespace in filter(is_dns_label, person.namespaces):
            may_export = not person.is_administrator and person.may_export(namespace)
            found.setdefault(namespace, []).extend([to_valid_utf8(person.username)] if may_export else [])
    return {namespace: sorted(set(names)) for namespace, names in sorted(found.items())}


def warnings(reads: Reads, secrets: Sequence[Secret]) -> list[Notice]:
    """Return what an administrator should know about the users among these Secrets. Raises the port's errors."""
    notices = [
        Notice(f"The user {name} is defined by several Secrets, so Epinio does not let them sign in.", "Keep only one.")
        for name in users.duplicates(secrets)
    ]
    notices += [
        Notice(
            f"The user {name} has roles in a label epinio.io/roles, which Epinio does not read.",
            "Write them as an annotation with the same name.",
        )
        for name in users.roles_as_labels(secrets)
    ]
    known = known_roles(reads)
    for secret in filter(users.is_user, secrets):
        try:
            users.resolve(secret, known)
        except UnusableUser as error:
            notices.append(
                Notice(f"The user {users.username_of(secret)} cannot sign in, neither here nor in Epinio.", str(error))
            )
    return notices
