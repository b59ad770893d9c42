"""Which roles the groups of an OpenID provider give: `rolesMapping` of Epinio's Secret `dex-config`.

Mirrors internal/dex/config.go and internal/dex/dex.go of Epinio, and gopkg.in/yaml.v2 where that reads YAML into Go's
structs: a number or a boolean in the place of a text counts as it is written, null as empty, later members win over
earlier ones, and members of other names are not looked at. Aliases and merges (`<<`), which Epinio reads, are refused: they
let a small text stand for an enormous one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from destinations.model import InputError
from destinations.secret import plainyaml

_MAX_LENGTH = 256 * 1024
_CORE = "tag:yaml.org,2002:"
_TEXT, _NULL = f"{_CORE}str", f"{_CORE}null"
_FORM = (
    "write a list of connectors, each with its groups and their roles:\n- connectorId: github\n  groups:\n  - id: "
    "organization:team\n    roles: [admin]"
)

_BaseLoader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml, where it is there, is many times as fast


class _MappingLoader(_BaseLoader):  # type: ignore[misc]
    """YAML in which a plain text stays as it is written, unless it is a null."""


_MappingLoader.add_implicit_resolver(_NULL, re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])


@dataclass(frozen=True, slots=True)
class _Group:
    id: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Connector:
    id: str = ""
    groups: tuple[_Group, ...] = ()


@dataclass(frozen=True, slots=True)
class RolesMapping:
    """The connectors in their order, and sentences about what Epinio passes over without a word."""

    connectors: tuple[_Connector, ...] = ()
    notices: tuple[str, ...] = ()

    def roles(self, connector_id: str, groups: Sequence[str]) -> tuple[str, ...]:
        """Return the role ids as written; the first entry of a connector decides alone, even without a match."""
        for connector in self.connectors:
            if connector.id == connector_id:
                return tuple(role for group in connector.groups if group.id in groups for role in group.roles)
        return ()


def read(text: bytes) -> RolesMapping:
    """Read the value under `rolesMapping`; an empty one gives an empty mapping. Raises InputError."""
    top = _composed(text)
    if isinstance(top, yaml.MappingNode):
        raise InputError(
            "The key rolesMapping of the Secret dex-config is a map, as on a page of Epinio's documentation, but "
            f"Epinio cannot read that; {_FORM}"
        )
    reader = _MappingReader()
    return RolesMapping(reader.connectors(top), tuple(dict.fromkeys(reader.notices))) if top else RolesMapping()


def _composed(text: bytes) -> yaml.Node | None:
    try:
        whole = text.decode()
        _check_shape(whole)
        loader = _MappingLoader(whole)
        try:
            document: yaml.Node | None = loader.get_node() if loader.check_node() else None
        finally:
            loader.dispose()
    except UnicodeDecodeError:
        raise InputError("rolesMapping is not valid UTF-8") from None
    except yaml.MarkedYAMLError as error:
        where = f"; see line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"rolesMapping is not valid YAML{where}") from None
    except yaml.YAMLError:
        raise InputError("rolesMapping is not valid YAML: it contains a character that YAML does not allow") from None
    return document


def _check_shape(text: str) -> None:
    if len(text) > _MAX_LENGTH:
        raise InputError(f"rolesMapping is larger than {_MAX_LENGTH // 1024} KiB; remove what no group needs")
    if not _is_version_read(text):
        raise InputError("rolesMapping has a line %YAML, but Epinio reads only version 1.1; remove that line")


def _is_version_read(text: str) -> bool:
    """Return whether the first document states no other version. Raises InputError where it may not be composed."""
    try:
        for event in plainyaml.events(text, _MappingLoader):
            if isinstance(event, yaml.DocumentStartEvent) and event.version not in {None, (1, 1)}:
                return False
            if isinstance(event, yaml.DocumentEndEvent):
                break
    except InputError as error:
        raise InputError(f"the portal cannot read rolesMapping: {error}") from None
    return True


class _MappingReader:
    def __init__(self) -> None:
        self.notices: list[str] = []

    def connectors(self, top: yaml.Node) -> tuple[_Connector, ...]:
        return tuple(self._connector(node) for node in _items(top))

    def _connector(self, node: yaml.Node) -> _Connector:
        name, groups = "", tuple[_Group, ...]()
        for key, value in _members(node):
            if key == "connectorId":
                name = _text(value)
            elif key == "groups":
                groups = tuple(self._group(item) for item in _items(value))
        if not name:
            self.notices.append(f"{_at(node)}an entry has no connectorId, so its groups give no role.")
        return _Connector(name, groups)

    def _group(self, node: yaml.Node) -> _Group:
        name, roles, earlier = "", tuple[str, ...](), False
        for key, value in _members(node):
            if key == "id":
                name = _text(value)
            elif key == "roles":
                roles = tuple(_text(item) for item in _items(value))
            elif key == "role":
                earlier = bool(_text(value))  # unused by Epinio, yet a list there stops it
        if earlier and not roles:
            self.notices.append(
                f"{_at(node)}the group has the key role, which an earlier Epinio read; now only roles applies."
            )
        return _Group(name, roles)


def _items(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif not _is_null(node):
        raise InputError(f"{_at(node)}a list is required; {_FORM}")


def _members(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        if _is_null(node):
            return
        raise InputError(f"{_at(node)}a map is required; {_FORM}")
    for key, value in node.value:
        yield _text(key), value


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise InputError(f"{_at(node)}a string is required; {_FORM}")
    if node.tag.startswith(_CORE) and node.tag not in {_TEXT, _NULL}:
        raise InputError(f"{_at(node)}a tag such as !!int is not supported; put the text in quotes")
    return "" if _is_null(node) else str(node.value)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def _at(node: yaml.Node) -> str:
    return f"rolesMapping, line {node.start_mark.line + 1}: "
