"""Epinio's roles: which ConfigMaps define them, and what they let people do with export registries. Pure.

Mirrors Epinio's `internal/auth/role.go` and `internal/auth/actions.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from destinations.golang.gostrings import trim_space
from destinations.model import EpinioVersion, Secret
from destinations.names import CONFIG_MAPS, ROLE_LABEL

_LISTING = {"export_registries_read"}
_EXPORTING = {"app", "app_write"}
_EXPORT_ACTION = "app_export"
_EXPORT_ACTION_SINCE = EpinioVersion(1, 13, 10)
_TRUE = {"1", "t", "T", "TRUE", "true", "True"}


@dataclass(frozen=True, slots=True)
class Role:
    """A role, globally or in one namespace, reduced to the two routes that matter here."""

    id: str
    namespace: str = ""
    may_list: bool = False
    may_export: bool = False
    is_default: bool = False

    @property
    def full_id(self) -> str:
        return f"{self.id}:{self.namespace}" if self.namespace else self.id


ADMIN = Role("admin", may_list=True, may_export=True)
"""Epinio's own role; every ConfigMap of that id comes after it and is never found."""


def read_roles(config_maps: Iterable[Secret], version: EpinioVersion | None = None) -> tuple[Role, ...]:
    """Return the roles in Epinio's order: its own first, then those of ConfigMaps with the label, by name.

    `version` is Epinio's, None for the newest. The portal's own ConfigMaps are never roles, whatever their labels say: what
    it may write itself gives nobody a permission.
    """
    labeled = (each for each in config_maps if each.labels.get(ROLE_LABEL) == "true" and each.name not in CONFIG_MAPS)
    return (ADMIN, *(_role(each, version) for each in sorted(labeled, key=lambda each: each.name)))


def _role(config_map: Secret, version: EpinioVersion | None) -> Role:
    text = {key: value.decode("utf-8", "surrogateescape") for key, value in config_map.data.items()}
    actions = set(trim_space(text.get("actions", "")).split("\n"))
    exporting = _EXPORTING if version and version < _EXPORT_ACTION_SINCE else _EXPORTING | {_EXPORT_ACTION}
    return Role(
        text.get("id", ""),
        may_list=bool(actions & _LISTING),
        may_export=bool(actions & exporting),
        is_default=text.get("default", "") in _TRUE,
    )


def default_role(roles: Sequence[Role]) -> Role | None:
    return next((role for role in roles if role.is_default), None)


def parse(ids: Iterable[str], roles: Sequence[Role]) -> tuple[Role, ...]:
    """Return the roles of ids such as `admin` or `admin:team`; unknown ones are left out, and nothing is trimmed."""
    parsed = []
    for full_id in ids:
        role_id, _, rest = full_id.partition(":")
        role = next((role for role in roles if role.id == role_id), None)
        if role:
            parsed.append(replace(role, namespace=rest.partition(":")[0]))
    return tuple(parsed)
