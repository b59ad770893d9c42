"""The live check in a browser, with and without JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from destinations.livecheck.registry.port import Code, Side, Step
from tests.livecheck.world import destination
from tests.services import composition
from tests.services.scripted import ends

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from destinations.cluster.port import Cluster
    from tests.services.scripted import Scripted

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("cluster", ["memory"], indirect=True)
def test_one_is_checked_by_a_click_and_all_with_progress(tab: Page, cluster: Cluster, registries: Scripted) -> None:
    for name in ("one", "two"):
        cluster.create_secret({"apiVersion": "v1", "kind": "Secret", **destination(name)})
    registries.answers = {"one": ends(Step.PUSH, Code.MAY_NOT_PUSH, Side.IMAGE)}
    tab.goto("/destinations/one")
    tab.get_by_role("button", name="Check now").click()
    expect(tab.get_by_text("The chart would pass, but the image would fail.")).to_be_visible()
    tab.goto("/")
    expect(tab.get_by_text("Chart passes, image fails")).to_be_visible()
    tab.get_by_role("button", name="Check all").click()
    composition.checks().finish(20)
    again = tab.get_by_role("link", name="Refresh")
    if again.is_visible():  # without JavaScript; with it the page asks by itself
        again.click()
    expect(tab.get_by_text("1 passed, 1 failed, 0 inconclusive.")).to_be_visible()
    tab.get_by_role("link", name="one", exact=True).click()
    expect(tab.get_by_role("heading", name="Live check")).to_be_visible()
