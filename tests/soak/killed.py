"""Runs actions that are killed: reads `ACTION STEP GENERATION` lines, forks, and says whether the child was killed.

STEP counts the boundaries between the action's calls to the cluster (0: before the first, 1: after it, 2: before the
second, …); `~N` kills after N microseconds, wherever the action is then. A process of its own, with one thread, so that
forking is sound. Started by test_kills.py as `python -m tests.soak.killed KUBECONFIG NAMESPACE`.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from destinations.cluster.kube.adapter import KubernetesCluster  # noqa: E402 - after the settings
from tests.soak import scene  # noqa: E402

_CALLS = {"list_secrets", "get_secret", "create_secret", "replace_secret", "delete_secret"}


class Dying:
    """A cluster that kills the process at one boundary."""

    def __init__(self, cluster: KubernetesCluster, step: int) -> None:
        self._cluster, self._step, self._passed = cluster, step, 0

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._cluster, name)
        if name not in _CALLS:
            return member

        def call(*args: Any, **options: Any) -> Any:
            self._boundary()
            try:
                return member(*args, **options)
            finally:
                self._boundary()

        return call

    def _boundary(self) -> None:
        if self._passed == self._step:
            os.kill(os.getpid(), signal.SIGKILL)
        self._passed += 1


def main() -> None:
    """Answer one line for each line."""
    kubeconfig, namespace = sys.argv[1:3]
    KubernetesCluster.from_kubeconfig(kubeconfig, namespace=namespace).list_secrets()  # imports, once for all children
    for line in sys.stdin:
        action, step, generation = line.split()
        scene.bundle(generation)
        child = os.fork()
        if child == 0:
            _run(kubeconfig, namespace, action, step, generation)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else f"ended {os.waitstatus_to_exitcode(status)}", flush=True)  # noqa: T201


def _run(kubeconfig: str, namespace: str, action: str, step: str, generation: str) -> None:
    try:
        cluster: Any = KubernetesCluster.from_kubeconfig(kubeconfig, namespace=namespace)
        if step.startswith("~"):
            signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            signal.setitimer(signal.ITIMER_REAL, int(step[1:]) / 1e6)
        else:
            cluster = Dying(cluster, int(step))
        scene.act(action, cluster, generation)
    except BaseException as error:  # noqa: BLE001 - a child must never come back into the loop
        print(type(error).__name__, file=sys.stderr, flush=True)  # noqa: T201
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
