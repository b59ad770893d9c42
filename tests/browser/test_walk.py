"""Add, see, rotate, delete in Chromium: with and without JavaScript, in memory and on a real API server."""

from __future__ import annotations

import os
import shutil
import threading
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from playwright.sync_api import expect

from destinations import current
from destinations.docker_config import stored_credentials
from edrportal.wsgi import application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserType, Page

    from destinations.cluster.port import Cluster

pytestmark = pytest.mark.browser


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="session")
def chromium(browser_type: BrowserType) -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        message = "Chromium is missing; type: apt-get install -y --no-install-recommends chromium"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    browser = browser_type.launch(executable_path=path, args=flags)
    yield browser
    browser.close()


@pytest.fixture
def address(cluster: Cluster) -> Iterator[str]:
    """The site on loopback, on each of the two adapters."""
    with current.use(cluster), make_server("127.0.0.1", 0, application, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(params=[True, False], ids=["javascript", "plain"])
def tab(request: pytest.FixtureRequest, chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=address, java_script_enabled=request.param)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert [problem for problem in problems if "status of 422" not in problem] == []


def test_add_see_rotate_and_delete(tab: Page, cluster: Cluster) -> None:
    tab.goto("/")
    tab.get_by_role("link", name="Add the first destination").click()
    tab.get_by_label("Name", exact=True).fill("walk")
    tab.get_by_label("Registry host").fill("https://registry.example.com")
    tab.get_by_label("Organization").fill("team")
    tab.get_by_label("User name").fill("robot")
    tab.get_by_label("Password or token").fill("first-pass")
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_role("alert")).to_contain_text("without a scheme")
    expect(tab.get_by_label("Password or token")).to_have_value("")
    tab.get_by_label("Registry host").fill("registry.example.com")
    tab.get_by_label("Password or token").fill("first-pass")
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_role("status")).to_contain_text("walk was added")
    tab.get_by_role("link", name="EDR portal").click()
    expect(tab.get_by_role("row", name="walk")).to_contain_text("Accepted by Epinio")

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
    for path in ("/", "/destinations/new", f"/destinations/{'a' * 200}"):
        tab.goto(path)
        box = tab.locator("main").bounding_box()
        assert box is not None
        assert box["width"] <= width
