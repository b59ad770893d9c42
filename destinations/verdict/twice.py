"""A configuration that was encoded in base64 once too often: how to tell, and what is inside. Pure."""

from __future__ import annotations

import json
import re
from base64 import b64decode

_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]+={0,2}")
_LEAST = 8
_MAX_LAYERS = 3
SAID = "It was encoded in base64 once too often."


def undone(text: str) -> tuple[str, int]:
    """Return the text inside and how many layers of base64 were taken off; as it is, and 0, where there are none.

    Taken off only where a JSON object or a YAML map is inside.
    """
    inner = text
    for layer in range(1, _MAX_LAYERS + 1):
        found = _inside(inner)
        if found is None:
            break
        inner = found
        if inner.lstrip()[:1] == "{" or re.match(r"\s*(?:---\s+)?[A-Za-z.]+:\s", inner):
            return inner, layer
    return text, 0


def _inside(text: str) -> str | None:
    if text.lstrip().startswith('"{'):  # JSON in a JSON text
        return _unquoted(text)
    plain = text.strip().strip("\"'")
    if len(plain) < _LEAST or not _BASE64.fullmatch(plain):
        return None
    compact = "".join(plain.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(compact + "=" * (-len(compact) % 4), validate=True).decode("utf-8-sig")
    except ValueError:
        return None


def _unquoted(text: str) -> str | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, str) else None
