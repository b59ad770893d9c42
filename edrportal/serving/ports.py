"""What is served where: a listening socket, the application behind it, and what may be asked of it at once."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from wsgiref.types import WSGIApplication

from edrportal.serving.certificate import Certificate
from edrportal.serving.limits import Limits

_BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Places:
    """So many requests at once of the paths that begin so, or are so; each waits for a place up to so many seconds."""

    paths: tuple[str, ...]
    count: int
    wait: float
    what: str = "requests"
    are_whole: bool = False

    def fit(self, path: str) -> bool:
        return path in self.paths if self.are_whole else path.startswith(self.paths)


@dataclass(frozen=True, slots=True)
class Site:
    """An application, and the places for its requests: the first that fit; `streams` may go on for long beside them."""

    application: WSGIApplication
    bounds: Limits
    places: tuple[Places, ...]
    streams: int = 0

    @property
    def threads(self) -> int:
        return sum(one.count for one in self.places) + self.streams


@dataclass(frozen=True, slots=True)
class Port:
    listener: socket.socket
    site: Site
    certificate: Certificate | None = None


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(_BACKLOG)
    except OSError:
        taken.close()
        raise
    return taken
