"""What of a cluster the live check refuses by default: the common ranges of services and pods, and nothing beside them."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path

import pytest

from destinations.livecheck.registry.guard import Rules, check_address, service_range
from destinations.livecheck.registry.port import CheckStopped, Code
from edrportal.configuration.registry import RegistryEnvironment, address_rules

CLUSTERS: dict[str, tuple[str, list[str]]] = {
    "kubeadm": ("10.96.0.1", ["10.96.0.10", "10.111.255.254", "10.244.3.4"]),
    "kubeadm, kind, dual-stack": ("fd00:10:96::1", ["fd00:10:96::1", "fd00:10:96::ffff", "fd00:10:244:1::5"]),
    "k3s, RKE2": ("10.43.0.1", ["10.43.0.10", "10.43.255.254", "10.42.1.7"]),
    "k3s, dual-stack": ("10.43.0.1", ["2001:cafe:43::1", "2001:cafe:43::ffff", "2001:cafe:42:1::5"]),
    "k3s, IPv6": ("2001:cafe:43::1", ["2001:cafe:43::1", "2001:cafe:43::e001", "2001:cafe:42::5"]),
    "EKS": ("10.100.0.1", ["10.100.0.10", "10.100.255.254"]),
    "EKS in 10/8": ("172.20.0.1", ["172.20.0.10", "172.20.255.254"]),
    "EKS, IPv6": ("fd7a:4c3a:9b2e::1", ["fd7a:4c3a:9b2e::a", "fd7a:4c3a:9b2e::f:ffff"]),
    "GKE": ("34.118.224.1", ["34.118.224.10", "34.118.239.254"]),
    "GKE in a VPC": ("10.8.16.1", ["10.8.16.10", "10.8.31.254"]),
    "AKS": ("10.0.0.1", ["10.0.0.10", "10.0.255.254"]),
    "MicroK8s": ("10.152.183.1", ["10.152.183.10", "10.152.183.254"]),
    "OpenShift": ("172.30.0.1", ["172.30.0.10", "172.30.255.254"]),
    "DigitalOcean": ("10.245.0.1", ["10.245.0.10", "10.244.0.7"]),
    "kops, Gardener": ("100.64.0.1", ["100.64.0.10", "100.71.255.254"]),
    "a /12 of one's own": ("10.32.0.1", ["10.32.0.10", "10.32.255.254"]),
    "a /24 of one's own": ("192.168.77.1", ["192.168.77.10", "192.168.77.254"]),
}
"""KUBERNETES_SERVICE_HOST as a pod has it, and services and pods that nobody may ask by default."""
ORDINARY = ["10.1.2.3", "10.20.30.40", "10.95.255.255", "10.128.0.9", "10.200.1.1", "172.16.5.5", "172.31.0.9", "192.168.1.20",
            "100.100.1.2", "2606:2800:220:1::1", "93.184.216.34"]  # fmt: skip
"""Where registries are; of these only what a cluster's own ranges hold may be refused."""


def by_default(api_server: str, **stated: str) -> Rules:
    return address_rules(RegistryEnvironment.read({"KUBERNETES_SERVICE_HOST": api_server, **stated}))


def is_refused(address: str, rules: Rules) -> bool:
    try:
        check_address(ip_address(address), rules)
    except CheckStopped as trouble:
        assert trouble.code is Code.ADDRESS_REFUSED  # noqa: PT017 - the only reason there is
        return True
    return False


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_services_and_pods_of_common_clusters_are_refused_by_default(cluster: str) -> None:
    api_server, inside = CLUSTERS[cluster]
    for stated in (
        {},
        {"EDRPORTAL_REGISTRY_NETWORKS": "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7"},
    ):
        found = by_default(api_server, **stated)
        assert [one for one in (api_server, *inside) if not is_refused(one, found)] == []


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_registries_beside_the_cluster_are_not_refused(cluster: str) -> None:
    found = by_default(CLUSTERS[cluster][0])
    assert [one for one in ORDINARY if is_refused(one, found)] == []


def test_the_documents_have_the_ranges_that_the_code_refuses_and_allows_by_default() -> None:
    rows = dict(re.findall(r"(?m)^\| `(EDRPORTAL_[A-Z_]+)` \| (.*) \|$", Path("docs/configuration.md").read_text()))
    cluster = rows["EDRPORTAL_CLUSTER_NETWORKS"].split(" | ")[0]
    private = rows["EDRPORTAL_REGISTRY_NETWORKS"].partition("all of ")[2].partition(" by default")[0]
    found = by_default("")
    assert re.findall("`([^`]+)`", cluster) == [str(one) for one in found.cluster_networks]
    assert re.findall("`([^`]+)`", private) == [str(one) for one in found.networks]


@pytest.mark.parametrize(
    ("api_server", "expected"),
    [
        ("10.96.0.1", "10.96.0.0/16"),
        ("172.20.0.1", "172.20.0.0/16"),
        ("10.0.0.1", "10.0.0.0/16"),
        ("10.152.183.1", "10.152.183.0/24"),
        ("34.118.224.1", "34.118.224.0/19"),
        ("10.8.16.1", "10.8.16.0/20"),
        ("100.64.0.1", "100.64.0.0/13"),
        ("192.168.49.3", "192.168.49.2/31"),
        ("fd00:10:96::1", "fd00:10:96::/108"),
        ("2001:cafe:43::8001", "2001:cafe:43::8000/113"),
        ("192.168.49.2", None),  # an address of a node
        ("9.9.9.10", None),
        ("127.0.0.1", None),
        ("::1", None),
    ],
)
def test_the_range_of_the_services_begins_right_before_the_api_server(api_server: str, expected: str | None) -> None:
    assert [str(one) for one in service_range(ip_address(api_server))] == ([expected] if expected else [])


def test_unique_local_ipv6_is_refused_unless_it_is_stated() -> None:
    assert is_refused("fd12:3456::1", by_default(""))
    assert is_refused("fc00::1", by_default(""))
    stated = by_default("fd00:10:96::1", EDRPORTAL_REGISTRY_NETWORKS="10.0.0.0/8,fd00::/8")
    assert not is_refused("fd12:3456::1", stated)
    assert is_refused("fd00:10:96::9", stated)
    assert is_refused("fc00::1", stated)


def test_a_stated_range_that_holds_the_api_server_is_the_services() -> None:
    found = by_default("10.0.0.1", EDRPORTAL_CLUSTER_NETWORKS="10.0.0.0/20,10.244.0.0/16")
    assert is_refused("10.0.15.254", found)
    assert not is_refused("10.0.16.1", found)
    pods_alone = by_default("10.0.0.1", EDRPORTAL_CLUSTER_NETWORKS="10.244.0.0/16")
    assert is_refused("10.0.16.1", pods_alone)
