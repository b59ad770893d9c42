"""The daily work with the keyboard alone, on the demo's destinations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from destinations import names
from destinations.demo import demo_cluster

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from destinations.cluster.memory import InMemoryCluster

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("cluster", ["memory"], indirect=True),
    pytest.mark.parametrize("tab", [True], indirect=True),
]
_FOCUSED = "() => { const e = document.activeElement; return [e.tagName, e.textContent.trim(), e.name].join(' '); }"


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what is focused says so; a person gives up after a hundred."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if words in page.evaluate(_FOCUSED):
            return
    pytest.fail(f"{words} cannot be reached with the Tab key")


@pytest.fixture
def demo(cluster: InMemoryCluster) -> InMemoryCluster:
    cluster.load([secret.manifest for secret in demo_cluster(datetime.now(UTC)).list_secrets()])
    return cluster


def test_a_repair(tab: Page, demo: InMemoryCluster) -> None:
    tab.goto("/destinations/half-rotated")
    tab_to(tab, "A Repair…")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="What can be mended")).to_be_visible()
    tab_to(tab, "INPUT  fix-")
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("ArrowUp")
    expect(tab.locator("#difference .badge")).to_have_text("Accepted by Epinio")
    tab_to(tab, "BUTTON Repair")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("status").first).to_contain_text("half-rotated was repaired")
    assert names.HISTORY_ANNOTATION in demo.get_secret("half-rotated").annotations


def test_disabling_several(tab: Page, demo: InMemoryCluster) -> None:
    tab.goto("/?sort=name")
    for _ in range(2):
        tab_to(tab, "INPUT  chosen")
        tab.keyboard.press("Space")
    tab_to(tab, "BUTTON Disable")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("status").first).to_contain_text("applied, docker-hub are disabled")
    assert demo.get_secret("docker-hub").labels[names.REGISTRY_LABEL] == "false"
