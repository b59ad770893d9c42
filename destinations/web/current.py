"""The one cluster of this process, chosen by the settings, and what is known of it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from django.conf import settings

from destinations import permissions
from destinations.cluster.lookups import Deployed, DeployedVersion, Namespaces
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Cluster, ClusterError
from destinations.cluster.reflector import MAX_AGE_SECONDS, Reflector
from destinations.livecheck.plan import NO_ROOTS, PUBLIC_ROOTS
from destinations.livecheck.registry.port import Registries
from destinations.model import Secret
from destinations.overview import feed
from destinations.overview.hub import Hub
from destinations.secret.trim import trim_config_map
from destinations.verdict.version import EpinioVersion

_lock = Lock()
_reading: ContextVar[dict[str, Sequence[Secret]] | None] = ContextVar("reading", default=None)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The cluster, and where pages only look: its watches, if there are any."""

    cluster: Cluster
    secrets: Reflector | None = None
    config_maps: Reflector | None = None
    namespaces: Namespaces = field(init=False)
    deployed: Deployed = field(init=False)
    hub: Hub | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Remember the namespaces of this very cluster, and let its watch feed the open pages."""
        object.__setattr__(self, "namespaces", Namespaces(self.cluster))
        object.__setattr__(self, "deployed", Deployed(self.cluster))
        if self.secrets:
            hub = Hub(settings.ENVIRONMENT.live_pages)
            feed.connect(hub, self.secrets, self.config_maps)
            object.__setattr__(self, "hub", hub)


_chosen: list[_Chosen] = []
_registries: list[Registries] = []


def cluster() -> Cluster:
    """Return the cluster; made at the first call. Raises the port's errors where it cannot be configured."""
    return _current().cluster


def secrets_to_show() -> Sequence[Secret]:
    """Return the namespace's Secrets for a page that only looks, perhaps cut down (`trim_for_cache`): not for a write.

    From the watch where that is current and has seen what this process wrote, else read now. Raises the port's errors.
    """
    watched = _current().secrets
    kept = watched.secrets() if watched else None
    return list_secrets() if kept is None else kept


def config_maps_to_show() -> Sequence[Secret]:
    """Return the namespace's ConfigMaps, from the watch where that is current, else read now. Raises the port's errors."""
    watched = _current().config_maps
    kept = watched.secrets() if watched else None
    return _once("config maps", _list_config_maps) if kept is None else kept


def watches() -> dict[str, Reflector]:
    """Return the watches of this process by what they watch, started or not. Raises the port's errors."""
    found = {"secrets": _current().secrets, "configmaps": _current().config_maps}
    return {name: watch for name, watch in found.items() if watch}


def list_secrets() -> Sequence[Secret]:
    """Return the namespace's Secrets, whole and read directly: now, or before in this very request.

    Not for what follows a write of the same request. Raises the port's errors.
    """
    return _once("secrets", cluster().list_secrets)


@contextmanager
def one_reading() -> Iterator[None]:
    """Let what is read directly be read once for as long as the block lasts: who asks, and the page, look at the same."""
    token = _reading.set({})
    try:
        yield
    finally:
        _reading.reset(token)


def _once(what: str, read: Callable[[], Sequence[Secret]]) -> Sequence[Secret]:
    kept = _reading.get()
    if kept is None:
        return read()
    if what not in kept:
        kept[what] = read()
    return kept[what]


def _list_config_maps() -> Sequence[Secret]:
    return cluster().config_maps.list_with_version(trim_config_map).secrets


def hub() -> Hub | None:
    """Return what feeds the open pages, with its watches begun; None where there is no watch to feed it."""
    chosen = _current()
    for watch in filter(None, (chosen.secrets, chosen.config_maps)):
        watch.start()
    return chosen.hub


def has_hub() -> bool:
    """Say whether there is a watch to feed open pages; nothing begins by this."""
    try:
        return _current().hub is not None
    except ClusterError:
        return False


def moment() -> str:
    """Return the moment that a page shows which is read from now on, empty where no stream follows."""
    return _chosen[-1].hub.moment if _chosen and _chosen[-1].hub else ""


def is_followed() -> bool:
    """Say whether the watches know what happens in the cluster, so that streams tell it."""
    chosen = _current()
    ages = [one.age() if one else None for one in (chosen.secrets, chosen.config_maps)]
    return all(age is not None and age <= MAX_AGE_SECONDS for age in ages)


def end_streams() -> None:
    """End the streams of every open page, since the server ends."""
    for one in _chosen:
        if one.hub:
            one.hub.close()


def namespaces() -> Namespaces:
    """Return what is known of the cluster's namespaces."""
    return _current().namespaces


def registries() -> Registries:
    """Return the registries that a live check asks; made at the first call. Raises the port's errors."""
    made = None if _registries else _configured_registries()
    with _lock:
        if made and not _registries:
            _registries.append(made)
        return _registries[-1]


def _configured_registries() -> Registries:
    from destinations.livecheck.registry.probe import NetworkRegistries  # noqa: PLC0415 - only who checks needs it
    from edrportal.configuration.registry import address_rules  # noqa: PLC0415
    from edrportal.telemetry.counters import CountedRegistries  # noqa: PLC0415

    api_server = getattr(cluster(), "api_server", "")
    rules = address_rules(settings.ENVIRONMENT.registry, [api_server] if api_server else [])
    return CountedRegistries(NetworkRegistries(rules))


@contextmanager
def use_registries(chosen: Registries) -> Iterator[None]:
    """Let the process ask these registries for as long as the block lasts."""
    _registries.append(chosen)
    try:
        yield
    finally:
        _registries.remove(chosen)


@contextmanager
def use(chosen: Cluster, watched: Reflector | None = None, config_maps: Reflector | None = None) -> Iterator[None]:
    """Let the process use this cluster for as long as the block lasts, and its watches if they are given."""
    one = _Chosen(chosen, watched, config_maps)
    _chosen.append(one)
    try:
        yield
    finally:
        _chosen.remove(one)


def _current() -> _Chosen:
    with _lock:
        if not _chosen:
            _chosen.append(_configured())
        return _chosen[-1]


def _configured() -> _Chosen:
    from edrportal.telemetry import counters  # noqa: PLC0415 - handed down, not used here

    environment = settings.ENVIRONMENT
    if environment.cluster == "memory":
        return _watched(InMemoryCluster(environment.namespace, counters=counters))
    from destinations.cluster.kube.adapter import KubernetesCluster  # noqa: PLC0415 - the client is slow to import

    made = KubernetesCluster.connect(
        namespace=environment.namespace, context=environment.kube_context, counters=counters
    )
    gc.freeze()  # what was loaded stays: no collection has to walk through it for every list of Secrets
    return _watched(made)


def _watched(made: Cluster) -> _Chosen:
    return _Chosen(made, *watches_over(made))


def watches_over(of: Cluster) -> tuple[Reflector, Reflector]:
    """Return the watches over a cluster's Secrets and ConfigMaps, which begin with the first question."""
    return Reflector(of), Reflector(of.config_maps, shrink=trim_config_map)


def epinio_version() -> EpinioVersion | None:
    """Return the version of Epinio to judge by, the stated one or that of its Deployment; None for the newest rules."""
    return EpinioVersion.parse(settings.ENVIRONMENT.epinio_version or deployed().label)


def deployed() -> DeployedVersion:
    """Return what Epinio's Deployment states of its version, or why that is not known."""
    try:
        return _current().deployed.last()
    except ClusterError:
        return DeployedVersion(why="the cluster could not be reached")


def skopeo_roots() -> str | bytes:
    """Return what skopeo's image trusts by itself: `public`, `none`, or the PEM text of a file that was checked at start."""
    stated = settings.ENVIRONMENT.registry.skopeo_roots
    return stated if stated in {PUBLIC_ROOTS, NO_ROOTS} else Path(stated).read_bytes()


def read_only() -> str:
    """Return why nobody changes anything here, empty where they may."""
    return permissions.READ_ONLY if settings.ENVIRONMENT.read_only else ""
