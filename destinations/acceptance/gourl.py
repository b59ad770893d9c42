"""Go's `net/url` as of Go 1.25: what `Parse` and `ParseRequestURI` refuse, in Go's words, and the host they find.

Text stands for Go's byte strings: bytes that are no UTF-8 are Python's surrogate escapes.
"""

from __future__ import annotations

import re
import string

from destinations.acceptance.goip import AddressError, check_address
from destinations.acceptance.gostrings import quote

_HOST_BYTES = frozenset((string.ascii_letters + string.digits + "-_.~!$&'()*+,;=:[]<>\"").encode())
_PLAIN_HOST = re.compile(r"[A-Za-z0-9.:_-]*")
_HEX_PAIR = re.compile(rb"%[0-9A-Fa-f]{2}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PORT = re.compile(r"(?::[0-9]*)?", re.ASCII)
_USERINFO = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")


class URLError(ValueError):
    """Text that Go's `net/url` refuses; the message is Go's."""


def host_of(raw: str) -> str:
    """Return the host of the URL that `url.Parse` makes of `raw`, often empty.

    Raises URLError in Go's words: `parse "…": …`.
    """
    before, _, fragment = raw.partition("#")
    try:
        host = _host_of(before)
    except URLError as error:
        raise URLError(f"parse {quote(before)}: {error}") from None
    try:
        _unescape(fragment, "fragment")
    except URLError as error:
        raise URLError(f"parse {quote(raw)}: {error}") from None
    return host


def is_authority(text: str) -> bool:
    """Whether ORAS takes `text` for a registry: `ParseRequestURI("dummy://" + text)` keeps it whole as the host."""
    try:
        return bool(text) and _host_of("dummy://" + text) == text
    except URLError:
        return False


def _host_of(raw: str) -> str:
    """Split a URL without its fragment; everything is checked, and the host alone is kept."""
    if _CONTROL.search(raw):
        raise URLError("net/url: invalid control character in URL")
    if raw.startswith(":"):
        raise URLError("missing protocol scheme")
    scheme = _SCHEME.match(raw)
    rest = raw[scheme.end() :] if scheme else raw
    rest = rest.partition("?")[0]
    if not rest.startswith("/"):
        if scheme:
            return ""  # a rootless path is opaque, and never unescaped
        if ":" in rest.partition("/")[0]:
            raise URLError("first path segment in URL cannot contain colon")
    host = ""
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        host = _authority(authority)
        rest = slash + path
    _unescape(rest, "path")
    return host


def _authority(authority: str) -> str:
    userinfo, mark, host = authority.rpartition("@")
    host = _host(host)
    if mark and not _USERINFO.fullmatch(userinfo):
        raise URLError("net/url: invalid userinfo")
    for part in userinfo.split(":", 1):
        _unescape(part, "user")
    return host


def _host(host: str) -> str:
    bracket = host.rfind("[")
    if bracket > 0:
        raise URLError("invalid IP-literal")
    if bracket == 0:
        return _ip_literal(host)
    if ":" in host:
        _check_port(host[host.rindex(":") :])
    return _unescape(host, "host")


def _ip_literal(host: str) -> str:
    closing = host.rfind("]")
    if closing < 0:
        raise URLError("missing ']' in host")
    port = host[closing + 1 :]
    _check_port(port)
    name, zone_mark, zone = host[1:closing].partition("%25")
    address = _unescape(name, "host") + (_unescape(zone_mark + zone, "zone") if zone_mark else "")
    try:
        version = check_address(address)
    except AddressError as error:
        raise URLError(f"invalid host: {error}") from None
    if version == 4:  # noqa: PLR2004 - IPv4 takes no brackets
        raise URLError("invalid IP-literal")
    return f"[{address}]{port}"


def _check_port(port: str) -> None:
    if not _PORT.fullmatch(port):
        raise URLError(f"invalid port {quote(port)} after host")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _unescape(text: str, mode: str) -> str:
    if "%" not in text and (mode not in {"host", "zone"} or _PLAIN_HOST.fullmatch(text)):
        return text
    raw = _bytes(text)
    out = bytearray()
    at = 0
    while at < len(raw):
        if raw[at] == ord("%"):
            out.append(_unescaped_byte(raw, at, mode))
            at += 3
            continue
        if mode in {"host", "zone"} and raw[at] < 0x80 and raw[at] not in _HOST_BYTES:  # noqa: PLR2004 - ASCII
            raise URLError(f"invalid character {quote(chr(raw[at]))} in host name")
        out.append(raw[at])
        at += 1
    return _text(bytes(out))


def _unescaped_byte(raw: bytes, at: int, mode: str) -> int:
    spelled = raw[at : at + 3]
    refused = URLError(f"invalid URL escape {quote(_text(spelled))}")
    if not _HEX_PAIR.fullmatch(spelled):
        raise refused
    byte = int(spelled[1:], 16)
    if spelled == b"%25":
        return byte
    if mode == "host" and byte < 0x80:  # noqa: PLR2004 - only bytes beyond ASCII may be escaped in a host
        raise refused
    if mode == "zone" and byte != ord(" ") and byte not in _HOST_BYTES:
        raise refused
    return byte
