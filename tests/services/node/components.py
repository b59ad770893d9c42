"""The processes of a cluster and of each of its nodes: what each is called with."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.services.node import dns
from tests.services.node.layout import DNS_SERVICE, FIRST_ADDRESS, NAMES, SERVICES, STATE
from tests.services.node.parts import CONTAINERD, CONTROLLER_MANAGER, KUBELET, PROXY, ROUTER, SCHEDULER
from tests.services.parts import ETCD, KUBE_APISERVER, REGISTRY, program

if TYPE_CHECKING:
    from tests.services.node.layout import Layout

_ETCD = "http://127.0.0.1:2379"
_ETCD_PEERS = "http://127.0.0.1:2380"


@dataclass(frozen=True, slots=True)
class Component:
    """A process: its name, and its command."""

    name: str
    command: tuple[str, ...]


def etcd() -> Component:
    """The store, in the node's memory."""
    return Component(
        "etcd",
        (
            str(program(ETCD)),
            "--name=node",
            f"--data-dir={STATE}/etcd",
            "--unsafe-no-fsync",
            f"--listen-client-urls={_ETCD}",
            f"--advertise-client-urls={_ETCD}",
            f"--listen-peer-urls={_ETCD_PEERS}",
            f"--initial-advertise-peer-urls={_ETCD_PEERS}",
            f"--initial-cluster=node={_ETCD_PEERS}",
            "--log-level=warn",
        ),
    )


def api_server(node: Layout) -> Component:
    """The API server, with the admission and authorization that clusters have."""
    pki = node.pki
    return Component(
        "kube-apiserver",
        (
            str(program(KUBE_APISERVER)),
            "--bind-address=0.0.0.0",
            f"--advertise-address={FIRST_ADDRESS}",
            "--secure-port=6443",
            f"--etcd-servers={_ETCD}",
            f"--tls-cert-file={pki / 'apiserver.crt'}",
            f"--tls-private-key-file={pki / 'apiserver.key'}",
            f"--client-ca-file={pki / 'ca.crt'}",
            f"--kubelet-certificate-authority={pki / 'ca.crt'}",
            f"--kubelet-client-certificate={pki / 'apiserver-kubelet.crt'}",
            f"--kubelet-client-key={pki / 'apiserver-kubelet.key'}",
            "--kubelet-preferred-address-types=InternalIP",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki / 'tokens.pub'}",
            f"--service-account-signing-key-file={pki / 'tokens.key'}",
            f"--service-cluster-ip-range={SERVICES}",
            f"--audit-policy-file={node.shared / 'audit-policy.yaml'}",
            f"--audit-log-path={node.shared / 'audit.log'}",
        ),
    )


def controller_manager(node: Layout) -> Component:
    """The controllers of Deployments, Jobs, EndpointSlices and everything else."""
    pki, kubeconfig = node.pki, node.pki / "controller-manager.kubeconfig"
    return Component(
        "kube-controller-manager",
        (
            str(program(CONTROLLER_MANAGER)),
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            f"--service-account-private-key-file={pki / 'tokens.key'}",
            f"--root-ca-file={pki / 'ca.crt'}",
            f"--cluster-signing-cert-file={pki / 'ca.crt'}",
            f"--cluster-signing-key-file={pki / 'ca.key'}",
            "--use-service-account-credentials",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
        ),
    )


def scheduler(node: Layout) -> Component:
    """The scheduler."""
    kubeconfig = node.pki / "scheduler.kubeconfig"
    flags = [
        f"--{which}={kubeconfig}" for which in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    ]
    return Component(
        "kube-scheduler", (str(program(SCHEDULER)), *flags, "--leader-elect=false", "--bind-address=127.0.0.1")
    )


def containerd(node: Layout) -> Component:
    """What runs containers; its log tells of little but trouble."""
    return Component(
        "containerd",
        (str(program(CONTAINERD)), "--config", str(node.directory / "containerd.toml"), "--log-level=warn"),
    )


def kubelet(node: Layout) -> Component:
    """What runs pods."""
    return Component(
        "kubelet",
        (
            str(program(KUBELET)),
            f"--config={node.directory / 'kubelet.yaml'}",
            f"--kubeconfig={node.pki / f'{node.name}.kubeconfig'}",
            f"--root-dir={STATE}/kubelet",
            f"--hostname-override={node.name}",
            f"--node-ip={node.address}",
        ),
    )


def proxy(node: Layout) -> Component:
    """What leads the address of a Service to its pods."""
    return Component("kube-proxy", (str(program(PROXY)), f"--config={node.directory / 'proxy.yaml'}"))


def router(node: Layout) -> Component:
    """What enforces NetworkPolicies, and nothing else of all that it could do."""
    return Component(
        "kube-router",
        (
            str(program(ROUTER)),
            "--run-firewall=true",
            "--run-router=false",
            "--run-service-proxy=false",
            f"--kubeconfig={node.pki / 'admin.kubeconfig'}",
            f"--hostname-override={node.name}",
            f"--service-cluster-ip-range={SERVICES}",
            "--iptables-sync-period=30s",
            "--health-port=0",
            "--metrics-port=0",
        ),
    )


def name_server(node: Layout) -> Component:
    """What answers the names of Services, in place of CoreDNS."""
    given = [f"{name}={address}" for name, address in NAMES.items()]
    kubeconfig = str(node.pki / "admin.kubeconfig")
    return Component("dns", (sys.executable, str(Path(dns.__file__)), kubeconfig, FIRST_ADDRESS, *given))


def dns_objects() -> tuple[dict[str, Any], ...]:
    """The Service by whose address pods reach the name server."""
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns"},
        "spec": {"clusterIP": DNS_SERVICE, "ports": ports},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "kube-dns", "labels": {"kubernetes.io/service-name": "kube-dns"}},
        "addressType": "IPv4",
        "ports": ports,
        "endpoints": [{"addresses": [FIRST_ADDRESS], "conditions": {"ready": True}}],
    }
    return service, endpoints


def registry(node: Layout) -> Component:
    """The registry of the tests, under a name of the documents."""
    return Component(
        "registry",
        ("env", "OTEL_TRACES_EXPORTER=none", str(program(REGISTRY)), "serve", str(node.shared / "registry.json")),
    )
