"""What pages ask of the cluster beside Secrets and remember: namespaces, and the version of Epinio's Deployment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread

from destinations.cluster.port import Cluster, ClusterError, Forbidden, NotFound

LIFE_SECONDS = 5.0
UNKNOWN = ""
"""The answer where the portal may not read namespaces."""
_MOST = 5000


class Namespaces:
    """The uids of one cluster's namespaces; safe for threads."""

    def __init__(self, cluster: Cluster, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._lock = Lock()
        self._known: dict[str, tuple[float, str | None]] = {}

    def uid(self, name: str) -> str | None:
        """Return the uid, UNKNOWN where the portal may not look, None for a namespace that is gone.

        Raises Unreachable and the port's other errors.
        """
        with self._lock:
            at, uid = self._known.get(name, (float("-inf"), None))
        if self._clock() - at <= LIFE_SECONDS:
            return uid
        uid = self._ask(name)
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[name] = (self._clock(), uid)
        return uid

    def _ask(self, name: str) -> str | None:
        try:
            return self._cluster.namespace_uid(name)
        except NotFound:
            return None
        except Forbidden:
            return UNKNOWN


VERSION_LIFE_SECONDS = 60.0
FIRST_SECONDS = 0.3
"""So long a page waits for the first answer; a silent API server holds no error page up."""
_UNASKED = float("-inf")


@dataclass(frozen=True, slots=True)
class DeployedVersion:
    """The text of the label, or in `why` what kept it from being read: a half sentence, empty where it was read."""

    label: str = ""
    why: str = ""


class Deployed:
    """What one cluster's Deployment said last; safe for threads."""

    def __init__(self, cluster: Cluster, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._lock = Lock()
        self._version = DeployedVersion(why="Epinio's Deployment has not been read yet")
        self._asked_at = _UNASKED
        self._answered = Event()

    def last(self) -> DeployedVersion:
        """Return what is known. The first question waits a moment for the answer; later ones get the last one."""
        with self._lock:
            is_due = self._clock() - self._asked_at > VERSION_LIFE_SECONDS
            is_first = self._asked_at == _UNASKED
            if is_due:
                self._asked_at = self._clock()
                Thread(target=self._renew, name="epinio-version", daemon=True).start()
        if is_first:
            self._answered.wait(FIRST_SECONDS)
        return self._version

    def _renew(self) -> None:
        self._version = self._ask()
        self._answered.set()

    def _ask(self) -> DeployedVersion:
        try:
            return DeployedVersion(self._cluster.server_version())
        except NotFound:
            return DeployedVersion(why="there is no Deployment of Epinio")
        except Forbidden:
            return DeployedVersion(why="the portal has no permission to read Epinio's Deployment")
        except ClusterError:
            return DeployedVersion(why="Epinio's Deployment could not be read")
