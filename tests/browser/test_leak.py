"""The bad day in a browser: from the first page to the report, with and without JavaScript, and how long it takes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from destinations import names
from destinations.model import Credentials
from destinations.secret import docker_config
from tests.livecheck.world import destination
from tests.services.leaks import canary, find

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from destinations.cluster.port import Cluster
    from tests.services.scripted import Scripted

pytestmark = pytest.mark.browser
LEAKED = canary("leaked token", special=False)
NEW = canary("new token", special=False)
NAMES = ("one", "three", "two")


def load(cluster: Cluster) -> None:
    config = docker_config.new("registry.example.com", Credentials("robot", LEAKED)).decode()
    for name in NAMES:
        made = {"apiVersion": "v1", "kind": "Secret", **destination(name)}
        cluster.create_secret({**made, "stringData": {names.CONFIG_KEY: config}})
    cluster.create_secret({"apiVersion": "v1", "kind": "Secret", **destination("clean")})


def test_from_the_first_page_to_the_report(tab: Page, cluster: Cluster, registries: Scripted) -> None:
    load(cluster)
    tab.goto("/")
    began = time.monotonic()
    tab.get_by_role("link", name="Leaked credential").click()
    tab.get_by_label("What leaked").fill(f"{LEAKED}\n")
    tab.get_by_role("button", name="Find").click()
    expect(tab.get_by_role("heading", name="Found in 3 Secrets")).to_be_visible()
    assert find(tab.content().encode()) == []
    tab.get_by_label("Exports to the selected destinations stop").check()
    tab.get_by_role("button", name="Disable the selected").click()
    expect(tab.get_by_role("heading", name="Results: disable")).to_be_visible()
    tab.get_by_label("User name", exact=True).fill("robot2")
    tab.get_by_label("Password or token", exact=True).fill(NEW)
    tab.get_by_role("button", name="Check, then rotate the selected").click()
    expect(tab.get_by_role("heading", name="Results: rotate")).to_be_visible()
    tab.get_by_role("button", name="Check, then enable the selected").click()
    expect(tab.get_by_role("heading", name="Results: enable")).to_be_visible()
    tab.get_by_label("What leaked").fill(LEAKED)
    tab.get_by_role("button", name="Find").click()
    expect(tab.get_by_role("heading", name="Found nowhere")).to_be_visible()
    with tab.expect_download() as waiting:
        tab.get_by_role("button", name="Download JSON").click()
    text = Path(waiting.value.path()).read_text()
    print(f"clicks: 8, seconds: {time.monotonic() - began:.1f}")  # noqa: T201 - docs/leak.md has them
    assert find(text.encode()) == []
    report = json.loads(text)
    assert [one["found"] for one in report["searches"]] == [3, 0]
    assert {one["result"] for one in report["steps"]} == {"written"}
    for name in NAMES:
        secret = cluster.get_secret(name)
        assert docker_config.stored_credentials(secret) == Credentials("robot2", NEW)
        assert secret.labels[names.REGISTRY_LABEL] == "true"
    assert len(registries.asked) == 2


@pytest.mark.parametrize("cluster", ["memory"], indirect=True)
def test_it_is_done_by_keyboard(tab: Page, cluster: Cluster) -> None:
    load(cluster)
    tab.goto("/leak")
    tab.get_by_label("What leaked").focus()
    tab.keyboard.type(LEAKED)
    for _ in range(2):
        tab.keyboard.press("Tab")
    expect(tab.get_by_role("button", name="Find")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Found in 3 Secrets")).to_be_visible()
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.name") == "confirmed":
            break
    tab.keyboard.press("Space")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Results: disable")).to_be_visible()
