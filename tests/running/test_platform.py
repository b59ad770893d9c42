"""The second port of a running portal: metrics, liveness and readiness, while all else is well or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import urllib3
from django.core.management import CommandError, call_command
from django.test import override_settings

from edrportal.environment import ConfigurationError, Environment
from tests.metrics.scraping import parsed, value
from tests.services.portals import KEY, served, status
from tests.services.tcpproxy import kubeconfig_through, tcp_proxy
from tests.services.web import Handler, web_server

if TYPE_CHECKING:
    from pathlib import Path

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
        lines = [
            line for line in (tmp_path / "portal.log").read_text().splitlines() if not line.startswith("The portal")
        ]
    assert lines
    assert all({"time", "level", "logger", "message"} <= set(json.loads(line)) for line in lines)


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
