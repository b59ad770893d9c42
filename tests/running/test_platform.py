"""The second port of a running portal: metrics, liveness and readiness, while all else is well or not."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import urllib3
from django.core.management import CommandError, call_command
from django.test import override_settings

from destinations.cluster.memory import InMemoryCluster
from edrportal.configuration.environment import ConfigurationError, Environment
from edrportal.management.server import PLACES
from edrportal.serving import health
from edrportal.serving.lanes import Lane
from edrportal.serving.limits import Limits
from edrportal.telemetry import readiness
from tests.metrics.scraping import answer, parsed, value
from tests.metrics.test_gauges import watched
from tests.services.effort import times
from tests.services.fault_servers import silent_server
from tests.services.house import GET, connected, head, house, is_closed
from tests.services.portals import KEY, served, status
from tests.services.processes import free_port
from tests.services.tcpproxy import kubeconfig_through, tcp_proxy
from tests.services.web import Handler, web_server

if TYPE_CHECKING:
    from tests.services.apiserver import ApiServer


def fetched(url: str, path: str) -> str:
    with urllib3.PoolManager(retries=False, timeout=10) as pool:
        return pool.request("GET", url + path).data.decode()


@pytest.mark.cluster
def test_the_second_port_tells_how_the_portal_does(api_server: ApiServer, tmp_path: Path) -> None:
    with tcp_proxy(api_server) as proxy:
        config = kubeconfig_through(proxy, api_server, tmp_path)
        with served(config, api_server.new_namespace(), tmp_path / "portal.log") as portal:
            assert status(portal.url, "/metrics") == 404
            assert status(portal.platform, "/healthz") == 200
            assert "edrportal_watch_age_seconds" in fetched(portal.platform, "/metrics")
            samples = parsed(fetched(portal.platform, "/metrics"))
            assert value(samples, "edrportal_api_calls_total", verb="list", resource="secrets", outcome="ok") >= 1
            assert value(samples, "process_resident_memory_bytes") > 1e7
            proxy.close()
            assert status(portal.platform, "/healthz") == 200
            assert status(portal.platform, "/readyz") == 503
            assert json.loads(fetched(portal.platform, "/readyz"))["cluster"] == "NoUsableAnswer"
            assert value(parsed(fetched(portal.platform, "/metrics")), "edrportal_build_info", version="0.1.0") == 1
        lines = (tmp_path / "portal.log").read_text().splitlines()
    assert lines
    assert all({"time", "level", "logger", "message"} <= set(json.loads(line)) for line in lines)


@pytest.mark.cluster
def test_a_cluster_that_is_silent_makes_readiness_red_and_never_liveness(api_server: ApiServer, tmp_path: Path) -> None:
    """Every place among the pages and the sign-ins is taken meanwhile, and more wait: nobody restarts what is not dead."""
    with tcp_proxy(api_server) as proxy:
        config = kubeconfig_through(proxy, api_server, tmp_path)
        with served(config, api_server.new_namespace(), tmp_path / "portal.log") as portal:
            proxy.silent = True
            end = time.monotonic() + times(12, 60)

            def press(path: str) -> None:
                while time.monotonic() < end:
                    status(portal.url, path)

            pressing = [threading.Thread(target=press, args=(path,)) for path in ("/readyz/", "/", "/signin") * 15]
            for one in pressing:
                one.start()
            ready, slowest = set(), 0.0
            while time.monotonic() < end:
                began = time.monotonic()
                assert status(portal.platform, "/healthz") == 200
                slowest = max(slowest, time.monotonic() - began)
                ready.add(status(portal.platform, "/readyz"))
            for one in pressing:
                one.join()
            print(f"while the cluster is silent, liveness answers within {slowest:.1f} s")  # noqa: T201 - a figure
            assert 503 in ready
            assert slowest < 5  # what a probe waits
            proxy.silent = False


@pytest.mark.cluster
def test_strangers_learn_on_the_port_of_the_pages_only_whether_it_is_ready(
    api_server: ApiServer, tmp_path: Path
) -> None:
    with tcp_proxy(api_server) as proxy:
        config = kubeconfig_through(proxy, api_server, tmp_path)
        with served(config, api_server.new_namespace(), tmp_path / "portal.log") as portal:

            def lists() -> float:
                samples = parsed(fetched(portal.platform, "/metrics"))
                return value(samples, "edrportal_api_calls_total", verb="list", resource="secrets", outcome="ok")

            before = lists()
            for _ in range(20):
                assert json.loads(fetched(portal.url, "/readyz")) == {"ready": True, "server": "ok"}
            assert lists() - before <= 2  # the watch begins anew by itself
            proxy.close()
            assert status(portal.platform, "/readyz") == 503
            assert json.loads(fetched(portal.url, "/readyz")) == {"ready": False, "server": "not ready"}


@pytest.mark.cluster
def test_only_the_portal_whose_own_way_to_the_api_server_is_broken_is_not_ready(
    api_server: ApiServer, tmp_path: Path
) -> None:
    namespace = api_server.new_namespace()
    with tcp_proxy(api_server) as proxy:
        config = kubeconfig_through(proxy, api_server, tmp_path)
        with (
            served(config, namespace, tmp_path / "lost.log") as lost,
            served(str(api_server.kubeconfig), namespace, tmp_path / "other.log") as other,
        ):
            time.sleep(2.0)  # until both watch
            proxy.close()
            for _ in range(10):
                assert [status(one.platform, "/readyz") for one in (lost, other)] == [503, 200]
                assert [status(one.platform, "/healthz") for one in (lost, other)] == [200, 200]
                time.sleep(0.5)
            assert json.loads(fetched(lost.platform, "/readyz"))["cluster"] == "NoUsableAnswer"


def test_liveness_fails_where_the_port_of_the_pages_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane(1, 1.0)
    monkeypatch.setattr(health, "_watched", [])
    with silent_server() as silent:
        for port in (free_port(), silent):
            health.watch(lane, ("0.0.0.0", port))
            assert answer("/healthz")[0] == "503 Service Unavailable"
            status_line, body = answer("/readyz")
            assert (status_line, json.loads(body)["pages"]) == ("503 Service Unavailable", "no answer")


def test_liveness_is_told_though_every_connection_waits_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a full house nor refusals in line stand before the probe; a door that nobody opens is dead."""
    monkeypatch.setattr(health, "_watched", [])
    monkeypatch.setattr(health, "_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(health, "_ASK_SECONDS", 1.0)

    async def run() -> None:
        async with house(Limits(3, 3, 100), places=2) as (door, port, application, lane):
            health.watch(lane, ("127.0.0.1", port))
            waiting = [await connected(port, GET % b"slow") for _ in range(3)]
            assert await is_closed(await connected(port, GET % b"quick"))
            assert await asyncio.to_thread(health.is_answered)
            asyncio.get_running_loop().remove_reader(door._listener)  # noqa: SLF001 - as if it had died
            assert not await asyncio.to_thread(health.is_answered)
            application.go_on.set()
            for one in waiting:
                await head(one)

    asyncio.run(run())
    assert all(not "/healthz".startswith(path) for path in PLACES[0].paths), "where refusals are answered"


def test_readiness_fails_while_no_page_is_served_though_all_places_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_watched", [])
    monkeypatch.setattr(health, "STUCK_SECONDS", 0.1)
    lane = Lane(2, 0.1)

    async def run() -> None:
        health.watch(lane, ("127.0.0.1", 0))
        assert await lane.enter()
        await asyncio.sleep(0.2)
        assert health.pages() == "ok"  # a place is free
        assert await lane.enter()
        assert not await lane.enter()
        await asyncio.sleep(0.2)
        assert health.pages() == "none served for 0 s"
        assert not readiness.is_ready()
        lane.leave()
        assert health.pages() == "ok"

    with watched(InMemoryCluster()):
        asyncio.run(run())


def test_a_port_that_is_taken_is_named_when_the_server_starts() -> None:
    with web_server(Handler) as port:
        stated = {"EDRPORTAL_SECRET_KEY": KEY, "EDRPORTAL_METRICS_PORT": str(port)}
        with (
            override_settings(ENVIRONMENT=Environment.read(stated)),
            pytest.raises(CommandError, match="EDRPORTAL_METRICS_PORT"),
        ):
            call_command("serve", bind="127.0.0.1:0")


@pytest.mark.parametrize("stated", ["65536", "-1", "metrics"])
def test_a_port_that_is_none_is_named_when_the_server_starts(stated: str) -> None:
    with pytest.raises(ConfigurationError, match="EDRPORTAL_METRICS_PORT"):
        Environment.read({"EDRPORTAL_SECRET_KEY": KEY, "EDRPORTAL_METRICS_PORT": stated}).check()
