"""The one cluster of this process, chosen by the settings, and what every page says about the installation."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.conf import settings

from destinations.acceptance.version import NEWEST, EpinioVersion
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.watched import WatchedSecrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.http import HttpRequest

    from destinations.cluster.port import Cluster
    from destinations.model import Secret

_COLLECT_AFTER = (10_000, 20, 20)  # a list of a thousand Secrets makes tens of thousands of objects, and no cycles
_EXACT_FROM = EpinioVersion(1, 13, 2)
_lock = Lock()
_chosen: list[tuple[Cluster, WatchedSecrets | None]] = []


def cluster() -> Cluster:
    """Return the cluster; made at the first call. Raises the port's errors where it cannot be configured."""
    return _current()[0]


def secrets_to_show() -> Sequence[Secret]:
    """Return the namespace's Secrets for a page that only looks, perhaps cut down (`slim`): not for a write.

    From the watch where that is current and has seen what this process wrote, else read now. Raises the port's errors.
    """
    found, watched = _current()
    kept = watched.secrets() if watched else None
    return found.list_secrets() if kept is None else kept


@contextmanager
def use(chosen: Cluster, watched: WatchedSecrets | None = None) -> Iterator[None]:
    """Let the process use this cluster for as long as the block lasts, and its watch if one is given."""
    _chosen.append((chosen, watched))
    try:
        yield
    finally:
        _chosen.remove((chosen, watched))


def _current() -> tuple[Cluster, WatchedSecrets | None]:
    with _lock:
        if not _chosen:
            _chosen.append(_configured())
        return _chosen[-1]


def _configured() -> tuple[Cluster, WatchedSecrets | None]:
    environment = settings.ENVIRONMENT
    if environment.cluster == "memory":
        return InMemoryCluster(environment.namespace), None
    from destinations.cluster.real import KubernetesCluster  # noqa: PLC0415 - the client is slow to import

    made = KubernetesCluster.connect(namespace=environment.namespace, context=environment.kube_context)
    gc.freeze()  # what was loaded stays: no collection has to walk through it for every list of Secrets
    gc.set_threshold(*_COLLECT_AFTER)
    return made, WatchedSecrets(made)


def epinio_version() -> EpinioVersion | None:
    """Return the version of Epinio to judge by, None for the newest rules."""
    return EpinioVersion.parse(settings.ENVIRONMENT.epinio_version)


def rules(stated: str) -> str:
    """Say by which version's rules is judged, and why where that is not the stated one."""
    version = EpinioVersion.parse(stated)
    if not stated:
        return f"Judged by the rules of Epinio {NEWEST}, the newest that this portal knows; no version is configured."
    if version is None:
        return f"The configured Epinio version is no version: judged by the rules of Epinio {NEWEST}."
    if version > NEWEST:
        return f"Epinio {version} is newer than this portal knows: judged by the rules of Epinio {NEWEST}."
    close = " Rules from before 1.13.2 are close, not exact." if version < _EXACT_FROM else ""
    return f"Judged by the rules of Epinio {version}.{close}"


def installation(_request: HttpRequest) -> dict[str, Any]:
    """Return what every template may use."""
    return {
        "installation": settings.ENVIRONMENT.installation_name,
        "namespace": settings.ENVIRONMENT.namespace,
        "demo": settings.DEMO,
        "rules": rules(settings.ENVIRONMENT.epinio_version),
    }
