"""The place of an ingress controller: a pod in a namespace that the chart's NetworkPolicy lets in, on every node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.services.node.layout import PAUSE_IMAGE
from tests.services.node.namespaces import cgroups

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.node.cluster import Cluster

_NAMESPACE = "traefik"
_NAME = "controller"


def controller(cluster: Cluster) -> int:
    """Return a process of the pod on the first node; whoever asks from its network asks as an ingress controller does."""
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}}, _daemon_set())
    cluster.kubectl("rollout", "status", "-n", _NAMESPACE, f"daemonset/{_NAME}", "--timeout=110s")
    found = cluster.get("pods", namespace=_NAMESPACE)["items"]
    (pod,) = (one for one in found if one["spec"]["nodeName"] == cluster.first.layout.name)
    (place, *_) = container_cgroups(pod["status"]["containerStatuses"][0]["containerID"])
    return int((place / "cgroup.procs").read_text(encoding="ascii").split()[0])


def container_cgroups(identity: str) -> list[Path]:
    """Return the cgroups of a container on this machine, one in each hierarchy, by its id in the status of a pod."""
    name = identity.rpartition("/")[2]
    return [path for root in cgroups() for path in root.rglob(f"*{name}*") if path.is_dir()]


def _daemon_set() -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": _NAME}
    container = {"name": "pause", "image": PAUSE_IMAGE, "imagePullPolicy": "Never"}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": _NAME, "namespace": _NAMESPACE},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
            },
        },
    }
