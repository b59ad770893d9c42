"""Chromium, the site on loopback, and a tab that fails the test for any error on its console."""

from __future__ import annotations

import os
import shutil
import threading
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from playwright.sync_api import expect

from edrportal.wsgi import application
from tests.services import composition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserType, ConsoleMessage, Page

    from destinations.cluster.port import Cluster

expect.set_options(timeout=30_000)
"""What is expected is waited for as long as on a busy machine it may take; the usual five seconds are too few for three tabs."""


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
    with composition.use(cluster), make_server("127.0.0.1", 0, application, handler_class=_Quiet) as server:
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

    def note(message: ConsoleMessage) -> None:
        is_answer = "the server responded with a status of" in message.text and message.location["url"] == page.url
        if message.type == "error" and not is_answer:
            problems.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []
