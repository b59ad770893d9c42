"""The person who asks, with what Epinio lets them do. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edrportal.signin.roles import ADMIN, Role
from edrportal.signin.users import User


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who signed in.

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
        """Return the principal of a user."""
        return cls(user.username, provider, user.roles, user.namespaces)

    @property
    def who(self) -> str:
        """Provider and name, for records."""
        return f"{self.provider}:{self.username}"

    @property
    def role_ids(self) -> list[str]:
        """The ids of the roles, sorted."""
        return sorted(role.full_id for role in self.roles)

    @property
    def is_administrator(self) -> bool:
        """Whether one of the roles is the global `admin`."""
        return any(role.id == ADMIN.id and not role.namespace for role in self.roles)

    @property
    def may_list(self) -> bool:
        """Whether Epinio shows them the export registries."""
        return any(role.may_list for role in self._in(""))

    def may_export(self, namespace: str) -> bool:
        """Say whether Epinio lets them export an application of a namespace."""
        if not namespace or not any(role.may_export for role in self._in(namespace) or self._in("")):
            return False
        return self.is_administrator or namespace in self.namespaces

    def exports(self) -> list[str] | None:
        """Return the namespaces they may export from, sorted; None for every one (but `excluded`)."""
        if self.is_administrator:
            return None
        return sorted({namespace for namespace in self.namespaces if self.may_export(namespace)})

    def excluded(self) -> list[str]:
        """Return the namespaces where a role takes the export from somebody who may export everywhere else."""
        if not self.is_administrator:
            return []
        return sorted({role.namespace for role in self.roles if role.namespace and not self.may_export(role.namespace)})

    def _in(self, namespace: str) -> Iterable[Role]:
        return [role for role in self.roles if role.namespace == namespace]
