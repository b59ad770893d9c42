"""When a credential ends: as the file states it, or as a token states it itself. Pure; verifies no signature."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from datetime import UTC, datetime

_MILLISECONDS = 10**11
"""A number of seconds above this would be after the year 5000."""
_MAX_TOKEN = 16 * 1024
_JWT_PARTS = 3


def stated(end: object) -> datetime | None:
    """Return a time given in seconds or milliseconds since 1970 or as ISO 8601; None for none (Harbor: -1 for never)."""
    try:
        if isinstance(end, str) and not end.strip().lstrip("-").isdigit():
            found = datetime.fromisoformat(end.strip())
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        if isinstance(end, bool) or not isinstance(end, int | float | str):
            return None
        number = float(end)
        return datetime.fromtimestamp(number / (1000 if number > _MILLISECONDS else 1), UTC) if number > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def of_token(password: str) -> datetime | None:
    """Return the end that a token states: `exp` of a JWT, `expiration` of Amazon ECR's; None where it states none."""
    if len(password) > _MAX_TOKEN:
        return None
    parts = password.split(".")
    claims = _json(parts[1], url=True) if len(parts) == _JWT_PARTS and _json(parts[0], url=True) else _json(password)
    return stated(claims.get("exp" if len(parts) == _JWT_PARTS else "expiration")) if claims else None


def day(end: datetime | None) -> str:
    """Return the date in ISO form, as the form has it; empty for none."""
    return end.date().isoformat() if end else ""


def _json(part: str, *, url: bool = False) -> dict[str, object] | None:
    padded = part + "=" * (-len(part) % 4)
    try:
        found = json.loads(urlsafe_b64decode(padded) if url else b64decode(padded, validate=True))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
