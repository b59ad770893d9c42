"""The composition root: builds the one Portal of a process from the settings, and hands it to every request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Cluster
from destinations.cluster.reflector import Reflector
from destinations.livecheck.plan import NO_ROOTS, PUBLIC_ROOTS
from destinations.livecheck.registry.port import Registries
from destinations.livecheck.runner import Checks
from destinations.livecheck.store import Writer
from destinations.portal import ClusterConnection, Portal, Reads
from destinations.secret.trim import trim_config_map
from destinations.web.request import PortalRequest
from edrportal.configuration.registry import address_rules
from edrportal.signin import accounts, notices
from edrportal.signin.sessions import signing_keys
from edrportal.telemetry import counters, logs
from edrportal.telemetry.counters import CountedRegistries

if TYPE_CHECKING:
    from destinations.cluster.kube.kubeconfig import ContextTarget

_T = TypeVar("_T")


class Once(Generic[_T]):
    """Makes a value at the first call that succeeds, and returns it from then on. Safe for threads."""

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._lock = Lock()
        self.made: _T | None = None

    def __call__(self) -> _T:
        with self._lock:
            if self.made is None:
                self.made = self._make()
            return self.made


def assemble(connect: Callable[[], ClusterConnection], checks: Checks) -> Portal:
    made = Portal(
        connect=connect,
        checks=checks,
        results=Writer(lambda: connect().cluster.config_maps, lambda: Reads(made).cached.values()),  # noqa: PLW0108 - read at each write
        record=logs.record,
        notices=notices.for_administrators,
        exporters=accounts.exporters,
        skopeo_roots=_skopeo_roots,
    )
    return made


def portal() -> Portal:
    """Return the Portal of this process, with the values that the settings have now."""
    with _LOCK:
        if not _PORTALS:
            _PORTALS.append(_configured())
        parts = _PORTALS[-1]
    environment = settings.ENVIRONMENT
    return replace(
        parts,
        keys=signing_keys(),
        namespace=environment.namespace,
        installation_name=environment.installation_name,
        stated_version=environment.epinio_version,
        proxy_hops=environment.proxy_hops,
        check_fresh=timedelta(hours=environment.registry.check_fresh_hours),
        live_pages=environment.live_pages,
        sealing_controller=environment.sealing_controller,
        is_read_only=environment.read_only,
        has_kubernetes_events=environment.kubernetes_events,
        is_demo=settings.DEMO,
    )


_LOCK = Lock()
_PORTALS: list[Portal] = []


@contextmanager
def use(chosen: Portal) -> Iterator[None]:
    """Let the process use this Portal until the block ends: for the demo, and for tests."""
    _PORTALS.append(chosen)
    try:
        yield
    finally:
        _PORTALS.remove(chosen)


def end_streams() -> None:
    """End the streams of every open page, since the server ends."""
    for one in _PORTALS:
        connection = one.connect.made if isinstance(one.connect, Once) else one.connect()
        if connection and connection.hub:
            connection.hub.close()


def watched(cluster: Cluster, *watches: Reflector) -> ClusterConnection:
    """Return the connection to a cluster with watches over its Secrets and ConfigMaps, or with these."""
    return ClusterConnection.to(cluster, *(watches or watches_over(cluster)), places=settings.ENVIRONMENT.live_pages)


def watches_over(cluster: Cluster) -> tuple[Reflector, Reflector]:
    """Return the watches over a cluster's Secrets and ConfigMaps, which start with the first question."""
    return Reflector(cluster), Reflector(cluster.config_maps, shrink=trim_config_map)


def _configured() -> Portal:
    connect = Once(_connected)

    def registries() -> Registries:
        from destinations.livecheck.registry.probe import NetworkRegistries  # noqa: PLC0415 - only who checks needs it

        api_server = getattr(connect().cluster, "api_server", "")
        rules = address_rules(settings.ENVIRONMENT.registry, [api_server] if api_server else [])
        return CountedRegistries(NetworkRegistries(rules))

    return assemble(connect, Checks(Once(registries)))


def _connected() -> ClusterConnection:
    environment = settings.ENVIRONMENT
    if environment.cluster == "memory":
        return watched(InMemoryCluster(environment.namespace, counters=counters))
    from destinations.cluster.kube.adapter import KubernetesCluster  # noqa: PLC0415 - the client is slow to import

    return watched(
        KubernetesCluster.connect(namespace=environment.namespace, context=environment.kube_context, counters=counters)
    )


def kubeconfig_target() -> ContextTarget | None:
    """Return which cluster a kubeconfig chooses, None in a Pod and in memory. Raises Unreachable where it chooses none."""
    environment = settings.ENVIRONMENT
    if environment.cluster == "memory":
        return None
    from destinations.cluster.kube import adapter, kubeconfig  # noqa: PLC0415 - the client is slow to import

    context = environment.kube_context
    return kubeconfig.find_target(context) if adapter.uses_kubeconfig(context) else None


def load() -> None:
    """Import what the first request and the first check would, so that neither waits for it."""
    from destinations.livecheck.registry import probe  # noqa: F401, PLC0415 - a server's process alone needs all

    if settings.ENVIRONMENT.cluster != "memory":
        from destinations.cluster.kube import adapter  # noqa: F401, PLC0415 - the client is slow to import


def _skopeo_roots() -> str | bytes:
    """Return the roots that the settings state; a file was checked at start."""
    stated = settings.ENVIRONMENT.registry.skopeo_roots
    return stated if stated in {PUBLIC_ROOTS, NO_ROOTS} else Path(stated).read_bytes()


class PortalMiddleware:
    """Hands the Portal of the process to every request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._next(PortalRequest.adopt(request, portal()))
