"""Buttons that are pressed twice: whichever of the two answers the browser shows, it reads as what happened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.pages import fill

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from destinations.cluster.memory import InMemoryCluster


@pytest.fixture
def cluster(memory_cluster: InMemoryCluster) -> InMemoryCluster:
    fill(memory_cluster)
    return memory_cluster


def press_twice(page: Page, words: str) -> None:
    page.locator("main").get_by_role("button", name=words, exact=True).first.dblclick()


def test_a_deletion(tab: Page) -> None:
    tab.goto("/destinations/quay/delete")
    tab.locator("#id_confirmation").fill("quay")
    press_twice(tab, "Delete")
    expect(tab.locator("main .notice--success")).to_have_text(
        re.compile(r"quay (was deleted|does not exist anymore)\.")
    )
    expect(tab.locator("tr[data-name=quay]")).to_have_count(0)


def test_a_repair(tab: Page) -> None:
    tab.goto("/destinations/upper-case/repair")
    press_twice(tab, "Repair")
    expect(tab.locator("main .notice--success")).to_have_text("upper-case was repaired.")
    expect(tab.get_by_text("Someone changed")).to_have_count(0)


def test_an_undo(tab: Page) -> None:
    tab.goto("/")
    tab.get_by_label("Select quay").check()
    press_twice(tab, "Disable")
    expect(tab.locator("main .notice--success")).to_contain_text("quay is disabled")
    press_twice(tab, "Undo")
    expect(tab.locator("main [role=status].notice")).to_contain_text("quay is enabled")
    expect(tab.get_by_text("Not changed:")).to_have_count(0)
