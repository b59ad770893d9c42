"""The address at which browsers find the portal: host checks, cookies, CSRF origins and single sign-on go by it."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")
"""What Django takes for a host, in small letters: a browser sends nothing else."""


def normalize(stated: str) -> str:
    """Return the origin as browsers write it; what is no such address comes back stripped, and `fault` says why."""
    text = stated.strip()
    if fault(text):
        return text
    parts = urlsplit(text)
    scheme = parts.scheme.lower()
    port = "" if parts.port in {None, _DEFAULT_PORTS[scheme]} else f":{parts.port}"
    return f"{scheme}://{_host(parts)}{port}"


def host(url: str) -> str:
    with suppress(ValueError):
        return _host(urlsplit(url))
    return ""


def fault(stated: str) -> str:
    """Return what is wrong with the address, as the end of a sentence that begins with its variable; empty for nothing."""
    text = stated.strip()
    try:
        parts = urlsplit(text)
        port, name = parts.port, _host(parts)
    except ValueError:
        return "is not an http:// or https:// address"
    if parts.scheme.lower() not in _DEFAULT_PORTS or not name or "\\" in text:
        return "is not an http:// or https:// address"
    if "@" in parts.netloc:
        return "contains a user name, which the address of a page cannot have"
    if parts.path not in {"", "/"} or "?" in text or "#" in text:
        return "has a path: the portal is served at the root of a host, such as https://portal.example.com"
    if port == 0 or not _HOST.fullmatch(name):
        return "has a host or a port that no browser can use"
    return ""


def _host(parts: SplitResult) -> str:
    """Return the host in small letters and Punycode. Raises ValueError (UnicodeError is one)."""
    name = (parts.hostname or "").removesuffix(".")
    if ":" in name:
        return f"[{name}]"
    return name if name.isascii() else name.encode("idna").decode()
