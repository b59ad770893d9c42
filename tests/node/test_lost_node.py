"""A node is lost like by a power cut, while people use the portal: no request waits for it longer than 15 seconds.

Controller manager, scheduler, kubelet and kube-proxy are the real ones, with the times that Kubernetes sets by default. The
requests come from the node that is left, through the ClusterIP: what takes the place of an ingress controller connects to the
Service, not to Pods (see docs/operate.md for those that do).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.services.node.load import steady
from tests.services.node.node import cut_power
from tests.services.node.typed import command

if TYPE_CHECKING:
    from tests.services.node.cluster import Cluster
    from tests.services.node.release import Release

LONGEST_SECONDS = 15
PATIENCE = 240
"""Seconds until Kubernetes holds a node to be lost (50 by default), and until the portal's second pod runs elsewhere."""


def is_lost(node: Cluster, name: str) -> bool:
    conditions = node.get("node", name)["status"]["conditions"]
    return any(one["type"] == "Ready" and one["status"] == "Unknown" for one in conditions)


def test_a_node_that_is_lost_makes_no_request_fail_or_wait(release: Release) -> None:
    node = release.cluster
    first = node.first.layout.name
    with node.second() as other:
        second = other.layout.name
        release.type(command("docs/operate.md", "kubectl rollout restart"))
        release.settled()
        assert release.nodes() == {first, second}
        with steady(release.visitor()) as seen:
            cut_power(node.first, other)
            noticed = node.await_(f"{second} is lost", lambda: is_lost(node, second), seconds=PATIENCE)
            replaced = node.await_("another pod", lambda: release.ready_on(first) == 2, seconds=PATIENCE)
        found = f"noticed after {noticed:.0f} s, the pod replaced {replaced:.0f} s later"
        print(f"{found}; {seen}, longest {max(seen.seconds):.1f} s")  # noqa: T201 - shown by -rP
        node.kubectl(
            "delete",
            "pods",
            "--all-namespaces",
            "--force",
            "--grace-period=0",
            f"--field-selector=spec.nodeName={second}",
        )
    assert not seen.failures
    assert max(seen.seconds) < LONGEST_SECONDS
    assert sum(seen.statuses.values()) > 10 * noticed
