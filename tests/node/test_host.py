"""The machine that a node runs on stays as it was, and whatever happens to the tests, nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.services.node.host import Host, inhabitants, process_namespace
from tests.services.node.namespaces import cgroups, sweep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.services.node.cluster import Cluster
    from tests.services.node.release import Release

STARTS = """
import sys, time
from pathlib import Path
from tests.services.node.namespaces import machine
from tests.services.node.packages import packages
given = dict(NODE_ADDRESS="10.66.0.9", NODE_SERVICES="10.96.0.0/16", NODE_DNS="10.66.0.9", NODE_HOSTS="127.0.0.1 localhost")
with machine("orphan", Path(sys.argv[1]), packages().environment(), given) as made:
    print(made.init, made.cgroup, flush=True)
    time.sleep(60)
"""


def until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_of_the_host_changes_while_pods_run(release: Release) -> None:
    node = release.cluster
    on_the_node = node.run("sh", "-c", "ip link; cat /proc/self/mountinfo; nft list ruleset")
    for theirs in ("br0", "cni0", "KUBE-SERVICES", "KUBE-ROUTER-FORWARD", "/run/node/kubelet/pods"):
        assert theirs in on_the_node
    seen = repr(Host.now())
    for theirs in ("br0", "cni0", "KUBE-", "10.66.0", "kubelet", "edrnode"):
        assert theirs not in seen


def test_a_node_whose_tests_are_killed_leaves_empty_cgroups_which_the_next_one_removes(
    node: Cluster, tmp_path: Path
) -> None:
    before = Host.now()
    tests = subprocess.Popen([sys.executable, "-c", STARTS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert tests.stdout
    init, cgroup = tests.stdout.readline().split()
    namespace = process_namespace(int(init))
    until(lambda: inhabitants([namespace]) == ["pause"])
    os.kill(tests.pid, signal.SIGKILL)
    tests.wait()
    tests.stdout.close()
    until(lambda: not inhabitants([namespace]))
    assert Host.now() == before
    sweep()
    assert not [path for path in cgroups() if path.name == cgroup]
    assert [path for path in cgroups() if path.name == node.first.machine.cgroup]
