"""Two replicas at once: exactly one wins, the other is told, and nothing of the loser stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from destinations.actions import Seen
from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.port import Conflict, NotFound
from destinations.model import UserError
from tests.services.effort import times
from tests.services.reader import Reader
from tests.soak import scene

if TYPE_CHECKING:
    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("action", ["rotate", "add", "edit", "delete"])
def test_racing_pairs_have_one_winner_each(api_server: ApiServer, action: str) -> None:
    namespace = api_server.new_namespace()
    reader = Reader(api_server, namespace)
    replicas = [KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace) for _ in range(2)]
    pairs = times(15, 500 if action == "rotate" else 100)
    with ThreadPoolExecutor(2) as pool:
        for number in range(pairs):
            for name in reader.all():
                reader.remove(name)
            if action != "add":
                for manifest in scene.manifests("old"):
                    reader.post(manifest)
            seen = Seen.of(replicas[0].get_secret(scene.NAME)) if action != "add" else Seen("", "")
            start = Barrier(2)

            def run(side: int, seen: Seen = seen, start: Barrier = start, number: int = number) -> bool:
                generation = f"{number}{'ab'[side]}"
                scene.bundle(generation)
                start.wait()
                try:
                    if action == "add":
                        scene.act(action, replicas[side], generation)
                    else:
                        scene.act_on(action, replicas[side], seen, generation)
                except (Conflict, UserError, NotFound):
                    return False
                return True

            won = list(pool.map(run, range(2)))
            everything = reader.all()
            state = reader.state(scene.NAME, everything)
            if action == "delete":
                assert state is None
                assert any(won)
                continue
            assert sorted(won) == [False, True], f"pair {number}: {won}"
            assert state
            assert state.generation == f"{number}{'ab'[won.index(True)]}"
            left = {name for name in everything if name not in {scene.NAME, state.certs, f"{scene.NAME}-ca-old"}}
            assert not left, f"pair {number}: the loser left {left}"
    print(f"{pairs} racing pairs of {action}: exactly one winner each")  # noqa: T201 - a figure for SECURITY.md
