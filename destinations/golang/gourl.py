"""URLs as Go parses and writes them, and paths as Go cleans them: net/url (url.go) and path (path.go)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from destinations.golang.goescape import Part, escape, reescape, unescape
from destinations.golang.gonet import check_address
from destinations.golang.gostrings import GoError, quote


def join(*elements: str) -> str:
    """Return what Go's `path.Join` returns: the elements that are not empty, joined by slashes and cleaned."""
    parts = [element for element in elements if element]
    return clean("/".join(parts)) if parts else ""


def clean(path: str) -> str:
    """Return what Go's `path.Clean` returns: no empty part, no `.`, and `..` taken back where that is possible."""
    rooted = path.startswith("/")
    kept: list[str] = []
    for part in path.split("/"):
        if part in {"", "."}:
            continue
        if part != "..":
            kept.append(part)
        elif kept and kept[-1] != "..":
            kept.pop()
        elif not rooted:
            kept.append(part)
    return ("/" if rooted else "") + "/".join(kept) or "."


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PORT = re.compile(r"(?::[0-9]*)?", re.ASCII)
_USERINFO = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_PLAIN_AUTHORITY = re.compile(r"[A-Za-z0-9._-]+(?::[0-9]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class URL:
    """A URL as Go keeps it, its parts as they were read; `user` is None without an `@`, `query` without a `?`."""

    scheme: str = ""
    opaque: str = ""
    user: tuple[str, str | None] | None = None
    host: str = ""
    path: str = ""
    query: str | None = None
    fragment: str = ""
    omit_host: bool = False

    def __str__(self) -> str:
        out = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            out += self.opaque
        else:
            out += self._authority()
            path = reescape(self.path, Part.PATH)
            if path and not path.startswith("/") and self.host:
                out += "/"
            if not out and ":" in path.partition("/")[0]:
                out = "./"
            out += path
        out += "" if self.query is None else f"?{self.query}"
        return out + (f"#{reescape(self.fragment, Part.FRAGMENT)}" if self.fragment else "")

    def _authority(self) -> str:
        if not (self.host or self.path or self.user) or not (self.scheme or self.host or self.user):
            return ""
        if self.omit_host and not self.host and not self.user:
            return ""
        return f"//{self._userinfo()}{escape(self.host, Part.HOST)}"

    def _userinfo(self) -> str:
        if self.user is None:
            return ""
        name, password = self.user
        return escape(name, Part.USER) + ("" if password is None else f":{escape(password, Part.USER)}") + "@"


def parse(raw: str) -> URL:
    """Return the URL that `url.Parse` makes of `raw`. Raises GoError in Go's words: `parse "…": …`."""
    before, _, fragment = raw.partition("#")
    try:
        url = _parse(before, fragment)
    except GoError as error:
        raise GoError(f"parse {quote(before)}: {error}") from None
    try:
        unescape(fragment, Part.FRAGMENT)
    except GoError as error:
        raise GoError(f"parse {quote(raw)}: {error}") from None
    return url


def is_authority(text: str) -> bool:
    """Return whether ORAS takes `text` for a registry: `ParseRequestURI("dummy://" + text)` keeps it whole as the host."""
    if _PLAIN_AUTHORITY.fullmatch(text):
        return True
    try:
        return bool(text) and _parse(f"dummy://{text}", "").host == text
    except GoError:
        return False


def _parse(raw: str, fragment: str) -> URL:
    """Read a URL without its fragment, which is taken over as it is."""
    if _CONTROL.search(raw):
        raise GoError("net/url: invalid control character in URL")
    if raw.startswith(":"):
        raise GoError("missing protocol scheme")
    match = _SCHEME.match(raw)
    scheme = match[1].lower() if match else ""
    rest, mark, found = (raw[match.end() :] if match else raw).partition("?")
    query = found if mark else None
    if not rest.startswith("/"):
        if scheme:
            return URL(scheme, opaque=rest, query=query, fragment=fragment)  # rootless, and never unescaped
        if ":" in rest.partition("/")[0]:
            raise GoError("first path segment in URL cannot contain colon")
    user: tuple[str, str | None] | None = None
    host = ""
    has_authority = rest.startswith("//") and (scheme or not rest.startswith("///"))
    if has_authority:
        authority, slash, path = rest[2:].partition("/")
        user, host = _authority(authority)
        rest = slash + path
    unescape(rest, Part.PATH)
    rootless = bool(scheme) and not has_authority
    return URL(scheme, user=user, host=host, path=rest, query=query, fragment=fragment, omit_host=rootless)


def _authority(authority: str) -> tuple[tuple[str, str | None] | None, str]:
    userinfo, mark, host = authority.rpartition("@")
    host = _host(host)
    if not mark:
        return None, host
    if not _USERINFO.fullmatch(userinfo):
        raise GoError("net/url: invalid userinfo")
    name, colon, password = userinfo.partition(":")
    return (unescape(name, Part.USER), unescape(password, Part.USER) if colon else None), host


def _host(host: str) -> str:
    bracket = host.rfind("[")
    if bracket > 0:
        raise GoError("invalid IP-literal")
    if bracket == 0:
        return _ip_literal(host)
    if ":" in host:
        _check_port(host[host.rindex(":") :])
    return unescape(host, Part.HOST)


def _ip_literal(host: str) -> str:
    closing = host.rfind("]")
    if closing < 0:
        raise GoError("missing ']' in host")
    port = host[closing + 1 :]
    _check_port(port)
    name, zone_mark, zone = host[1:closing].partition("%25")
    address = unescape(name, Part.HOST) + (unescape(zone_mark + zone, Part.ZONE) if zone_mark else "")
    try:
        version = check_address(address)
    except GoError as error:
        raise GoError(f"invalid host: {error}") from None
    if version == 4:  # noqa: PLR2004 - IPv4 takes no brackets
        raise GoError("invalid IP-literal")
    return f"[{address}]{port}"


def _check_port(port: str) -> None:
    if not _PORT.fullmatch(port):
        raise GoError(f"invalid port {quote(port)} after host")
