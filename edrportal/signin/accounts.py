"""The accounts that there are now: who a user name and a password, a session or an identity belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings

from destinations.model import Secret
from destinations.web import current
from edrportal.signin import passwords, roles, sessions, users
from edrportal.signin.oidc import provider as single
from edrportal.signin.roles import Role
from edrportal.signin.sessions import Session
from edrportal.signin.users import Principal, User

EPINIO, OIDC = "epinio", "oidc"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about users that an administrator should know."""

    message: str
    fix: str


def known_roles() -> tuple[Role, ...]:
    """Return every role that there is. Raises the port's errors."""
    return roles.read_roles(current.config_maps_to_show(), current.epinio_version())


def authenticate(username: str, password: str) -> User | None:
    """Return the user of a name and a password, None for a wrong one; an unknown name takes as long as a known one.

    Raises users.Unusable where the password is right and Epinio would fail all the same, and the port's errors.
    """
    found = [secret for secret in current.secrets_to_show() if users.is_user(secret)]
    secret = users.find(found, username)
    dearest = passwords.highest_cost(one.data.get(users.PASSWORD_KEY, b"") for one in found)
    stored = secret.data.get(users.PASSWORD_KEY, b"") if secret else b""
    if not passwords.matches(stored, password, padded_to=dearest) or secret is None or not username:
        return None
    return users.resolve(secret, known_roles())


class PasswordUser(Exception):
    """A single sign-on would become a user that has a password, and the portal is told to let none."""


def identify(email: str, matched: Sequence[str]) -> User | None:
    """Return the user of a single sign-on, None where several Secrets define the name.

    Raises PasswordUser, users.Unusable and the port's errors.
    """
    found = [one for one in current.secrets_to_show() if users.is_user(one) and users.username_of(one) == email]
    if settings.ENVIRONMENT.oidc.refuses_password_users and any(one.data.get(users.PASSWORD_KEY) for one in found):
        raise PasswordUser
    if len(found) > 1:
        return None
    known = known_roles()
    user = (
        users.resolve(found[0], known, matched=matched)
        if found
        else users.without_secret(email, known, matched=matched)
    )
    return replace(user, mapping=single.mapping(), client=single.client())


def principal_of(session: Session) -> Principal | None:
    """Return who a session belongs to, None where it was ended or the user is not the one who began it any more.

    Raises the port's errors: nobody is let in on trust.
    """
    if sessions.is_void(current.config_maps_to_show(), session):
        return None
    try:
        user = _user_of(session)
    except (users.Unusable, PasswordUser):
        return None
    return Principal.of(user, session.provider) if user and sessions.is_of(session, user) else None


def _user_of(session: Session) -> User | None:
    if session.provider == OIDC:
        return identify(session.subject, session.matched) if single.is_on() else None
    secret = users.find(current.secrets_to_show(), session.subject)
    return users.resolve(secret, known_roles()) if secret else None


def begin(user: User, provider: str, *, matched: Sequence[str] = ()) -> Session:
    """Return a new session that outlives an earlier sign-out. Raises the port's errors."""
    after = sessions.ended_at(current.config_maps_to_show(), user.username)
    return sessions.begin(user, provider, datetime.now(UTC), after=after, matched=matched)


def warnings(found: Sequence[Secret]) -> list[Notice]:
    """Return what an administrator should know about the users among these Secrets. Raises the port's errors."""
    said = [
        Notice(f"The user {name} is defined by several Secrets: Epinio lets none of them in.", "Keep one.")
        for name in users.duplicates(found)
    ]
    said += [
        Notice(
            f"The user {name} has roles in a label epinio.io/roles, which Epinio does not read.",
            "Write them as an annotation of the same name.",
        )
        for name in users.roles_as_labels(found)
    ]
    known = known_roles()
    for secret in filter(users.is_user, found):
        try:
            users.resolve(secret, known)
        except users.Unusable as error:
            said.append(Notice(f"The user {users.username_of(secret)} cannot sign in, at Epinio either.", str(error)))
    return said
