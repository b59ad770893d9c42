"""The portal in the cgroup of its own Pod, with the limits of the chart: at rest, at its start, and with a crowd before it."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from scripts.benchmarks import scene
from tests.services import charts
from tests.services.crowd import COUNT, Crowd
from tests.services.effort import times
from tests.services.node.api import Administrator
from tests.services.node.cgroup import MemoryCgroup
from tests.services.node.network import enter_network_of
from tests.services.node.release import Release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.node.cluster import Cluster

IDLE_MIB = 125
READY_GOAL_SECONDS = 3
"""Told, and no failure: how soon a Pod is ready depends on what else the machine does."""


def mebibytes(kind: str) -> float:
    """Return what the chart states."""
    stated = yaml.safe_load((charts.CHART / "values.yaml").read_text())["resources"][kind]["memory"]
    return float(stated.removesuffix("Mi"))


def pod_of(administrator: Administrator, namespace: str) -> dict[str, Any]:
    """Return the only Pod of the portal that is not about to end, as far as there is one."""
    found = administrator.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector=app.kubernetes.io/component=portal")
    return next((one for one in found["items"] if "deletionTimestamp" not in one["metadata"]), {})


def is_ready(pod: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))


def seconds_to_ready(administrator: Administrator, namespace: str) -> float:
    """Return how long after its container's first process began a new Pod is ready in the eyes of the API server."""
    end = time.monotonic() + 120
    while not (pod := pod_of(administrator, namespace)) or not is_ready(pod):
        assert time.monotonic() < end
        time.sleep(0.05)
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    (first, *_) = MemoryCgroup.of(pod["status"]["containerStatuses"][0]["containerID"]).processes()
    with open(f"/proc/{first}/stat", encoding="utf-8") as file:  # noqa: PTH123
        began = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return now - began


def end_of(release: Release) -> str:
    """Return how a container ended, and what Kubernetes did about it."""
    where = ["-n", release.namespace]
    states = "jsonpath={.items[*].status.containerStatuses[*].lastState}"
    ended = release.cluster.kubectl("get", "pods", *where, "-o", states)
    return ended + release.cluster.kubectl("get", "events", *where, "--sort-by=.lastTimestamp")[-2000:]


@pytest.fixture(scope="module")
def small(node: Cluster, image: object) -> Iterator[Release]:
    """A release of one Pod in a namespace of its own."""
    del image  # pushed
    release = Release.prepared(node, "crowded")
    release.install("--set", "replicaCount=1")
    yield release
    release.type("helm uninstall edrportal --namespace epinio")
    node.kubectl("delete", "namespace", release.namespace, "--wait=false")


def test_at_rest_and_before_a_crowd_it_keeps_the_memory_that_the_chart_gives_it(small: Release) -> None:
    administrator = Administrator.of(small.cluster)
    small.cluster.kubectl("delete", "pod", "-n", small.namespace, "--wait=false", *small.pods())
    took = seconds_to_ready(administrator, small.namespace)
    print(f"ready {took:.1f} s after its first process began (goal: {READY_GOAL_SECONDS} s)")  # noqa: T201 - figures
    small.rolled_out()
    pod = pod_of(administrator, small.namespace)
    container = MemoryCgroup.of(pod["status"]["containerStatuses"][0]["containerID"])
    assert container.limit() == mebibytes("limits")
    time.sleep(10)
    idle = container.working_set()
    administrator.create_secrets(small.namespace, scene.manifests(COUNT))
    person = small.visitor()
    person.ask("GET", "/")
    time.sleep(5)
    filled = container.working_set()
    print(f"at rest: {idle:.0f} MiB, with {COUNT:,} destinations {filled:.0f} MiB")  # noqa: T201 - figures
    assert idle < IDLE_MIB
    assert filled < mebibytes("requests")
    cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    crowd = Crowd(f"http://{pod['status']['podIP']}:8000", cookie, partial(enter_network_of, person.process))
    most = 0.0
    for _ in crowd.come(times(25, 300)):
        try:
            most = max(most, container.working_set())
        except FileNotFoundError:
            pytest.fail(f"the container ended with {most:.0f} MiB: {end_of(small)}; {crowd}")
    print(f"{most:.0f} MiB at most, {container.peak():.0f} MiB with file cache; {crowd}")  # noqa: T201 - figures
    assert crowd.wrong == []
    assert crowd.lists[200]
    assert crowd.pages[200]
    assert container.oom_kills() == 0
    assert pod_of(administrator, small.namespace)["status"]["containerStatuses"][0]["restartCount"] == 0
    assert most < mebibytes("limits")
