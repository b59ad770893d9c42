"""Percent-encoding in Go's `net/url`: `escape`, `unescape` and `validEncoded`, each with the set of its part of a URL.

Text stands for Go's byte strings: bytes that are not UTF-8 are Python's surrogate escapes.
"""

from __future__ import annotations

import re
from enum import Enum

from destinations.golang.gostrings import GoError, quote

_UNRESERVED = r"A-Za-z0-9\-_.~"
_HOST = _UNRESERVED + r"!$&'()*+,;=:\[\]<>\""
_SUB_DELIMITERS = r"!$&'()*+,;=:@\[\]%"
_HEX_PAIR = re.compile(rb"%[0-9A-Fa-f]{2}")


class Part(Enum):
    """A part of a URL: the characters that it holds unescaped, and those that it keeps where they are found."""

    HOST = (_HOST, "")
    ZONE = (_HOST, "zone")  # of an IPv6 address; an equal pair would be another name of the same member
    USER = (_UNRESERVED + "$&+,;=", "")
    PATH = (_UNRESERVED + "$&+,/:;=@", _UNRESERVED + "/" + _SUB_DELIMITERS)
    FRAGMENT = (_UNRESERVED + "$&+,/:;=?@!()*", _UNRESERVED + "/?" + _SUB_DELIMITERS)

    def __init__(self, plain: str, kept: str) -> None:
        self.plain = re.compile(f"[{plain}]*")
        self.kept = re.compile(f"[{kept or plain}]*")
        self.escaped = re.compile(f"[^{plain}]".encode())


def escape(text: str, part: Part) -> str:
    if part.plain.fullmatch(text):
        return text
    return part.escaped.sub(lambda match: b"%%%02X" % match[0][0], _bytes(text)).decode("ascii")


def reescape(raw: str, part: Part) -> str:
    """Return a path or fragment as `URL.String` prints it: as it was read where that is a valid encoding."""
    return raw if part.kept.fullmatch(raw) else escape(unescape(raw, part), part)


def unescape(text: str, part: Part) -> str:
    """Return `text` decoded. Raises GoError; in hosts for every ASCII character that has no place there, too."""
    strict = part in {Part.HOST, Part.ZONE}
    if "%" not in text and (not strict or part.plain.fullmatch(text)):
        return text
    raw = _bytes(text)
    out = bytearray()
    at = 0
    while at < len(raw):
        if raw[at] == ord("%"):
            out.append(_unescaped_byte(raw, at, part))
            at += 3
            continue
        if strict and raw[at] < 0x80 and part.escaped.match(raw, at):  # noqa: PLR2004 - ASCII
            raise GoError(f"invalid character {quote(chr(raw[at]))} in host name")
        out.append(raw[at])
        at += 1
    return _text(bytes(out))


def _unescaped_byte(raw: bytes, at: int, part: Part) -> int:
    spelled = raw[at : at + 3]
    refused = GoError(f"invalid URL escape {quote(_text(spelled))}")
    if not _HEX_PAIR.fullmatch(spelled):
        raise refused
    byte = int(spelled[1:], 16)
    if spelled == b"%25":
        return byte
    if part is Part.HOST and byte < 0x80:  # noqa: PLR2004 - only bytes beyond ASCII may be escaped in a host
        raise refused
    if part is Part.ZONE and byte != ord(" ") and part.escaped.fullmatch(bytes([byte])):
        raise refused
    return byte


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
