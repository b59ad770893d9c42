"""Epinio's users: the Secrets that define them, and the roles and namespaces they end up with. Pure.

Mirrors Epinio's `internal/auth/user.go`, `internal/auth/auth.go` and `internal/api/v1/middleware/authentication.go`,
including what a sign-in there rewrites in the Secret before it answers. The portal itself writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from destinations.golang.gostrings import trim_space
from destinations.model import Secret
from destinations.names import ROLE_LABEL, ROLES_ANNOTATION, USER_LABEL
from edrportal.signin import roles as rules
from edrportal.signin.roles import ADMIN, Role

USERNAME_KEY = "username"
PASSWORD_KEY = "password"  # noqa: S105 - the name of a key
NAMESPACES_KEY = "namespaces"
GITCONFIGS_KEY = "gitconfigs"


class UnusableUser(Exception):
    """Epinio would answer 500 to this user; the text says why, for an administrator."""


@dataclass(frozen=True, slots=True)
class User:
    """A user with the roles and namespaces that Epinio would answer by.

    `uid` is empty where there is no Secret. Of a single sign-on, `mapping` is what gave groups their roles, and
    `client` the provider and the portal's own client there.
    """

    username: str
    roles: tuple[Role, ...]
    namespaces: tuple[str, ...]
    uid: str = ""
    password_hash: bytes = field(default=b"", repr=False)
    mapping: bytes = field(default=b"", repr=False)
    client: tuple[str, str] | None = None


def is_user(secret: Secret) -> bool:
    return secret.labels.get(USER_LABEL) == "true"


def username_of(secret: Secret) -> str:
    return _text(secret, USERNAME_KEY)


def find(secrets: Iterable[Secret], username: str) -> Secret | None:
    """Return the one Secret of a user; None for nobody, and for a name that several Secrets define."""
    matching = [secret for secret in secrets if is_user(secret) and username_of(secret) == username]
    return matching[0] if len(matching) == 1 else None


def duplicates(secrets: Iterable[Secret]) -> list[str]:
    counted = Counter(username_of(secret) for secret in secrets if is_user(secret))
    return sorted(name for name, times in counted.items() if times > 1)


def roles_as_labels(secrets: Iterable[Secret]) -> list[str]:
    """Return the user names whose role is written as a label `epinio.io/roles`, which Epinio does not read."""
    return sorted(username_of(secret) for secret in secrets if is_user(secret) and ROLES_ANNOTATION in secret.labels)


def resolve(secret: Secret, roles: Sequence[Role], *, matched: Sequence[str] = ()) -> User:
    """Return a user as Epinio would see them after a sign-in.

    `roles` are all that there are; `matched` are the ids that the groups of a single sign-on give, which replace
    those of the Secret if any of them exists. Raises UnusableUser.
    """
    stated = _split(secret.annotations.get(ROLES_ANNOTATION, ""))
    own = (*rules.parse(stated, roles), *_legacy(secret, roles))
    default = rules.default_role(roles)
    effective = rules.parse(matched, roles) or own or ((default,) if default else ())
    namespaces = _lines(_text(secret, NAMESPACES_KEY))
    merged = _merged(namespaces, effective)
    if sorted(stated) != sorted(role.full_id for role in effective) or len(merged) != len(namespaces):
        added = namespaces if len(merged) == len(namespaces) else sorted(merged)
        effective, namespaces = _rewritten(secret, roles, effective, added)
    return User(username_of(secret), effective, tuple(namespaces), secret.uid, secret.data.get(PASSWORD_KEY, b""))


def without_secret(username: str, roles: Sequence[Role], *, matched: Sequence[str] = ()) -> User:
    """Return a user of the single sign-on who has no Secret: the matched roles, or the default one."""
    default = rules.default_role(roles)
    effective = rules.parse(matched, roles) or ((default,) if default else ())
    saved = _read_again(effective, roles)
    if merged := _merged((), saved):  # Epinio notes the namespaces in a second write, and reads all of it again
        saved = _read_again(saved, roles)
    return User(username, saved, tuple(_lines("\n".join(sorted(merged)))))


def _read_again(written: Sequence[Role], roles: Sequence[Role]) -> tuple[Role, ...]:
    full_ids = sorted({role.full_id for role in written}, key=lambda text: text.encode("utf-8", "surrogateescape"))
    return rules.parse(_split(",".join(full_ids)), roles)


def _rewritten(
    secret: Secret, roles: Sequence[Role], effective: Sequence[Role], namespaces: Sequence[str]
) -> tuple[tuple[Role, ...], list[str]]:
    """Return roles and namespaces as they are read again after Epinio's own update of the Secret."""
    if not secret.annotations:
        raise UnusableUser(
            "Epinio fails (500) because it cannot write roles or namespaces to the user's Secret, which has no "
            f"annotations. Add one: kubectl annotate secret {secret.name} epinio.io/roles=ROLE"
        )
    if secret.immutable and _changes_data(secret, namespaces):
        raise UnusableUser(
            "Epinio fails (500) because it cannot update the user's Secret, which is immutable. Recreate the Secret."
        )
    return _read_again(effective, roles), _lines("\n".join(namespaces))


def _changes_data(secret: Secret, namespaces: Sequence[str]) -> bool:
    new = {
        USERNAME_KEY: username_of(secret),
        NAMESPACES_KEY: "\n".join(namespaces),
        GITCONFIGS_KEY: "\n".join(_lines(_text(secret, GITCONFIGS_KEY))),
    }
    return any(key not in secret.data or _text(secret, key) != value for key, value in new.items())


def _split(annotation: str) -> list[str]:
    text = trim_space(annotation)
    return text.split(",") if text else []


def _legacy(secret: Secret, roles: Sequence[Role]) -> tuple[Role, ...]:
    """Return what the label of Epinio before 1.11 grants: its role, and to a `user` the admin role where they are."""
    old = secret.labels.get(ROLE_LABEL)
    if old is None:
        return ()
    granted = [role for role in roles if role.id == old][:1]
    if old == "user":
        namespaces = _lines(_text(secret, NAMESPACES_KEY))
        granted += [Role(ADMIN.id, namespace, may_list=True, may_export=True) for namespace in namespaces]
    return tuple(granted)


def _merged(namespaces: Iterable[str], roles: Iterable[Role]) -> set[str]:
    return {*namespaces, *(role.namespace for role in roles if role.namespace)}


def _lines(text: str) -> list[str]:
    return [line for raw in trim_space(text).split("\n") if (line := trim_space(raw))]


def _text(secret: Secret, key: str) -> str:
    return secret.data.get(key, b"").decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone who signed in.

    `provider` is `epinio` (user name and password) or `oidc`. The rules mirror Epinio's `User.IsAllowed` and
    `NamespaceAuthorization`: a role in a namespace replaces the global ones there, and who is no administrator
    reaches only the namespaces of the user's own list.
    """

    username: str
    provider: str
    roles: tuple[Role, ...]
    namespaces: tuple[str, ...]

    @classmethod
    def of(cls, user: User, provider: str) -> Principal:
        return cls(user.username, provider, user.roles, user.namespaces)

    @property
    def who(self) -> str:
        return f"{self.provider}:{self.username}"

    @property
    def role_ids(self) -> list[str]:
        return sorted(role.full_id for role in self.roles)

    @property
    def is_administrator(self) -> bool:
        return any(role.id == ADMIN.id and not role.namespace for role in self.roles)

    @property
    def may_list(self) -> bool:
        return any(role.may_list for role in self._in(""))

    def may_export(self, namespace: str) -> bool:
        if not namespace or not any(role.may_export for role in self._in(namespace) or self._in("")):
            return False
        return self.is_administrator or namespace in self.namespaces

    def exports(self) -> list[str] | None:
        """Return the namespaces they may export from, sorted; None for every one (but `excluded`)."""
        if self.is_administrator:
            return None
        return sorted({namespace for namespace in self.namespaces if self.may_export(namespace)})

    def excluded(self) -> list[str]:
        """Return the namespaces where a role takes the export from someone who may export everywhere else."""
        if not self.is_administrator:
            return []
        return sorted({role.namespace for role in self.roles if role.namespace and not self.may_export(role.namespace)})

    def _in(self, namespace: str) -> Iterable[Role]:
        return [role for role in self.roles if role.namespace == namespace]
