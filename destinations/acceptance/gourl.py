"""Go's `net/url` as of Go 1.25: `Parse`, `ParseRequestURI` and `URL.String`, with Go's messages.

Text stands for Go's byte strings: bytes that are no UTF-8 are Python's surrogate escapes.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, replace

from destinations.acceptance.goip import AddressError, check_address
from destinations.acceptance.gostrings import quote

_UNRESERVED = string.ascii_letters + string.digits + "-_.~"
_PLAIN = {
    "host": frozenset((_UNRESERVED + "!$&'()*+,;=:[]<>\"").encode()),
    "path": frozenset((_UNRESERVED + "$&+,/:;=@").encode()),
    "user": frozenset((_UNRESERVED + "$&+,;=").encode()),
    "fragment": frozenset((_UNRESERVED + "!$&()*+,/:;=?@").encode()),
}
_PLAIN["zone"] = _PLAIN["host"]
_VALID_EXTRA = frozenset(b"!$&'()*+,;=:@[]%")
_HEX_PAIR = re.compile(rb"%[0-9A-Fa-f]{2}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PORT = re.compile(r"(?::[0-9]*)?", re.ASCII)
_USERINFO = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")


class URLError(ValueError):
    """Text that Go's `net/url` refuses; the message is Go's."""


@dataclass(frozen=True, slots=True)
class URL:
    """The parts of a URL as Go splits them; `user` is None where there is no `@`."""

    scheme: str = ""
    opaque: str = ""
    user: str | None = None
    host: str = ""
    path: str = ""
    raw_path: str = ""
    query: str | None = None
    fragment: str = ""
    raw_fragment: str = ""

    def __str__(self) -> str:
        """Return what Go's `URL.String` returns for a URL with a scheme."""
        return f"{self.scheme}:{self._middle()}{self._tail()}"

    def _middle(self) -> str:
        if self.opaque:
            return self.opaque
        user = "" if self.user is None else self.user + "@"
        path = _escaped(self.path, self.raw_path, "path")
        return ("//" if user or self.host or self.path else "") + user + _escape(self.host, "host") + path

    def _tail(self) -> str:
        query = "" if self.query is None else "?" + self.query
        return query + ("#" + _escaped(self.fragment, self.raw_fragment, "fragment") if self.fragment else "")


def parse(raw: str) -> URL:
    """Return what `url.Parse` returns. Raises URLError in Go's words: `parse "…": …`."""
    before, _, fragment = raw.partition("#")
    try:
        url = _parse(before)
    except URLError as error:
        raise URLError(f"parse {quote(before)}: {error}") from None
    try:
        return replace(url, fragment=_unescape(fragment, "fragment"), raw_fragment=fragment) if fragment else url
    except URLError as error:
        raise URLError(f"parse {quote(raw)}: {error}") from None


def is_authority(text: str) -> bool:
    """Whether ORAS takes `text` for a registry: `ParseRequestURI("dummy://" + text)` keeps it whole as the host."""
    try:
        return bool(text) and _parse("dummy://" + text).host == text
    except URLError:
        return False


def without_empty_port(host: str) -> str:
    """Return the host as `net/http` puts it into a request: `host:` loses its colon."""
    return host.removesuffix(":") if host.rfind(":") > host.rfind("]") else host


def _parse(raw: str) -> URL:
    """Split a URL without its fragment. A rootless or relative text without a scheme never comes here."""
    if _CONTROL.search(raw):
        raise URLError("net/url: invalid control character in URL")
    match = _SCHEME.match(raw)
    if not match:
        raise URLError("missing protocol scheme" if raw.startswith(":") else "first path segment in URL cannot contain colon")
    scheme, rest = match[1].lower(), raw[match.end() :]
    rest, mark, query = rest.partition("?")
    asked = query if mark else None
    if not rest.startswith("/"):
        return URL(scheme=scheme, opaque=rest, query=asked)
    user, host = None, ""
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        user, host = _authority(authority)
        rest = slash + path
    return URL(scheme=scheme, user=user, host=host, path=_unescape(rest, "path"), raw_path=rest, query=asked)


def _authority(authority: str) -> tuple[str | None, str]:
    userinfo, mark, host = authority.rpartition("@")
    host = _host(host)
    if not mark:
        return None, host
    if not _USERINFO.fullmatch(userinfo):
        raise URLError("net/url: invalid userinfo")
    return ":".join(_escape(_unescape(part, "user"), "user") for part in userinfo.split(":", 1)), host


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


def _escape(text: str, mode: str) -> str:
    plain = _PLAIN[mode]
    return _text(b"".join(bytes([byte]) if byte in plain else b"%%%02X" % byte for byte in _bytes(text)))


def _escaped(text: str, raw: str, mode: str) -> str:
    """Return `URL.EscapedPath` or `EscapedFragment`: what was typed, where that is a valid spelling."""
    if raw and all(byte in _PLAIN[mode] or byte in _VALID_EXTRA for byte in _bytes(raw)):
        return raw
    return text if text == "*" and mode == "path" else _escape(text, mode)


def _unescape(text: str, mode: str) -> str:
    if "%" not in text and mode not in {"host", "zone"}:
        return text
    raw = _bytes(text)
    out = bytearray()
    at = 0
    while at < len(raw):
        if raw[at] == ord("%"):
            out.append(_unescaped_byte(raw, at, mode))
            at += 3
            continue
        if mode in {"host", "zone"} and raw[at] < 0x80 and raw[at] not in _PLAIN[mode]:  # noqa: PLR2004 - ASCII
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
    if mode == "zone" and byte != ord(" ") and byte not in _PLAIN["host"]:
        raise refused
    return byte
