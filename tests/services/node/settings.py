"""The files that containerd, the network of pods, the kubelet and kube-proxy read, as values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.services.node.layout import (
    DNS_SERVICE,
    MIRRORED,
    PAUSE_IMAGE,
    PODS,
    REGISTRY,
    STATE,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.services.node.layout import Layout


def write(node: Layout, *, runc: Path, plugins: Sequence[Path], cgroup: str) -> None:
    """Write them all into the node's directory."""
    network = node.directory / "network"
    network.mkdir()
    (network / "10-bridge.conflist").write_text(json.dumps(_network(node)))
    _write_registries(node)
    (node.directory / "containerd.toml").write_text(_containerd(node, runc, plugins, network))
    (node.directory / "kubelet.yaml").write_text(json.dumps(_kubelet(node, cgroup)))  # JSON is YAML
    (node.directory / "proxy.yaml").write_text(json.dumps(_proxy(node)))


def _network(node: Layout) -> dict[str, Any]:
    addresses = {
        "type": "host-local",
        "dataDir": "/run/addresses",
        "ranges": [[{"subnet": node.pods}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": addresses,
    }
    return {
        "cniVersion": "1.0.0",
        "name": "pods",
        "plugins": [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}],
    }


def _write_registries(node: Layout) -> None:
    """Have containerd trust the tests' registry, and take it for those that it stands in for."""
    for name in (REGISTRY, *MIRRORED):
        place = node.directory / "registries" / name
        place.mkdir(parents=True)
        (place / "hosts.toml").write_text(
            f'server = "https://{REGISTRY}"\n[host."https://{REGISTRY}"]\n  ca = "{node.pki / "ca.crt"}"\n'
        )


def _containerd(node: Layout, runc: Path, plugins: Sequence[Path], network: Path) -> str:
    """Return its settings. Without `restrict_oom_score_adj` no pod starts where root lacks CAP_SYS_RESOURCE."""
    return f"""\
version = 3
root = "{STATE}/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.nri.v1.nri",
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.blockfile",
]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{PAUSE_IMAGE}"
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = "{node.directory / "registries"}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = "{runc}"
  SystemdCgroup = false
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = {json.dumps([str(one) for one in plugins])}
  conf_dir = "{network}"
"""


def _kubelet(node: Layout, cgroup: str) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(node.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(node.pki / f"{node.name}.crt"),
        "tlsPrivateKeyFile": str(node.pki / f"{node.name}.key"),
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "failCgroupV1": False,
        "enforceNodeAllocatable": ["pods"],
        "volumePluginDir": f"{STATE}/plugins",
        "clusterDNS": [DNS_SERVICE],
        "clusterDomain": "cluster.local",
        "failSwapOn": False,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "2%",
            "imagefs.available": "2%",
            "nodefs.inodesFree": "1%",
        },
        "nodeStatusUpdateFrequency": "5s",
    }


def _proxy(node: Layout) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": str(node.pki / "proxy.kubeconfig")},
        "clusterCIDR": PODS,
        "hostnameOverride": node.name,
        "bindAddress": node.address,
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
