"""Epinio's mapping of a provider's groups to roles, from the key `rolesMapping` of the Secret `dex-config`. Pure.

Mirrors Epinio's `internal/dex/config.go` and `dex.go`: a YAML list, the first entry of a connector wins, strings are
not trimmed, unknown members are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_BYTES = 256 * 1024
_FORM = "It has to be a list: - connectorId: NAME, below it groups: with - id: GROUP and roles: [ROLE]."


class MappingError(ValueError):
    """The mapping does not parse; the text says why, for an administrator, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a connector, and the role ids it gives."""

    id: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RolesMapping:
    """Connectors with their groups, in order."""

    connectors: tuple[tuple[str, tuple[Group, ...]], ...] = ()

    def roles(self, connector_id: str, groups: Sequence[str]) -> tuple[str, ...]:
        """Return the role ids of everybody's matching groups, as written, in the mapping's order."""
        entry = next((found for name, found in self.connectors if name == connector_id), ())
        return tuple(role for group in entry if group.id in groups for role in group.roles)


class _Loader(yaml.SafeLoader):
    """Reads every plain scalar as the text that it is, which is what Go's decoder puts into a string."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML declares it
        first: [(tag, pattern) for tag, pattern in found if tag == "tag:yaml.org,2002:null"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read(text: bytes) -> RolesMapping:
    """Return the mapping; empty text is an empty one. Raises MappingError."""
    if len(text) > _MAX_BYTES:
        raise MappingError("The key rolesMapping of the Secret dex-config is larger than 256 KiB.")
    try:
        found: Any = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError):
        raise MappingError(f"The key rolesMapping of the Secret dex-config is no YAML. {_FORM}") from None
    if found is None:
        return RolesMapping()
    if isinstance(found, dict):
        raise MappingError(
            "The key rolesMapping of the Secret dex-config is a map, as a page of Epinio's documentation shows it, and "
            f"Epinio cannot read that. {_FORM}"
        )
    if not isinstance(found, list):
        raise MappingError(f"The key rolesMapping of the Secret dex-config is no list. {_FORM}")
    return RolesMapping(tuple(_connector(entry) for entry in found))


def _connector(entry: object) -> tuple[str, tuple[Group, ...]]:
    members = _map(entry)
    return _text(members.get("connectorId")), tuple(_group(one) for one in _list(members.get("groups")))


def _group(entry: object) -> Group:
    members = _map(entry)
    return Group(_text(members.get("id")), tuple(_text(one) for one in _list(members.get("roles"))))


def _map(value: object) -> dict[object, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong()
    return value


def _list(value: object) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong()
    return value


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong()
    return value


def _wrong() -> MappingError:
    return MappingError(
        f"The key rolesMapping of the Secret dex-config has a value of another kind than expected. {_FORM}"
    )
