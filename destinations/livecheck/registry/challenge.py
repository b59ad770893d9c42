"""What a token says that it grants: the claim `access` of a JWT, read and never verified. Pure.

Source: the distribution project's token specification (docs/spec/auth/jwt.md). The registry verifies it; the portal only
wants to know whether an upload has to be opened to find out.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

_VISIBLE = re.compile(r"[\x21-\x7e]+")
_NEEDED = frozenset({"pull", "push"})


def is_token(text: str) -> bool:
    """Return whether a token service's answer can be in a header at all."""
    return bool(_VISIBLE.fullmatch(text))


def may_push(token: str, repository: str) -> bool | None:
    """Return whether the token grants pull and push for the repository; None where it does not say what it grants."""
    access = _access(token)
    if access is None:
        return None
    granted = {
        action
        for entry in access
        if (entry.get("type"), entry.get("name")) == ("repository", repository)
        for action in _words(entry.get("actions"))
    }
    return "*" in granted or granted >= _NEEDED


def _words(value: Any) -> list[str]:  # noqa: ANN401 - anything that JSON holds
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _access(token: str) -> list[dict[str, Any]] | None:
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return None
    access = claims.get("access") if isinstance(claims, dict) else None
    is_list = isinstance(access, list) and all(isinstance(entry, dict) for entry in access)
    return access if is_list else None


_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_TOKEN = re.compile(_WORD)
_OF_HELM = re.compile(rf"""[ \t]*({_WORD})[ \t]*=[ \t]*("(?:[^"\\]|\\["\\])*"|{_WORD})[ \t]*""")
_OF_SKOPEO = re.compile(rf"""[ \t]*({_WORD})=("(?:[^"\\]|\\.)+"|{_WORD})[ \t]*""")
_INNER = tuple(  # IsLoopback, IsLinkLocalUnicast, IsLinkLocalMulticast, IsPrivate and IsUnspecified of Go's package net
    ip_network(text)
    for text in (
        *("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/24", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("0.0.0.0/32", "::1/128", "fe80::/10", "ff02::/16", "fc00::/7", "::/128"),
    )
)
_QUAY_PATH = "/v2/auth"


class Scheme(StrEnum):
    BASIC = "basic"
    BEARER = "bearer"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge; `realm`, `service` and `scope` are empty unless it is Bearer's. All three are the server's words."""

    scheme: Scheme
    realm: str = ""
    service: str = ""
    scope: str = ""

    @property
    def may_create(self) -> bool:
        """Whether to ask this token service for push may create the repository, as Quay's does."""
        return urlsplit(self.realm).path.rstrip("/") == _QUAY_PATH if _is_url(self.realm) else False


def for_helm(lines: Sequence[str]) -> Challenge | None:
    """Return the challenge that Helm answers, None where it gives up."""
    return _read(lines[0], _OF_HELM) if lines else None


def for_skopeo(lines: Iterable[str]) -> Challenge | None:
    """Return the challenge that skopeo answers, None where it pushes without credentials."""
    return next((challenge for line in lines if (challenge := _read(line, _OF_SKOPEO))), None)


def _read(line: str, parameter: re.Pattern[str]) -> Challenge | None:
    start = _TOKEN.match(line)
    if not start or start[0].lower() not in set(Scheme):
        return None
    scheme = Scheme(start[0].lower())
    if scheme is Scheme.BASIC:
        return Challenge(scheme)
    parameters: dict[str, str] = {}
    position = start.end()
    while match := parameter.match(line, position):
        name, value = match[1] if parameter is _OF_HELM else match[1].lower(), match[2]
        parameters[name] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        position = match.end()
        if line[position : position + 1] != ",":
            break
        position += 1
    return Challenge(scheme, *(parameters.get(name, "") for name in ("realm", "service", "scope")))


def helm_refuses(realm: str, registry: str) -> bool:
    """Return whether Helm takes no token from there (validateRealm); `registry` is a host without its port."""
    if not realm:
        return False
    if not _is_url(realm) or urlsplit(realm).scheme != "https":
        return True
    name = urlsplit(realm).hostname or ""
    try:
        address = ip_address(name)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return name != registry and any(address in network for network in _INNER)


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:
        return False
