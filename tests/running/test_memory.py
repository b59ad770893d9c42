"""What the chart's limits promise: memory while idle and under lists without end, and how soon the portal is ready (b1-b4)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import yaml

from edrportal.management.server import WARM_SECONDS
from scripts.benchmarks import scene
from tests.chart.test_chart_runs import Browser
from tests.services.crowd import COUNT, Crowd
from tests.services.effort import times
from tests.services.portals import served, status
from tests.services.stopwatch import Stopwatch
from tests.services.tcpproxy import kubeconfig_through, tcp_proxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.people, pytest.mark.cluster, pytest.mark.timeout(3600)]
IDLE_MIB, READY_SECONDS = 125, 3.0


def limit() -> float:
    """Return the limit of the chart, in MiB."""
    with open("deploy/chart/values.yaml", encoding="utf-8") as file:  # noqa: PTH123
        stated = yaml.safe_load(file)["resources"]["limits"]["memory"]
    return float(stated.removesuffix("Mi"))


@pytest.fixture(scope="module")
def filled(api_server: ApiServer) -> str:
    """A namespace with a thousand destinations."""
    namespace = api_server.new_namespace()
    scene.fill(api_server, namespace, COUNT)
    return namespace


def test_eight_scripts_that_list_a_thousand_destinations_without_a_pause_stay_within_the_limit(
    api_server: ApiServer, filled: str, tmp_path: Path
) -> None:
    with served(str(api_server.kubeconfig), filled, tmp_path / "portal.log") as portal:
        person = Browser(portal.url)
        assert person.send("/signin", username=scene.USER, password=scene.PASSWORD).status == 302
        crowd = Crowd(portal.url, "; ".join(f"{name}={value}" for name, value in person.cookies.items()))
        before = portal.tree()
        most = max(portal.tree() for _ in crowd.come(times(20, 300)))
        peak = portal.memory() + 10  # and the keeper
    print(f"{before:.0f} MiB before, {most:.0f} MiB at most, {peak:.0f} MiB by VmHWM")  # noqa: T201 - figures
    print(crowd)  # noqa: T201 - figures
    assert crowd.wrong == []
    assert crowd.lists[200] > times(20, 300)
    assert crowd.pages[200] > 0.9 * crowd.pages.total()
    assert max(most, peak) < limit()


def test_idle_it_takes_little_and_the_request_of_the_chart_covers_a_thousand_destinations(
    api_server: ApiServer, filled: str, tmp_path: Path
) -> None:
    found = {}
    for name, namespace in (("none", api_server.new_namespace()), ("thousand", filled)):
        with served(str(api_server.kubeconfig), namespace, tmp_path / f"{name}.log") as portal:
            time.sleep(2)
            found[name] = portal.tree()
    print(f"idle: {found['none']:.0f} MiB, with {COUNT:,} destinations {found['thousand']:.0f} MiB")  # noqa: T201 - figures
    assert found["none"] < IDLE_MIB
    with open("deploy/chart/values.yaml", encoding="utf-8") as file:  # noqa: PTH123
        assert found["thousand"] < float(yaml.safe_load(file)["resources"]["requests"]["memory"].removesuffix("Mi"))


def test_it_is_ready_in_three_seconds_and_the_first_answers_are_quick(
    api_server: ApiServer, filled: str, tmp_path: Path
) -> None:
    watch = Stopwatch()
    with served(str(api_server.kubeconfig), filled, tmp_path / "portal.log") as portal:
        ready = watch.seconds
        person = Browser(portal.url)
        assert person.send("/signin", username=scene.USER, password=scene.PASSWORD).status == 302
        first = Stopwatch(portal.process)
        assert person.ask("GET", "/").status == 200
        took = first.seconds
    print(f"ready after {ready:.1f} s, the first page of {COUNT:,} in {took * 1000:.0f} ms")  # noqa: T201 - figures
    assert ready < READY_SECONDS
    assert took < 0.5


def test_a_silent_api_server_keeps_nobody_from_starting_and_readiness_says_so(
    api_server: ApiServer, tmp_path: Path
) -> None:
    with tcp_proxy(api_server) as proxy:
        config, namespace = kubeconfig_through(proxy, api_server, tmp_path), api_server.new_namespace()
        proxy.silent = True
        watch = Stopwatch()
        with served(config, namespace, tmp_path / "portal.log", ready="/healthz") as portal:
            assert watch.seconds < WARM_SECONDS + READY_SECONDS
            assert status(portal.platform, "/readyz") == 503
            proxy.silent = False
            end = time.monotonic() + 20
            while status(portal.platform, "/readyz") != 200:
                assert time.monotonic() < end
                time.sleep(0.2)
