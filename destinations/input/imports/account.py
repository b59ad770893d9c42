"""What an import finds: accounts, each with its registry where the file names one. Pure; nothing here prints a secret."""

from __future__ import annotations

import json
import re
from base64 import b64decode, urlsafe_b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime

from destinations.model import InputError
from destinations.secret.masking import masked_key

SCHEME = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://")
_API_PATH = re.compile(r"(\A|/)v[12]\Z")
_HUB = {"index.docker.io", "registry-1.docker.io"}


@dataclass(frozen=True, slots=True)
class ImportedAccount:
    """Who pushes, with which password, where. `host` is empty where the file does not say; `expires_on` is an ISO date."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    host: str = field(default="", repr=False)
    organization: str = field(default="", repr=False)
    expires_on: str = ""

    @property
    def address(self) -> str:
        return masked_key(f"{self.host}/{self.organization}" if self.organization else self.host)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The accounts of a file in its order, and what of it is left out, as sentences."""

    accounts: tuple[ImportedAccount, ...]
    left_out: tuple[str, ...] = ()


def address(key: str) -> tuple[str, str]:
    """Return host and organization of a key of `auths`: without scheme, account and /v1/, Docker Hub by its name here."""
    host, _, path = SCHEME.sub("", key.strip()).partition("/")
    host = host.rpartition("@")[2]
    return ("docker.io" if host in _HUB else host), _API_PATH.sub("", path.strip("/")).strip("/")


def choose(found: ImportResult, wanted: str) -> ImportedAccount | None:
    """Return the account of a host, or the only one; None where several are left to choose from, or none is of it."""
    accounts = [one for one in found.accounts if not wanted or not one.host or wanted in {one.host, one.address}]
    exact = [one for one in accounts if one.address == wanted]
    left = exact or accounts
    return left[0] if len(left) == 1 else None


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


_TEXT = re.compile(r"[A-Za-z0-9+/]*")
_BASIC = re.compile(r"basic\s+", re.IGNORECASE)
LATIN = "auth was not in UTF-8: it was read as Latin-1. Check characters that are not ASCII."
_UTF_16 = "auth was in UTF-16 and was read as such."
_TWICE = "auth was encoded in base64 once too often."
_CLEAR = "auth was not encoded in base64."
_MAX_LAYERS = 3


def of_auth(auth: str) -> tuple[str, str, str]:
    """Return user name, password, and what was unusual (a sentence, or empty). Raises InputError: the end of one."""
    bare = _BASIC.sub("", auth.strip(), count=1) if auth.strip()[:5].lower() == "basic" else auth.strip()
    said = ""
    for layer in range(_MAX_LAYERS):
        raw = _decoded(bare)
        if raw is None:
            break
        text, how = _text(raw)
        said = said or how or (_TWICE if layer else "")
        if ":" in text:
            username, _, password = text.partition(":")
            return username, password.rstrip("\0"), said  # Docker pads with it
        bare = text.strip()
    if said or _decoded(auth.strip()) is not None:
        raise InputError("holds no colon, so user name and password cannot be told apart")
    username, colon, password = auth.partition(":")
    if colon and username and password and "://" not in auth:
        return username, password, _CLEAR
    raise InputError("is not whole base64")


def _decoded(text: str) -> bytes | None:
    compact = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    if not _TEXT.fullmatch(compact):
        return None
    try:
        return b64decode(compact + "=" * (-len(compact) % 4), validate=True) or None
    except ValueError:
        return None


def _text(raw: bytes) -> tuple[str, str]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace"), _UTF_16
    if raw[1::2].strip(b"\0") == b"" and len(raw) > 2 and len(raw) % 2 == 0:  # noqa: PLR2004 - more than one character
        return raw.decode("utf-16-le", "replace"), _UTF_16
    try:
        return raw.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return raw.decode("latin-1"), LATIN
