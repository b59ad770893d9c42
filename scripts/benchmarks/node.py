"""The portal as Pods on a real node: from the clone to the first destination, memory, answers meanwhile, idle requests."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from scripts.benchmarks.report import Figure
from tests.services.node.api import Administrator
from tests.services.node.cgroup import MemoryCgroup
from tests.services.node.forwarding import forwarded
from tests.services.node.load import steady
from tests.services.node.release import INSTALL, PASSWORD, PERSON, Release, build, push
from tests.services.node.typed import command
from tests.services.node.visitor import Visitor
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services.node.cluster import Cluster

_SECONDS = 30
_IDLE = 660
"""Longer than two watches: of a shorter time, none may begin in it."""
_SEE_OTHER = 303
_START_GOAL, _IDLE_GOAL, _MEMORY_LIMIT, _MINUTE_GOAL = 240, 125, 256, 3
"""Seconds, MiB, MiB, and requests."""


def figures(cluster: Cluster) -> Iterator[Figure]:
    """Take all figures on a node that runs nothing yet."""
    release = Release.prepared(cluster, "epinio")
    yield from _to_the_first_destination(cluster, release)
    yield from _idle(release)
    yield from _under_use(release)
    yield from _with_many(release)


def _took(what: Callable[[], object]) -> float:
    began = time.monotonic()
    what()
    return time.monotonic() - began


def _to_the_first_destination(cluster: Cluster, release: Release) -> Iterator[Figure]:
    made = build()
    image = _took(lambda: build(layers=False))
    pushed = _took(lambda: push(cluster, made))
    installed = _took(release.install)
    tested = _took(lambda: release.type(command(INSTALL, "helm test")))

    def add() -> None:
        with forwarded(cluster, command(INSTALL, "kubectl port-forward")):
            url = "http://localhost:8080"
            person = Visitor(cluster.first.machine.init, url, {"Host": "localhost:8080", "Origin": url})
            person.sign_in(PERSON, PASSWORD)
            typed = {"host": "registry.example.com", "organization": "org", "username": "robot", "password": "pw-8171"}
            if person.send("/destinations/new", name="first", **typed).status != _SEE_OTHER:
                raise RuntimeError("the first destination was not added")

    first = _took(add)
    whole = image + pushed + installed + tested + first
    yield Figure("`make image`, without layers from before", f"{image:.0f} s")
    yield Figure("push", f"{pushed:.0f} s")
    yield Figure("`helm install` until both Pods are ready, pull included", f"{installed:.0f} s")
    yield Figure("`helm test`", f"{tested:.1f} s")
    yield Figure(
        "clone to first destination: machine time of the 6 commands",
        f"{whole:.0f} s",
        f"<= {_START_GOAL} s",
        whole <= _START_GOAL,
    )


def _idle(release: Release) -> Iterator[Figure]:
    time.sleep(20)
    before = _asked(release)
    time.sleep(_IDLE)
    minute = (_asked(release) - before) / (_IDLE / 60) / 2
    idle = max(_working_sets(release))
    yield Figure(
        "memory of a Pod while idle (working set)", f"{idle:.0f} MiB", f"<= {_IDLE_GOAL} MiB", idle <= _IDLE_GOAL
    )
    yield Figure(
        "requests to the API server while idle, a Pod and minute",
        f"{minute:.1f}",
        f"<= {_MINUTE_GOAL}",
        minute <= _MINUTE_GOAL,
    )
    yield Figure("…a day, two Pods", f"{minute * 2 * 1440:,.0f}")


def _under_use(release: Release) -> Iterator[Figure]:
    def measured(what: str, does: Callable[[], object]) -> Figure:
        with steady(release.visitor()) as seen:
            does()
            release.settled()
        return Figure(f"20 requests a second: {what}", str(seen), "none fails", not seen.failures)

    yield measured(f"{_SECONDS} s of calm", lambda: time.sleep(_SECONDS))
    yield measured("`helm upgrade` that replaces both Pods", lambda: release.type(_UPGRADE))
    cluster = release.cluster
    with cluster.second() as other:
        first = cluster.first.layout.name
        yield measured(
            "`kubectl drain` of the node with both Pods", lambda: cluster.kubectl(*_DRAIN, first, seconds=130)
        )
        cluster.kubectl("uncordon", first)
        cluster.kubectl(*_DRAIN, other.layout.name, seconds=130)
        release.settled()


_DRAIN = ("drain", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s")
_UPGRADE = command("docs/operate.md", "helm upgrade") + " --set podAnnotations.changed=yes"


def _with_many(release: Release) -> Iterator[Figure]:
    for before, count in ((0, 1_000), (1_000, 5_000)):
        manifests = [world.destination(f"many-{number}") for number in range(before, count)]
        Administrator.of(release.cluster).create_secrets(release.namespace, manifests)
        time.sleep(10)
        person = release.visitor()
        for _ in range(20):
            person.ask("GET", "/")
        used = max(_working_sets(release))
        what = f"memory of a Pod with {count:,} destinations, after 20 pages (working set)"
        yield Figure(what, f"{used:.0f} MiB", f"<= {_MEMORY_LIMIT} MiB", used <= _MEMORY_LIMIT)


def _asked(release: Release) -> int:
    """Return how many requests of the portal the audit log holds."""
    name = f"system:serviceaccount:{release.namespace}:edrportal"
    lines = (release.cluster.directory / "audit.log").read_text(encoding="utf-8").splitlines()
    return sum(json.loads(line)["user"]["username"] == name for line in lines)


def _working_sets(release: Release) -> list[float]:
    """Return the memory of each Pod as the kubelet counts it, in MiB."""
    return [MemoryCgroup.of(identity).working_set() for identity in release.containers()]
