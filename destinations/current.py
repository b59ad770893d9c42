"""The one cluster of this process, chosen by the settings, and what every page says about the installation."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.conf import settings

from destinations.acceptance.version import NEWEST, EpinioVersion
from destinations.cluster.memory import InMemoryCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

    from destinations.cluster.port import Cluster

_EXACT_FROM = EpinioVersion(1, 13, 2)
_lock = Lock()
_chosen: list[Cluster] = []


def cluster() -> Cluster:
    """Return the cluster; made at the first call. Raises the port's errors where it cannot be configured."""
    with _lock:
        if not _chosen:
            _chosen.append(_configured())
        return _chosen[-1]


@contextmanager
def use(chosen: Cluster) -> Iterator[None]:
    """Let the process use this cluster for as long as the block lasts."""
    _chosen.append(chosen)
    try:
        yield
    finally:
        _chosen.remove(chosen)


def _configured() -> Cluster:
    environment = settings.ENVIRONMENT
    if environment.cluster == "memory":
        return InMemoryCluster(environment.namespace)
    from destinations.cluster.real import KubernetesCluster  # noqa: PLC0415 - the client is slow to import

    return KubernetesCluster.connect(namespace=environment.namespace, context=environment.kube_context)


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
