"""Whether this process can serve, and what is missing: the cluster, the watch, the key."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.conf import settings

from destinations import current
from destinations.cluster.port import ClusterError
from destinations.cluster.watched import MAX_AGE_SECONDS
from edrportal.draining import STOPPING
from edrportal.environment import NO_KEY

OK = "ok"


@dataclass(frozen=True, slots=True)
class Readiness:
    """Each part in a word or two, `ok` where nothing is missing.

    The watch has no say in `ready`: where it is behind, pages read the cluster directly and work.
    """

    ready: bool
    cluster: str
    watch: str
    key: str
    server: str

    def told(self) -> dict[str, str | bool]:
        """Return it as JSON values."""
        return asdict(self)


def look() -> Readiness:
    """Ask the cluster once, and look at the rest."""
    cluster, watch = _cluster()
    key = OK if settings.SECRET_KEY != NO_KEY else "missing"
    server = "stopping" if STOPPING.is_set() else OK
    return Readiness(cluster == key == server == OK, cluster, watch, key, server)


def _cluster() -> tuple[str, str]:
    """Say what the cluster answers, by its status and Kubernetes' short word, and how the watch is."""
    try:
        current.cluster().ready()
    except ClusterError as error:
        return str(error), _watch()
    return OK, _watch()


def _watch() -> str:
    try:
        watched = current.watches().get("secrets")
    except ClusterError:
        return "not begun"
    if watched is None:
        return "none"
    watched.secrets()  # starts it
    age = watched.age()
    if age is None:
        return "not begun"
    return OK if age <= MAX_AGE_SECONDS else f"{age:.0f} s old"
