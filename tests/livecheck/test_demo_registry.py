"""The pages and the prober together, against the demo's own registry."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from destinations import names
from destinations.livecheck.registry.probe import NetworkRegistries
from destinations.model import Credentials
from destinations.secret import docker_config
from edrportal.configuration.registry import address_rules
from edrportal.demo.registry import USER, DemoRegistry
from tests.livecheck.world import destination
from tests.services import composition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster


@contextmanager
def demo_registry(now: datetime) -> Iterator[DemoRegistry]:
    made = DemoRegistry(now)
    thread = made.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join()


@pytest.fixture
def registry(portal: InMemoryCluster) -> Iterator[DemoRegistry]:
    with demo_registry(datetime.now(UTC)) as made:
        allowed = replace(
            address_rules(settings.ENVIRONMENT.registry), ports=frozenset({made.port}), allow_loopback=True
        )
        for name, password, certs in (("good", made.password, "ca"), ("wrong", "x", "ca"), ("bare", made.password, "")):
            config = docker_config.new(made.host, Credentials(USER, password)).decode()
            stored = destination(name, certs=certs)
            portal.load([{**stored, "stringData": {**stored["stringData"], names.CONFIG_KEY: config}}])
        portal.load([{"metadata": {"name": "ca"}, "stringData": {"tls.crt": made.ca.decode()}}])
        with composition.use_registries(NetworkRegistries(allowed)):
            yield made


@pytest.mark.parametrize(
    ("name", "headline", "finding"),
    [
        ("good", "An export would pass: chart and image can be pushed.", "Helm may push to team/workspace-shop-chart."),
        ("wrong", "An export would fail.", "The registry rejected the user name or password"),
        ("bare", "An export would fail.", "the missing CA is CN="),
    ],
)
def test_a_click_asks_the_registry_and_shows_what_it_found(
    client: Client, registry: DemoRegistry, name: str, headline: str, finding: str
) -> None:
    assert client.post(f"/destinations/{name}/check").status_code == 303
    page = client.get(f"/destinations/{name}").content.decode()
    assert headline in page
    assert finding in page
    assert registry.password not in page


def test_several_are_asked_and_counted(client: Client, registry: DemoRegistry) -> None:
    answer = client.post("/check", {"all": "1"})
    composition.checks().finish(30)
    page = client.get(answer.headers["Location"]).content.decode()
    assert "1 passed, 2 failed, 0 inconclusive." in page
    assert registry.password not in page
