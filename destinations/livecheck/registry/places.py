"""Where an address leads that a registry names, read against the origin that named it. Pure; nothing is asked there."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from destinations.livecheck.registry.guard import Approved

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Place:
    """An origin, and the path with its query there. All of it is the server's word; a host may be empty."""

    scheme: str
    host: str
    port: int
    target: str

    def is_at(self, approved: Approved, scheme: str = "https") -> bool:
        """Say whether this is the origin that was approved, under this scheme."""
        return (self.scheme, self.host, self.port) == (scheme, approved.name, approved.port)


def led_to(location: str, path: str, approved: Approved) -> Place:
    """Return the place that `Location` names in the answer to a request for a path; an empty one for what is none."""
    name = f"[{approved.name}]" if ":" in approved.name else approved.name
    try:
        parts = urlsplit(urljoin(f"https://{name}:{approved.port}{path}", location))
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return Place("", "", 0, "")
    target = path_of(parts.geturl())
    sendable = target.isascii() and target.isprintable() and " " not in target and "@" not in parts.netloc
    return Place(parts.scheme, host if sendable else "", port, target)


def path_of(url: str) -> str:
    """Return the path and query of an address, as a request line holds them."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
