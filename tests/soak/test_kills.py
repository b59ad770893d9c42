"""SIGKILL at every step boundary of every action: the old destination or the new one, at worst a named orphan."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from destinations.actions import bundles
from destinations.cluster.kube.adapter import KubernetesCluster
from tests.services.effort import times
from tests.services.reader import Reader
from tests.soak import scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services.apiserver import ApiServer
    from tests.services.reader import State

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]
_MAX_STEPS = 60


@contextmanager
def killer(api_server: ApiServer, namespace: str) -> Iterator[Callable[[str, str, str], str]]:
    """Yield a function that runs an action in a process that is killed at a step."""
    command = [sys.executable, "-m", "tests.soak.killed", str(api_server.kubeconfig), namespace]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        stdin, stdout = process.stdin, process.stdout

        def run(action: str, step: str, generation: str) -> str:
            stdin.write(f"{action} {step} {generation}\n")
            stdin.flush()
            return stdout.readline().strip()

        yield run
        stdin.close()


def prepare(reader: Reader, action: str) -> None:
    for name in reader.all():
        reader.remove(name)
    if action == "sweep":
        orphan = scene.manifests("old")[0]
        orphan["metadata"]["annotations"] = {"edrportal/released-at": "2026-01-01T00:00:00Z"}
        reader.post(orphan)
    elif action != "add":
        for manifest in scene.manifests("old", broken=action == "repair"):
            reader.post(manifest)


def check(reader: Reader, cluster: KubernetesCluster, action: str) -> bool:
    """Assert that the destination is the old or the new one and that leftovers are named; say whether it is new."""
    everything = reader.all()
    state = reader.state(scene.NAME, everything)
    is_new = _is_new(action, state, everything)
    if state and action in {"rotate", "edit", "add"}:
        assert state.generation in {"old", "new"}
        assert (state.organization == "team-new") is (is_new and action == "edit")
    if state and action == "repair":
        assert state.generation == "old"
        assert (state.certs == f"{scene.NAME}-ca-old") is (state.label == "yes"), "half a repair"
    left = set(everything) - {scene.NAME, state.certs if state else ""}
    assert len(left) <= 1, f"more than an orphan: {left}"
    shown = {one.secret.name for one in bundles.unused(cluster.list_secrets(), datetime.now(UTC))}
    assert left == shown, f"not named: {left - shown}"
    return is_new


def _is_new(action: str, state: State | None, everything: dict[str, Any]) -> bool:
    if action == "sweep":
        return not everything
    if state is None or action in {"add", "delete"}:
        return (state is None) is (action == "delete")
    word = {"disable": "false", "repair": "true"}.get(action)
    return state.label == word if word else state.generation == "new"


@pytest.mark.parametrize("action", scene.ACTIONS)
def test_a_kill_at_every_boundary_leaves_the_old_or_the_new(api_server: ApiServer, action: str) -> None:
    namespace = api_server.new_namespace()
    reader = Reader(api_server, namespace)
    cluster = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace)
    kills, outcomes = 0, set()
    with killer(api_server, namespace) as run:
        for step in range(_MAX_STEPS):
            for _ in range(times(1, 20)):
                prepare(reader, action)
                result = run(action, str(step), "new")
                is_new = check(reader, cluster, action)
                kills += result == "killed"
                outcomes.add(is_new)
            if result != "killed":
                assert result == "ended 0"
                assert is_new
                break
        else:
            pytest.fail("the action has more steps than this test looks at")
        chance = random.Random(7)
        for _ in range(times(3, 40)):
            prepare(reader, action)
            kills += run(action, f"~{chance.randrange(1_000, 60_000)}", "new") == "killed"
            check(reader, cluster, action)
    assert outcomes == {False, True}
    print(f"{action}: {kills} kills, {step} step boundaries")  # noqa: T201 - a figure for SECURITY.md
