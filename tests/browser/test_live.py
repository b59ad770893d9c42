"""Open pages that follow the cluster, in Chromium: rows, a destination's page, a form, a lost connection."""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from playwright.sync_api import expect

from destinations import names
from destinations.secret import codec
from destinations.web.pages import live
from edrportal.demo.cluster import demo_cluster
from edrportal.wsgi import application
from tests.services import composition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

    from destinations.cluster.memory import InMemoryCluster

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("cluster", ["memory"], indirect=True),
    pytest.mark.parametrize("tab", [True], indirect=True),
]
WITHIN = 12_000
"""Milliseconds: less than the 15 s after which a page asks by itself. `make benchmark` holds fifty pages to one second."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def handle(self) -> None:
        with suppress(ConnectionError):  # a page went away
            super().handle()


class Site:
    """The site with watches, which can go away and come back at the same address."""

    def __init__(self, cluster: InMemoryCluster, port: int = 0) -> None:
        self.cluster = cluster
        self.port = port

    def __enter__(self) -> Self:
        self._watches = composition.watches_over(self.cluster)
        self._use = composition.use(self.cluster, *self._watches)
        self._use.__enter__()
        self._server = make_server("127.0.0.1", self.port, application, _Server, _Quiet)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        composition.end_streams()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._use.__exit__(None, None, None)
        for one in self._watches:
            one.close()


@pytest.fixture
def address(cluster: InMemoryCluster) -> Iterator[str]:
    cluster.load([secret.manifest for secret in demo_cluster(datetime.now(UTC)).list_secrets()])
    with Site(cluster) as site:
        yield f"http://127.0.0.1:{site.port}"


def change(cluster: InMemoryCluster, name: str, *, label: str = "true", **annotations: str) -> None:
    """Do what somebody does by kubectl."""
    found = cluster.get_secret(name)
    notes: dict[str, str | None] = {"x": found.resource_version, **annotations}
    cluster.replace_secret(codec.changed(found, labels={names.REGISTRY_LABEL: label}, annotations=notes))


_HIDDEN = """(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange')); }"""


def hide(tab: Page) -> None:
    """Let somebody look at another tab, and wait until the stream is closed."""
    tab.evaluate(_HIDDEN, arg=True)
    hub = composition.portal().hub()
    end = time.monotonic() + 20
    while hub and hub.open_pages:
        assert time.monotonic() < end
        tab.wait_for_timeout(50)


def show(tab: Page) -> None:
    tab.evaluate(_HIDDEN, arg=False)


def opened(tab: Page, path: str) -> None:
    tab.goto(path)
    expect(tab.locator("#live")).to_have_text("Live")


def test_a_row_changes_by_itself(tab: Page, cluster: InMemoryCluster) -> None:
    opened(tab, "/")
    row = tab.locator('tr[data-name="production"]')
    expect(row.locator(".badge").first).to_have_text("Accepted, not checked")
    change(cluster, "production", label="false")
    expect(row.locator(".badge").first).to_have_text("Disabled", timeout=WITHIN)
    expect(tab.locator("#live-said")).to_have_text("production changed: Disabled")
    expect(tab.locator("#summary")).to_contain_text("Disabled 2")


def test_a_new_row_appears_and_a_deleted_one_goes(tab: Page, cluster: InMemoryCluster) -> None:
    opened(tab, "/")
    new = {"metadata": {"name": "just-made", "labels": {names.REGISTRY_LABEL: "true"}}}
    made = cluster.create_secret({"apiVersion": "v1", "kind": "Secret", **new})
    expect(tab.locator('tr[data-name="just-made"]')).to_be_visible()
    cluster.delete_secret("just-made", uid=made.uid, resource_version=made.resource_version)
    expect(tab.locator('tr[data-name="just-made"]')).to_have_count(0, timeout=WITHIN)


def test_what_somebody_works_on_is_left_alone_until_they_leave_it(tab: Page, cluster: InMemoryCluster) -> None:
    opened(tab, "/")
    row = tab.locator('tr[data-name="production"]')
    box = row.get_by_role("checkbox")
    box.check()
    box.focus()
    change(cluster, "production", label="false")
    expect(tab.locator("#live-said")).to_have_text("production changed: Disabled")
    expect(box).to_be_focused()
    expect(row.locator(".badge").first).to_have_text("Accepted, not checked")
    tab.locator("#q").focus()
    expect(row.locator(".badge").first).to_have_text("Disabled", timeout=WITHIN)
    expect(box).to_be_checked()


def test_a_destinations_page_follows_and_its_buttons_are_of_the_new_state(tab: Page, cluster: InMemoryCluster) -> None:
    opened(tab, "/destinations/production")
    change(cluster, "production", **{names.ORGANIZATION_ANNOTATION: "UPPER"})
    expect(tab.locator("h1 .badge")).to_have_text("Export will fail", timeout=WITHIN)
    expect(tab.locator("#part-verdict")).to_contain_text("lowercase")
    tab.get_by_role("button", name="Disable").click()
    expect(tab.locator("h1 .badge")).to_have_text("Disabled")
    assert cluster.get_secret("production").labels[names.REGISTRY_LABEL] == "false"


def test_a_form_whose_destination_changed_says_so_and_keeps_what_is_typed(tab: Page, cluster: InMemoryCluster) -> None:
    opened(tab, "/destinations/production/rotate")
    tab.locator("#id_password").fill("typed-pass")
    tab.locator("#id_username").fill("typed-user")
    expect(tab.locator("#changed-meanwhile")).to_be_hidden()
    change(cluster, "harbor")
    change(cluster, "production", **{names.ORGANIZATION_ANNOTATION: "other"})
    expect(tab.locator("#changed-meanwhile")).to_be_visible(timeout=WITHIN)
    expect(tab.locator("#id_username")).to_be_focused()
    expect(tab.locator("#id_password")).to_have_value("typed-pass")


def test_a_hidden_tab_closes_its_stream_and_a_shown_one_catches_up(tab: Page, cluster: InMemoryCluster) -> None:
    opened(tab, "/")
    hub = composition.portal().hub()
    assert hub is not None
    assert hub.open_pages == 1
    hide(tab)
    change(cluster, "production", label="false")
    expect(tab.locator('tr[data-name="production"] .badge').first).to_have_text("Accepted, not checked")
    show(tab)
    expect(tab.locator('tr[data-name="production"] .badge').first).to_have_text("Disabled")


def test_a_lost_connection_is_seen_and_heals(chromium: Browser, tab: Page, cluster: InMemoryCluster) -> None:
    assert tab.url == "about:blank"
    with Site(cluster) as site:
        page = chromium.new_context(base_url=f"http://127.0.0.1:{site.port}").new_page()
        opened(page, "/")
        port = site.port
    expect(page.locator("#live")).to_have_attribute("data-state", "lost")
    expect(page.locator("#live-said")).to_have_text("Connection lost, reconnecting…")
    change(cluster, "production", label="false")
    with Site(cluster, port):
        expect(page.locator("#live")).to_have_text("Live", timeout=30_000)
        expect(page.locator('tr[data-name="production"] .badge').first).to_have_text("Disabled")
        page.context.close()


def test_what_changes_while_a_page_is_on_its_way_is_on_it(tab: Page, cluster: InMemoryCluster) -> None:
    def hold(route: Route) -> None:
        change(cluster, "production", label="false")
        route.continue_()

    tab.route("**/live?*", hold, times=1)
    opened(tab, "/")
    expect(tab.locator('tr[data-name="production"] .badge').first).to_have_text("Disabled")


def test_a_form_that_was_out_of_sight_says_what_changed_meanwhile(tab: Page, cluster: InMemoryCluster) -> None:
    opened(tab, "/destinations/production/edit")
    tab.locator("#id_username").fill("typed-user")
    hide(tab)
    change(cluster, "production")
    show(tab)
    expect(tab.locator("#changed-meanwhile")).to_be_visible()
    expect(tab.locator("#id_username")).to_have_value("typed-user")


def test_a_form_looks_itself_where_nobody_remembers_what_changed(tab: Page, cluster: InMemoryCluster) -> None:
    forgetful = "**/live?*"
    opened(tab, "/destinations/production/edit")
    hide(tab)
    tab.route(forgetful, lambda route: route.continue_(url=f"{route.request.url.partition('?')[0]}?since=another-1"))
    show(tab)
    with tab.expect_request("**/destinations/production/edit"):
        expect(tab.locator("#live")).to_have_text("Live")
    expect(tab.locator("#changed-meanwhile")).to_be_hidden()
    hide(tab)
    change(cluster, "production")
    show(tab)
    expect(tab.locator("#changed-meanwhile")).to_be_visible()


def test_a_connection_that_died_without_a_word_is_seen(
    tab: Page, cluster: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab.clock.install()
    opened(tab, "/")
    monkeypatch.setattr(live, "BEAT_SECONDS", 60.0)
    change(cluster, "production", label="false")  # the stream says this, and then nothing for a minute
    expect(tab.locator('tr[data-name="production"] .badge').first).to_have_text("Disabled")
    tab.route("**/live?*", lambda route: None)
    tab.clock.fast_forward(11_000)
    expect(tab.locator("#live")).to_have_text("Connection lost, reconnecting…")
    tab.unroute("**/live?*")
    tab.clock.fast_forward(11_000)
    expect(tab.locator("#live")).to_have_text("Live")


def test_a_search_is_not_undone_by_what_was_asked_before_it(tab: Page, cluster: InMemoryCluster) -> None:
    opened(tab, "/")
    held: list[Route] = []
    tab.route(re.compile("/$"), lambda route: held.append(route), times=1)  # noqa: PLW0108 - Playwright refuses a builtin
    new = {"metadata": {"name": "just-made", "labels": {names.REGISTRY_LABEL: "true"}}}
    cluster.create_secret({"apiVersion": "v1", "kind": "Secret", **new})
    end = time.monotonic() + 10
    while not held:
        assert time.monotonic() < end
        tab.wait_for_timeout(20)
    tab.locator("#q").press_sequentially("harbor")
    expect(tab.locator('tr[data-name="production"]')).to_have_count(0)
    with tab.expect_response(re.compile("q=harbor")):
        held[0].continue_()
    expect(tab.locator('tr[data-name="harbor"]')).to_be_visible()
    expect(tab.locator('tr[data-name="production"]')).to_have_count(0)
