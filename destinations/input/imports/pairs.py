"""User name and password out of `auth`, also where it was not encoded as Docker does. Pure."""

from __future__ import annotations

import re
from base64 import b64decode

_TEXT = re.compile(r"[A-Za-z0-9+/]*")
_BASIC = re.compile(r"basic\s+", re.IGNORECASE)
LATIN = "auth was not in UTF-8: it was read as Latin-1. Check characters that are not ASCII."
_UTF_16 = "auth was in UTF-16 and was read as such."
_TWICE = "auth was encoded in base64 once too often."
_CLEAR = "auth was not encoded in base64."
_MAX_LAYERS = 3


class Unreadable(ValueError):
    """`auth` holds no user name and password; the text says why, for a sentence, and holds nothing of it."""


def of_auth(auth: str) -> tuple[str, str, str]:
    """Return user name, password, and what was unusual, as a sentence (empty for nothing). Raises Unreadable.

    Missing padding, the URL alphabet and line breaks between do not matter: `auth` is written again.
    """
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
        raise Unreadable("holds no colon, so user name and password cannot be told apart")
    username, colon, password = auth.partition(":")
    if colon and username and password and "://" not in auth:
        return username, password, _CLEAR
    raise Unreadable("is not whole base64")


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
