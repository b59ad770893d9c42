"""Add, see, rotate, delete in Chromium: with and without JavaScript, in memory and on a real API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from destinations.secret.docker_config import stored_credentials

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from destinations.cluster.port import Cluster

pytestmark = pytest.mark.browser


def test_add_see_rotate_and_delete(request: pytest.FixtureRequest, tab: Page, cluster: Cluster) -> None:
    is_scripted = request.node.callspec.params["tab"]
    tab.goto("/")
    tab.get_by_role("link", name="Add the first destination").click()
    tab.get_by_label("Name", exact=True).fill("walk")
    tab.get_by_label("Registry host").fill("https://registry.example.com")
    tab.get_by_label("Organization").fill("team")
    tab.get_by_label("User name").fill("robot")
    tab.get_by_label("Password or token").fill("first-pass")
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_role("alert")).to_contain_text("without a scheme")
    expect(tab.get_by_label("Password or token")).to_have_value("first-pass" if is_scripted else "")
    tab.get_by_label("Registry host").fill("registry.example.com")
    tab.get_by_label("Password or token").fill("first-pass")
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_role("status")).to_contain_text("walk was added")
    tab.get_by_role("link", name="EDR portal").click()
    expect(tab.get_by_role("row", name="walk").locator(".badge").first).to_have_text("Accepted, not checked")

    tab.get_by_role("link", name="walk").click()
    tab.get_by_role("link", name="Rotate credentials").click()
    tab.get_by_label("Password or token").fill("second-pass")
    tab.get_by_role("button", name="Rotate").click()
    expect(tab.get_by_role("status")).to_contain_text("rotated")
    stored = stored_credentials(cluster.get_secret("walk"))
    assert stored is not None
    assert stored.password == "second-pass"

    tab.get_by_role("link", name="Delete…").click()
    tab.get_by_label("Type the name of the destination").fill("walk")
    tab.get_by_role("button", name="Delete").click()
    expect(tab.get_by_role("status")).to_contain_text("walk was deleted")
    assert cluster.list_secrets() == []


@pytest.mark.parametrize("cluster", ["memory"], indirect=True)
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_scrolls_sideways(tab: Page, cluster: Cluster, width: int) -> None:
    cluster.create_secret({"metadata": {"name": "a" * 200, "labels": {"epinio.io/api-export-registry": "true"}}})
    tab.set_viewport_size({"width": width, "height": 800})
    name = "a" * 200
    pages = ("/", "/destinations/new", *(f"/destinations/{name}{page}" for page in ("", "/edit", "/repair", "/rotate")))
    for path in pages:
        tab.goto(path)
        box = tab.locator("main").bounding_box()
        assert box is not None
        assert box["width"] <= width


PASTE = """(field, text) => {
  const data = new DataTransfer();
  data.setData("text", text);
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.mark.parametrize("cluster", ["memory"], indirect=True)
@pytest.mark.parametrize("tab", [True], indirect=True)
def test_a_key_of_several_lines_is_not_swallowed_by_the_password_field(tab: Page, cluster: Cluster) -> None:
    tab.goto("/destinations/new")
    field = tab.get_by_label("Password or token")
    for text, words in (("one\ntwo", "Choose it as a file below"), ("one\n", "was removed"), ("one", "")):
        field.evaluate(PASTE, text)
        said = tab.locator("#id_password + [role=status]").inner_text()
        assert words in said
        assert bool(words) is bool(said)
    assert cluster.list_secrets() == []
