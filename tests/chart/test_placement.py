"""Where pods go: over nodes and zones, through a rollout, and away from a node that is lost.

What the scheduler makes of it is tried on nodes that run (tests/node).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.services import charts

if TYPE_CHECKING:
    from pathlib import Path

LOST = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
SELECTOR = {
    "app.kubernetes.io/name": "edrportal",
    "app.kubernetes.io/instance": "edrportal",
    "app.kubernetes.io/component": "portal",
}


def pod(home: Path, values: dict[str, Any] | None = None, kubernetes: str = charts.KUBERNETES) -> dict[str, Any]:
    objects = charts.render(home, {"policy": {"enabled": False}, **(values or {})}, kubernetes=kubernetes)
    found: dict[str, Any] = charts.one(objects, "Deployment")["spec"]["template"]["spec"]
    return found


def test_pods_of_one_rollout_spread_over_nodes_that_have_no_zone_labels(helm_home: Path) -> None:
    """The scheduler ignores a node that lacks the key of any constraint: one for zones would void the one for nodes."""
    (constraint,) = pod(helm_home)["topologySpreadConstraints"]
    assert constraint == {
        "topologyKey": "kubernetes.io/hostname",
        "maxSkew": 1,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": SELECTOR},
        "matchLabelKeys": ["pod-template-hash"],
    }


@pytest.mark.parametrize(
    ("kubernetes", "by_rollout"), [("1.27", False), ("1.32", False), ("1.33", True), ("1.36", True)]
)
def test_zones_are_a_preference_that_needs_no_label(helm_home: Path, kubernetes: str, *, by_rollout: bool) -> None:
    affinity = pod(helm_home, kubernetes=kubernetes)["affinity"]
    (preferred,) = affinity["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    term = preferred["podAffinityTerm"]
    assert affinity.keys() == {"podAntiAffinity"}
    assert (term["topologyKey"], term["labelSelector"]["matchLabels"]) == ("topology.kubernetes.io/zone", SELECTOR)
    assert term.get("matchLabelKeys") == (["pod-template-hash"] if by_rollout else None)


def test_what_is_stated_replaces_the_defaults(helm_home: Path) -> None:
    constraint = {"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}
    other = {**constraint, "labelSelector": {"matchLabels": {"a": "b"}}}
    affinity: dict[str, Any] = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
    spec = pod(helm_home, {"topologySpreadConstraints": [constraint, other], "affinity": affinity})
    completed = {**constraint, "labelSelector": {"matchLabels": SELECTOR}}
    assert (spec["topologySpreadConstraints"], spec["affinity"]) == ([completed, other], affinity)


def seconds(spec: dict[str, Any]) -> dict[str, int]:
    return {
        one["key"]: one["tolerationSeconds"]
        for one in spec.get("tolerations", [])
        if "tolerationSeconds" in one and one["effect"] == "NoExecute" and one["operator"] == "Exists"
    }


def test_pods_leave_a_lost_node_sooner_than_after_five_minutes(helm_home: Path) -> None:
    assert seconds(pod(helm_home)) == dict.fromkeys(LOST, 30)
    assert seconds(pod(helm_home, {"lostNodeTolerationSeconds": 0})) == dict.fromkeys(LOST, 0)
    assert "tolerations" not in pod(helm_home, {"lostNodeTolerationSeconds": None})


def test_a_toleration_of_ones_own_for_a_lost_node_takes_precedence(helm_home: Path) -> None:
    stays = {"key": LOST[0], "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 7}
    spec = pod(helm_home, {"tolerations": [stays]})
    assert spec["tolerations"][0] == stays
    assert seconds(spec) == {LOST[0]: 7, LOST[1]: 30}
    everywhere = {"operator": "Exists"}
    assert pod(helm_home, {"tolerations": [everywhere]})["tolerations"] == [everywhere]
    elsewhere = {"key": "dedicated", "operator": "Exists"}
    assert seconds(pod(helm_home, {"tolerations": [elsewhere]})) == dict.fromkeys(LOST, 30)
    unscheduled = {"key": LOST[0], "operator": "Exists", "effect": "NoSchedule"}
    assert seconds(pod(helm_home, {"tolerations": [unscheduled]})) == dict.fromkeys(LOST, 30)


@pytest.mark.parametrize(
    ("kubernetes", "stated", "rendered"),
    [
        ("1.34.9", "", None), ("1.35.0", "", "PreferSameNode"), ("v1.36.1+k3s1", "", "PreferSameNode"),
        ("1.36.0", None, None), ("1.36.0", "PreferClose", "PreferClose"), ("1.31.0", "PreferClose", "PreferClose"),
    ],
)  # fmt: skip
def test_requests_prefer_a_pod_on_their_own_node_where_kubernetes_can(
    helm_home: Path, kubernetes: str, stated: str | None, rendered: str | None
) -> None:
    objects = charts.render(helm_home, {"service": {"trafficDistribution": stated}}, kubernetes=kubernetes)
    assert charts.one(objects, "Service", "edrportal")["spec"].get("trafficDistribution") == rendered
