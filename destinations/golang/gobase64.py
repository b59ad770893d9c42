"""Go's `base64.StdEncoding`: skips CR and LF, wants padding, refuses every other foreign byte."""

from __future__ import annotations

import re
from base64 import b64decode

from destinations.golang.gostrings import GoError

WHOLE = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def decode(text: str) -> bytes:
    """`base64.StdEncoding.DecodeString`: ignores stray bits in the last character. Raises GoError."""
    raw = text.encode("utf-8", "surrogateescape")
    plain = raw.replace(b"\r", b"").replace(b"\n", b"")
    if WHOLE.fullmatch(plain):
        return b64decode(plain)
    raise GoError(f"illegal base64 data at input byte {_offset(raw)}")


def decode_pair(text: str) -> tuple[str, str] | None:
    """Return user name and password of an `auth`, None without a colon. Raises GoError. Odd bytes are surrogate escapes."""
    user, colon, password = decode(text).decode("utf-8", "surrogateescape").partition(":")
    return (user, password) if colon else None


def decode_leniently(text: str) -> bytes | None:
    """Return the bytes of base64 with spaces, the URL alphabet, or no padding; None for anything else."""
    compact = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError:
        return None


def _offset(raw: bytes) -> int:
    """Return the offset in Go's message: the first foreign byte, or where the padding is wrong or missing."""
    seen = 0
    for index, byte in enumerate(raw):
        if byte in b"\r\n":
            continue
        if byte == ord("="):
            return _offset_of_padding(raw, index, seen)
        if not (chr(byte).isascii() and (chr(byte).isalnum() or byte in b"+/")):
            return index
        seen = (seen + 1) % 4
    return len(raw) - seen


def _offset_of_padding(raw: bytes, index: int, seen: int) -> int:
    rest = [(place, byte) for place, byte in enumerate(raw[index + 1 :], index + 1) if byte not in b"\r\n"]
    if seen < 2:  # noqa: PLR2004 - a quantum needs two characters before padding
        return index
    if seen == 2:  # noqa: PLR2004
        if not rest:
            return len(raw)
        place, byte = rest.pop(0)
        if byte != ord("="):
            return place
    return rest[0][0] if rest else len(raw)
