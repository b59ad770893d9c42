"""What a text of certificates may be wrapped in: UTF-16, a byte order mark, base64, escapes of a URL or of HTML. Pure."""

from __future__ import annotations

import html
import re
from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import unquote

_BASE64_TEXT = re.compile(r"[A-Za-z0-9+/_\s-]*={0,2}")
_BASE64_OF_PEM = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]*={0,2}")
"""base64 of `-----BEGIN `: a block inside a manifest."""
_LONG_RUN = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")
"""What may be a block in base64 that begins with a comment or an empty line; most are bodies on one line."""
_DER = {bytes([0x30, size]) for size in (0x80, 0x81, 0x82, 0x83)}
_LEAST = 40
_MAX_LAYERS = 4


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """The text inside, or, where there is none, the bytes (`data`); and what had to be done, as clauses."""

    text: str
    data: bytes
    notes: tuple[str, ...]


def unwrap(raw: bytes) -> Unwrapped:
    """Return what the bytes hold. A text that is no UTF-8 keeps its foreign bytes as surrogates."""
    notes: list[str] = []
    data, text = raw, ""
    for _ in range(_MAX_LAYERS):
        text, said = _text(data)
        inner, decoded = _decoded(text)
        notes += [*said, *decoded]
        if inner is None:
            break
        data = inner
    text, said = _unescaped(text)
    return Unwrapped(text, data, tuple(dict.fromkeys([*notes, *said])))


def base64(text: str) -> bytes | None:
    """Return the bytes of base64 with blanks, the URL alphabet, or no padding; None for anything else."""
    compact = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError:
        return None


def _text(data: bytes) -> tuple[str, list[str]]:
    codec, name = "utf-8", ""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec, name = "utf-16", "UTF-16"
    elif b"\0-\0-\0-" in data[:400] or b"-\0-\0-\0" in data[:400]:
        big = data.find(b"\0-\0-") % 2 == 0 and data[:1] == b"\0"
        codec, name = ("utf-16-be" if big else "utf-16-le"), "UTF-16"
    text = data.decode(codec, "surrogateescape" if codec == "utf-8" else "replace")
    said = ["It was text in UTF-16 and was read as such."] if name else []
    if "\ufeff" in text:
        text = text.replace("\ufeff", "")
        said += [] if name else ["A byte order mark was left out."]
    return text, said


def _decoded(text: str) -> tuple[bytes | None, list[str]]:
    """Return what is in base64 as a whole or in part, where a PEM text or DER is inside."""
    whole = text.strip().strip("\"'")
    if len(whole) >= _LEAST and _BASE64_TEXT.fullmatch(whole):
        found = base64(whole)
        if found and (b"BEGIN " in found or found[:14] == b"LS0tLS1CRUdJTi"):
            return found, ["It was encoded in base64 once too often and was decoded."]
        if found and found[:2] in _DER:
            return found, ["It had no BEGIN and END lines, which were added."]
    inner = _BASE64_OF_PEM.sub(_replacement, text) if "LS0tLS1CRUdJTi" in text else text
    inner = _LONG_RUN.sub(_replacement_of_run, inner)
    if inner == text:
        return None, []
    return inner.encode("utf-8", "surrogateescape"), ["What was encoded in base64 inside it was decoded."]


def _replacement(found: re.Match[str]) -> str:
    inner = base64(found[0])
    return found[0] if inner is None else "\n" + inner.decode("utf-8", "surrogateescape") + "\n"


def _replacement_of_run(found: re.Match[str]) -> str:
    inner = base64(found[0]) or b""
    return _replacement(found) if b"-----BEGIN " in inner or inner[:14] == b"LS0tLS1CRUdJTi" else found[0]


def _unescaped(text: str) -> tuple[str, list[str]]:
    said = ["Escaped characters were written out."]
    if re.search(r"BEGIN(?:%20|\+)[A-Z0-9]", text):
        return unquote(text.replace("BEGIN+", "BEGIN ").replace("END+", "END ")), said
    if re.search(r"&#(?:[0-9]{1,5}|x[0-9A-Fa-f]{1,5});", text):
        return html.unescape(text), said
    return text, []
