"""What the chart's limits promise: memory while idle and under lists without end, and how soon the portal is ready (b1-b4)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import urllib3
import yaml

from edrportal.management.server import WARM_SECONDS
from scripts.benchmarks import scene
from tests.chart.test_chart_runs import Browser
from tests.services.effort import times
from tests.services.portals import HOST, Served, served, status
from tests.services.stopwatch import Stopwatch
from tests.services.tcpproxy import kubeconfig_through, tcp_proxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.people, pytest.mark.cluster, pytest.mark.timeout(3600)]
COUNT = 1000
IDLE_MIB, READY_SECONDS = 125, 3.0
CLIENTS, PAGES_A_SECOND = 8, 20
HONEST = (
    "Too many requests come from your address at once.",
    "Too many requests came at once: the portal is busy with ",
)
PAGES = ("/", "/?page=7", "/?q=registry-0001&sort=name", "/destinations/registry-00123", "/destinations.csv", "/api/me")


def limit() -> float:
    """Return the limit of the chart, in MiB."""
    with open("deploy/chart/values.yaml", encoding="utf-8") as file:  # noqa: PTH123
        stated = yaml.safe_load(file)["resources"]["limits"]["memory"]
    return float(stated.removesuffix("Mi"))


class Load:
    """Asks, and keeps what came: an answer by its status, what was no answer by its name, and refusals that are not honest."""

    def __init__(self, portal: Served, cookie: str) -> None:
        self._portal = portal
        self._headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7", "Cookie": cookie}
        self._pool = urllib3.PoolManager(retries=False, timeout=60, maxsize=64)
        self.lists: Counter[int] = Counter()
        self.pages: Counter[int] = Counter()
        self.refused: Counter[str] = Counter()
        self.wrong: list[str] = []

    def ask(self, path: str, found: Counter[int], **headers: str) -> bytes:
        try:
            answer = self._pool.request("GET", self._portal.url + path, headers=self._headers | headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self.wrong.append(f"{path}: {type(error).__name__}")
            return b""
        found[answer.status] += 1
        text = answer.data.decode() if answer.status != 200 else ""
        refused = (
            answer.status in {429, 503} and any(words in text for words in HONEST) and "Retry-After" in answer.headers
        )
        if refused:
            self.refused[path] += 1
        elif answer.status != 200:
            self.wrong.append(f"{path}: {answer.status} {text[:200]}")
        return answer.data if answer.status == 200 else b""

    def list_until(self, end: float, number: int) -> None:
        while time.monotonic() < end:
            body = self.ask("/api/destinations", self.lists, **({"Accept-Encoding": "gzip"} if number % 2 else {}))
            if body and body.count(b'"last_check": ') != COUNT:
                self.wrong.append("a list that is not whole")

    def page_until(self, end: float) -> None:
        began, number = time.monotonic(), 0
        with ThreadPoolExecutor(32) as threads:
            while (due := began + number / PAGES_A_SECOND) < end:
                time.sleep(max(0.0, due - time.monotonic()))
                threads.submit(self.ask, PAGES[number % len(PAGES)], self.pages)
                number += 1


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
        load = Load(portal, "; ".join(f"{name}={value}" for name, value in person.cookies.items()))
        before = portal.tree()
        end, most = time.monotonic() + times(20, 300), 0.0
        asking = [threading.Thread(target=load.list_until, args=(end, number)) for number in range(CLIENTS)]
        asking.append(threading.Thread(target=load.page_until, args=(end,)))
        for one in asking:
            one.start()
        while any(one.is_alive() for one in asking):
            most = max(most, portal.tree())
            time.sleep(0.2)
        peak = portal.memory() + 10  # and the keeper
    print(f"{before:.0f} MiB before, {most:.0f} MiB at most, {peak:.0f} MiB by VmHWM")  # noqa: T201 - figures
    print(f"lists {dict(load.lists)}, pages {dict(load.pages)}, refused {dict(load.refused)}")  # noqa: T201 - figures
    assert load.wrong == []
    assert load.lists[200] > times(20, 300)
    assert load.pages[200] > 0.9 * load.pages.total()
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
