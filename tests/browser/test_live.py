"""Open pages that follow the cluster, in Chromium: rows, a destination's page, a form, a lost connection."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from playwright.sync_api import expect

from destinations import current, names, secrets
from destinations.demo import demo_cluster
from edrportal.wsgi import application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from destinations.cluster.memory import InMemoryCluster

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("cluster", ["memory"], indirect=True),
    pytest.mark.parametrize("tab", [True], indirect=True),
]
WITHIN = 1000


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
        self._watches = current.watches(self.cluster)
        self._use = current.use(self.cluster, *self._watches)
        self._use.__enter__()
        self._server = make_server("127.0.0.1", self.port, application, _Server, _Quiet)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        current.end_streams()
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
    cluster.replace_secret(secrets.changed(found, labels={names.REGISTRY_LABEL: label}, annotations=notes))


def opened(tab: Page, path: str) -> None:
    tab.goto(path)
    expect(tab.locator("#live")).to_have_text("Live")


def test_a_row_changes_by_itself_within_a_second(tab: Page, cluster: InMemoryCluster) -> None:
    opened(tab, "/")
    row = tab.locator('tr[data-name="production"]')
    expect(row).to_contain_text("Accepted by Epinio")
    change(cluster, "production", label="false")
    expect(row.locator(".badge").first).to_have_text("Disabled", timeout=WITHIN)
    expect(tab.locator("#live-said")).to_have_text("production changed: Disabled")
    expect(tab.locator("#chips")).to_contain_text("Disabled 2")


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
    expect(row.locator(".badge").first).to_have_text("Accepted by Epinio")
    tab.locator("#q").focus()
    expect(row.locator(".badge").first).to_have_text("Disabled", timeout=WITHIN)
    expect(box).to_be_checked()


def test_a_destinations_page_follows_and_its_buttons_are_of_the_new_state(tab: Page, cluster: InMemoryCluster) -> None:
    opened(tab, "/destinations/production")
    change(cluster, "production", **{names.ORGANIZATION_ANNOTATION: "UPPER"})
    expect(tab.locator("h1 .badge")).to_have_text("Export will fail", timeout=WITHIN)
    expect(tab.locator("#part-verdict")).to_contain_text("lower-case")
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
    hub = current.hub()
    assert hub is not None
    assert hub.open_pages == 1
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    tab.evaluate(hide, arg=True)
    change(cluster, "production", label="false")
    end = time.monotonic() + 10
    while hub.open_pages:
        assert time.monotonic() < end
        tab.wait_for_timeout(50)
    expect(tab.locator('tr[data-name="production"] .badge').first).to_have_text("Accepted by Epinio")
    tab.evaluate(hide, arg=False)
    expect(tab.locator('tr[data-name="production"] .badge').first).to_have_text("Disabled")


def test_a_lost_connection_is_seen_and_heals(chromium: Browser, tab: Page, cluster: InMemoryCluster) -> None:
    assert tab.url == "about:blank"
    with Site(cluster) as site:
        page = chromium.new_context(base_url=f"http://127.0.0.1:{site.port}").new_page()
        opened(page, "/")
        port = site.port
    expect(page.locator("#live")).to_have_attribute("data-state", "lost")
    expect(page.locator("#live-said")).to_have_text("Connection lost, trying again…")
    change(cluster, "production", label="false")
    with Site(cluster, port):
        expect(page.locator("#live")).to_have_text("Live", timeout=15_000)
        expect(page.locator('tr[data-name="production"] .badge').first).to_have_text("Disabled")
        page.context.close()
