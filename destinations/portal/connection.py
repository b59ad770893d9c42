"""The cluster of a process, with its watches and what feeds the open pages."""

from __future__ import annotations

from dataclasses import dataclass

from destinations.cluster.known import Listed, Listings
from destinations.cluster.lookups import Deployed, Namespaces
from destinations.cluster.port import Cluster
from destinations.cluster.reflector import MAX_AGE_SECONDS, Reflector
from destinations.cluster.shared import SharedRead
from destinations.overview import feed
from destinations.overview.hub import Hub
from destinations.secret.trim import trim_for_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConnection:
    """The cluster of a process, its watches if there are any, and what is remembered of it."""

    cluster: Cluster
    secrets: Reflector | None
    config_maps: Reflector | None
    namespaces: Namespaces
    deployed: Deployed
    hub: Hub | None
    list_secrets: SharedRead[Listed]
    """What `cluster.list_unread` returns, listed once for all who ask at the same time."""
    listings: Listings

    @classmethod
    def to(
        cls,
        cluster: Cluster,
        secrets: Reflector | None = None,
        config_maps: Reflector | None = None,
        *,
        places: int = 50,
    ) -> ClusterConnection:
        """Return the connection to a cluster; a watch over its Secrets feeds so many open pages."""
        hub = Hub(places) if secrets else None
        if secrets and hub:
            feed.connect(hub, secrets, config_maps)
        listings = Listings(
            lambda: cluster.list_unread(),  # noqa: PLW0108 - looked up at each read
            trim_for_cache,
            secrets.last if secrets else dict,
        )
        return cls(
            cluster=cluster,
            secrets=secrets,
            config_maps=config_maps,
            namespaces=Namespaces(cluster),
            deployed=Deployed(cluster),
            hub=hub,
            list_secrets=SharedRead(listings.read),
            listings=listings,
        )

    @property
    def watches(self) -> dict[str, Reflector]:
        """The watches by what they watch, started or not."""
        both = {"secrets": self.secrets, "configmaps": self.config_maps}
        return {name: watch for name, watch in both.items() if watch}

    def has_current_watches(self) -> bool:
        """Return whether the watches know what happens in the cluster, so that streams tell it."""
        ages = [watch.age() if watch else None for watch in (self.secrets, self.config_maps)]
        return all(age is not None and age <= MAX_AGE_SECONDS for age in ages)
