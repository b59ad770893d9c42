"""What a token says that it grants: the claim `access` of a JWT, read and never verified. Pure.

Source: the distribution project's token specification (docs/spec/auth/jwt.md). The registry verifies it; the portal only
wants to know whether an upload has to be opened to find out.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from binascii import Error as BinasciiError
from typing import Any

_PARTS = 3
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_NEEDED = frozenset({"pull", "push"})


def is_token(text: str) -> bool:
    """Say whether a token service's answer can stand in a header at all."""
    return bool(_VISIBLE.fullmatch(text))


def may_push(token: str, repository: str) -> bool | None:
    """Say whether the token grants pull and push for the repository; None where it does not say what it grants."""
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
    parts = token.split(".")
    if len(parts) != _PARTS:
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (BinasciiError, ValueError, RecursionError):
        return None
    access = claims.get("access") if isinstance(claims, dict) else None
    is_list = isinstance(access, list) and all(isinstance(entry, dict) for entry in access)
    return access if is_list else None
