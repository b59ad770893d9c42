"""What a node consists of: Kubernetes, containerd and kube-router from Go modules, the rest from Debian's packages."""

from __future__ import annotations

from tests.services.parts import (
    ETCD,
    HELM,
    KUBE_APISERVER,
    KUBECTL,
    KUBERNETES_FLAGS,
    REGISTRY,
    Part,
)

_CONTAINERD = "github.com/containerd/containerd/v2"
_LEAN = "no_btrfs,no_devmapper,no_zfs,no_aufs"

KUBELET, CONTROLLER_MANAGER, SCHEDULER, PROXY = (
    Part(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", KUBERNETES_FLAGS)
    for name in ("kubelet", "kube-controller-manager", "kube-scheduler", "kube-proxy")
)
CONTAINERD = Part(
    "containerd",
    "containerd",
    f"{_CONTAINERD}/cmd/containerd",
    f"-s -w -X {_CONTAINERD}/version.Version=2.4.2",
    _LEAN,
)
SHIM = Part("containerd-shim-runc-v2", "containerd", f"{_CONTAINERD}/cmd/containerd-shim-runc-v2", tags=_LEAN)
CTR = Part("ctr", "containerd", f"{_CONTAINERD}/cmd/ctr", tags=_LEAN)
PAUSE = Part("pause", "pause", ".")
ROUTER = Part("kube-router", "router", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router")

OWN = (PAUSE, KUBELET, CONTROLLER_MANAGER, SCHEDULER, PROXY, CONTAINERD, SHIM, CTR, ROUTER)
ALL = (ETCD, KUBE_APISERVER, KUBECTL, HELM, REGISTRY, *OWN)
