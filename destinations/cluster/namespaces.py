"""Whether a namespace is still the one it was: its uid, remembered for a few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from destinations.cluster.port import Cluster, Forbidden, NotFound

LIFE_SECONDS = 5.0
UNKNOWN = ""
"""The answer where the portal may not read namespaces."""
_MOST = 5000


class Namespaces:
    """The uids of one cluster's namespaces; safe for threads."""

    def __init__(self, cluster: Cluster, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep the cluster; nothing is asked yet."""
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
