"""Which version of Epinio runs beside the portal, as its Deployment says; remembered, and asked anew aside from pages."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock, Thread
from typing import TYPE_CHECKING

from destinations.cluster.port import ClusterError, Forbidden, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from destinations.cluster.port import Cluster

LIFE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    """The text of the label, or in `why` what kept it from being read: a half sentence, empty where it was read."""

    label: str = ""
    why: str = ""


class Deployed:
    """What one cluster's Deployment said last; safe for threads."""

    def __init__(self, cluster: Cluster, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep the cluster; nothing is asked yet."""
        self._cluster = cluster
        self._clock = clock
        self._lock = Lock()
        self._found: Found | None = None
        self._asked_at = 0.0

    def found(self) -> Found:
        """Return what is known. The first question waits for the answer; later ones get the last, and a thread asks anew."""
        with self._lock:
            if self._found is None:
                self._found, self._asked_at = self._ask(), self._clock()
            elif self._clock() - self._asked_at > LIFE_SECONDS:
                self._asked_at = self._clock()
                Thread(target=self._renew, name="epinio-version", daemon=True).start()
            return self._found

    def _renew(self) -> None:
        found = self._ask()
        with self._lock:
            self._found = found

    def _ask(self) -> Found:
        try:
            return Found(self._cluster.server_version())
        except NotFound:
            return Found(why="there is no Deployment of Epinio here")
        except Forbidden:
            return Found(why="Kubernetes does not let the portal look at Epinio's Deployment")
        except ClusterError:
            return Found(why="Epinio's Deployment could not be read")
