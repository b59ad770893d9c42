"""A killed process of the portal is seen in Kubernetes: RESTARTS counts it, and the message of its end says why (b4)."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.services.node.release import Release

KILL = f"""
import os
serving, = open("/proc/1/task/1/children").read().split()
os.kill(int(serving), {int(signal.SIGKILL)})
"""


def container(release: Release, pod: str) -> dict[str, Any]:
    (found,) = release.cluster.get("pod", pod, namespace=release.namespace)["status"]["containerStatuses"]
    return dict(found)


def test_a_killed_process_counts_as_a_restart_with_its_reason(release: Release) -> None:
    pod = release.pods()[0]
    before = container(release, pod)["restartCount"]
    release.cluster.kubectl("exec", "-n", release.namespace, pod, "--", "python", "-c", KILL)
    release.cluster.await_("the container is started anew", lambda: container(release, pod)["restartCount"] > before)
    release.settled()
    after = container(release, pod)
    assert after["restartCount"] == before + 1
    ended = after["lastState"]["terminated"]
    assert ended["exitCode"] == 128 + signal.SIGKILL
    assert ended["message"].startswith("The process that serves was killed (SIGKILL)")
