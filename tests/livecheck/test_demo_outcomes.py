"""The demo's registry shows every way in which a live check ends, and each can be repaired by hand as the demo says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import override_settings

from edrportal.demo.cluster import ANSWERING, demo_cluster
from edrportal.demo.registry import PASSWORD, USER
from edrportal.management.commands import demo
from tests.livecheck.test_demo_registry import demo_registry
from tests.services import composition
from tests.web.test_daily_work import form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from edrportal.demo.registry import DemoRegistry

_PASSES = "An export would pass: chart and image can be pushed."
_FINDINGS = {
    "demo-registry": _PASSES,
    "demo-revoked": "The registry rejected the user name or password",
    "demo-expired": "The registry rejected the user name or password",
    "demo-reader": "may not push",
    "demo-charts-only": "may not push",
    "demo-unknown-ca": "the missing CA is CN=",
}


@pytest.fixture
def registry() -> Iterator[DemoRegistry]:
    now = datetime.now(UTC)
    with (
        demo_registry(now) as made,
        composition.use(demo_cluster(now, registry=made)),
        composition.use_registries(demo.reached(made.port)()),
    ):
        yield made


def checked(client: Client, name: str) -> str:
    assert client.post(f"/destinations/{name}/check").status_code == 303
    return client.get(f"/destinations/{name}").content.decode()


@pytest.mark.parametrize("name", sorted(ANSWERING))
def test_every_outcome_is_there_and_is_repaired_by_hand(client: Client, registry: DemoRegistry, name: str) -> None:
    page = checked(client, name)
    assert _FINDINGS[name] in page
    assert (_PASSES in page) == (name == "demo-registry")
    bundle = {"bundle_choice": "replace", "bundle_text": registry.ca_text} if name == "demo-unknown-ca" else {}
    fields = form(client, f"/destinations/{name}/edit", username=USER, password=PASSWORD, **bundle)
    assert client.post(f"/destinations/{name}/edit", fields).status_code == 303
    assert _PASSES in checked(client, name)


def test_the_chart_passes_where_the_image_fails(client: Client, registry: DemoRegistry) -> None:
    assert registry.port
    checked(client, "demo-charts-only")
    found = {row["name"]: row["last_check"] for row in client.get("/api/destinations").json()}
    assert (found["demo-charts-only"]["chart"], found["demo-charts-only"]["image"]) == ("pass", "fail")


@pytest.mark.parametrize("name", ["production", "docker-hub", "quay", "edge"])
def test_a_real_registry_is_never_asked(
    client: Client, registry: DemoRegistry, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("socket.getaddrinfo", lambda *question, **_: asked.append(question))
    monkeypatch.setattr("socket.socket.connect", lambda _, address: asked.append(address))
    page = checked(client, name)
    assert registry.port
    assert asked == []
    assert _PASSES not in page


def test_the_sign_in_page_states_what_a_newcomer_needs(client: Client, registry: DemoRegistry) -> None:
    with override_settings(DEMO=True, DEMO_REGISTRY=registry):
        page = client.get("/signin").content.decode()
    assert f"<code>{PASSWORD}</code>" in page
    assert registry.host in page
    assert re.search(r"BEGIN CERTIFICATE", page)
    assert not settings.DEMO
    assert PASSWORD not in client.get("/signin").content.decode()
