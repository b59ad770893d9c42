"""The host of a registry on its way into Helm's HTTP requests.

Mirrors oras-go registry/reference.go (Host), net/http (removeEmptyPort, removeZone) and
golang.org/x/net/http/httpguts (PunycodeHostPort, ValidHostHeader).
"""

from __future__ import annotations

import re

from destinations.golang import godial, goidna

_HUB_API = "registry-1.docker.io"
HUB = frozenset({"docker.io", "index.docker.io", _HUB_API})
"""All names of Docker Hub's registry."""

_HEADER = re.compile(r"[A-Za-z0-9!$%&'()*+,.:;=@\[\]_~-]*")
_ZONE = re.compile(r"^(\[[^\]%]*)%.*\]")


def api_host(host: str) -> str:
    """Return the host that ORAS talks to: Docker Hub's API stands under a name of its own."""
    return _HUB_API if host == "docker.io" else host


def requested(host: str) -> str:
    """Return the host as a request of ORAS names it, the one that its credentials are looked up for."""
    host = api_host(host)
    return host.removesuffix(":") if host.rfind(":") > host.rfind("]") else host


def problem(asked: str) -> str:
    """Return in Go's words why no request can be sent to a host that was read as a URL's; empty where one can."""
    found = godial.dial_problem(asked) if asked else "http: no Host in request URL"
    if not found:
        try:
            goidna.to_ascii(asked)
        except goidna.PunycodeError as error:
            return str(error)
    return found


def sent(host: str) -> str:
    """Return the Host header of such a request: in ASCII, without an IPv6 zone; empty where it would be invalid."""
    ascii_host = goidna.to_ascii(host)
    if not _HEADER.fullmatch(ascii_host):
        return ""
    return _ZONE.sub(r"\1]", ascii_host)
