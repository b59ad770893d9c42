"""The settings of the live check: which registries it may ask, and what skopeo trusts."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network

from destinations.livecheck.registry.guard import (
    PRIVATE,
    Network,
    Rules,
    as_address,
    is_within,
    refusing,
    service_range,
)
from edrportal.configuration.variables import MAX_PORT, ConfigurationError, number

_PRIVATE = ",".join(map(str, PRIVATE))
_NETWORKS = ",".join(str(network) for network in PRIVATE if network.version == 4)  # noqa: PLR2004 - IPv4
"""Unique local IPv6 is left out: clusters take their own ranges from it, and each another one."""
_CLUSTER = (
    "10.42.0.0/16,10.43.0.0/16,2001:cafe:42::/56,2001:cafe:43::/112,"  # k3s, RKE2
    "10.96.0.0/12,10.244.0.0/16,fd00:10:96::/112,fd00:10:244::/56,"  # kubeadm, kind
    "10.152.183.0/24,"  # services of MicroK8s
    "34.118.224.0/20"  # services of GKE
)
"""Service and pod ranges that nothing else is likely to be in."""
_PORTS = "443,5000,5443,8443"
_YEAR_HOURS = 8760


@dataclass(frozen=True, slots=True)
class RegistryEnvironment:
    """What the live check may ask, as stated; `networks`, `cluster_networks` and `ports` read it.

    `api_server` is what a pod knows from Kubernetes about its API server. `skopeo_roots` is `public`, `none` or the path of a
    PEM file; `check_interval_minutes` 0 for no checks but those that someone wants; a check that passed counts
    for `check_fresh_hours`.
    """

    stated_networks: str = _NETWORKS
    stated_cluster_networks: str = _CLUSTER
    stated_ports: str = _PORTS
    loopback: bool = False
    skopeo_roots: str = "public"
    check_interval_minutes: int = 0
    check_fresh_hours: int = 24
    api_server: str = ""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> RegistryEnvironment:
        return cls(
            stated_networks=variables.get("EDRPORTAL_REGISTRY_NETWORKS") or _NETWORKS,
            stated_cluster_networks=variables.get("EDRPORTAL_CLUSTER_NETWORKS") or _CLUSTER,
            stated_ports=variables.get("EDRPORTAL_REGISTRY_PORTS") or _PORTS,
            loopback=variables.get("EDRPORTAL_REGISTRY_LOOPBACK") == "true",
            skopeo_roots=variables.get("EDRPORTAL_SKOPEO_ROOTS") or "public",
            check_interval_minutes=number(variables, "EDRPORTAL_CHECK_INTERVAL_MINUTES", 0),
            check_fresh_hours=number(variables, "EDRPORTAL_CHECK_FRESH_HOURS", 24),
            api_server=variables.get("KUBERNETES_SERVICE_HOST", ""),
        )

    @property
    def networks(self) -> tuple[Network, ...]:
        """Raise ConfigurationError, also for public networks."""
        networks = _networks("EDRPORTAL_REGISTRY_NETWORKS", self.stated_networks)
        if not all(any(_contains(private, network) for private in PRIVATE) for network in networks):
            raise ConfigurationError(
                f"EDRPORTAL_REGISTRY_NETWORKS may contain only private networks, parts of {_PRIVATE}; public ones "
                "need no entry"
            )
        return networks

    @property
    def cluster_networks(self) -> tuple[Network, ...]:
        return _networks("EDRPORTAL_CLUSTER_NETWORKS", self.stated_cluster_networks)

    @property
    def ports(self) -> frozenset[int]:
        texts = _words(self.stated_ports)
        if not texts or not all(re.fullmatch("[0-9]{1,5}", text) and 0 < int(text) <= MAX_PORT for text in texts):
            raise ConfigurationError("EDRPORTAL_REGISTRY_PORTS must be a list of port numbers, such as 443,5000")
        return frozenset(map(int, texts))

    def check(self) -> None:
        _ = self.networks, self.cluster_networks, self.ports
        if self.check_interval_minutes < 0:
            raise ConfigurationError("EDRPORTAL_CHECK_INTERVAL_MINUTES must be a whole number, at least 0")
        if not 0 < self.check_fresh_hours <= _YEAR_HOURS:
            raise ConfigurationError("EDRPORTAL_CHECK_FRESH_HOURS must be a whole number from 1 to 8760")
        if self.skopeo_roots not in {"public", "none"}:
            _check_roots(self.skopeo_roots)


def address_rules(environment: RegistryEnvironment, api_servers: Iterable[str] = ()) -> Rules:
    """Return the stated rules, with more hosts of the API server to refuse. Raises ConfigurationError."""
    hosts = {host for host in (environment.api_server, *api_servers) if host}
    made = Rules(
        ports=environment.ports,
        networks=environment.networks,
        cluster_networks=_cluster_networks(environment),
        refused_names=frozenset(host for host in hosts if as_address(host) is None),
        allow_loopback=environment.loopback,
    )
    return refusing(made, [address for host in hosts if (address := as_address(host))])


def _cluster_networks(environment: RegistryEnvironment) -> tuple[Network, ...]:
    """Return the stated networks, with the services' range where they leave it out."""
    stated, api_server = environment.cluster_networks, as_address(environment.api_server)
    if not stated or api_server is None or is_within(api_server, stated):
        return stated
    return (*stated, *service_range(api_server))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\s,]+", text)


def _networks(name: str, text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(word) for word in _words(text) if text.strip() != "none")
    except ValueError:
        raise ConfigurationError(
            f"{name} must be a list of networks, such as 10.1.0.0/16,fd00:1::/64, or none"
        ) from None


def _contains(outer: Network, inner: Network) -> bool:
    return inner.network_address in outer and inner.broadcast_address in outer


def _check_roots(path: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ValueError):
        raise ConfigurationError(
            "EDRPORTAL_SKOPEO_ROOTS must be public, none, or the path of a PEM file with certificates"
        ) from None
