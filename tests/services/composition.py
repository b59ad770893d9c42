"""The Portal of this process in tests: its cluster, its registries or its checks exchanged until a block ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from destinations.livecheck.runner import Checks
from destinations.livecheck.store import Results, Writer
from destinations.portal import ClusterConnection, Reads
from edrportal import composition
from edrportal.composition import Once, end_streams, portal, watches_over

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from destinations.cluster.port import Cluster
    from destinations.cluster.reflector import Reflector
    from destinations.livecheck.registry.port import Registries

__all__ = [
    "checks",
    "end_streams",
    "new_checks",
    "portal",
    "reads",
    "results",
    "use",
    "use_registries",
    "watches_over",
    "writer",
]


def use(
    cluster: Cluster, secrets: Reflector | None = None, config_maps: Reflector | None = None
) -> AbstractContextManager[None]:
    """Let the process use this cluster, and its watches if they are given."""
    connection = ClusterConnection.to(cluster, secrets, config_maps, places=portal().live_pages)
    connect = Once(lambda: connection)
    connect()  # so that its streams end with the server
    return composition.use(composition.assemble(connect, checks()))


def use_registries(registries: Registries) -> AbstractContextManager[None]:
    """Let checks ask these registries, and none of another test count."""
    return composition.use(replace(portal(), checks=Checks(lambda: registries)))


def checks() -> Checks:
    """Return the checks of the process."""
    return portal().checks


def new_checks(**options: Any) -> Checks:
    """Return other checks by the same registries."""
    return Checks(checks().registries, **options)


def reads() -> Reads:
    """Return what a request reads that comes now."""
    return Reads(portal())


def results() -> Results:
    """Return the results that are kept for everybody now."""
    return Results(reads().config_maps)


def writer() -> Writer:
    """Return a writer of results of its own, as another replica has it."""
    return Writer(lambda: portal().cluster.config_maps, lambda: reads().cached.values())  # noqa: PLW0108 - read at each write
