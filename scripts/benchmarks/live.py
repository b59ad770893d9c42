"""Open pages that follow the cluster: how soon a change by somebody else is on them, and what they cost while nothing changes."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import urllib3
from playwright.sync_api import sync_playwright

from scripts.benchmarks import scene
from scripts.benchmarks.portal import Portal, portal
from scripts.benchmarks.report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page as Tab

    from tests.services.apiserver import ApiServer

PAGES = 50
_COUNT = 1000
_CHANGES = 30
_PAUSE_SECONDS = 1.0
_QUIET_SECONDS = 20
_GOAL_MS, _GOAL_SHARE = 1000, 5.0
_NAME = "registry-00001"
_TIMEOUT_MS = 10_000
_SEEN = """name => { window.seen = []; new MutationObserver(() => {
  if (document.querySelector(`tr[data-name="${name}"]`)) window.seen.push(Date.now()); }
).observe(document.getElementById("table"), { childList: true, subtree: true }); }"""


def figures(server: ApiServer, directory: Path) -> Iterator[Figure]:
    """Measure and yield."""
    namespace = server.new_namespace()
    scene.fill(server, namespace, _COUNT)
    with portal(str(server.kubeconfig), namespace, directory / "live.log") as served, ExitStack() as stack:
        pages = [Page(served) for _ in range(PAGES - 1)]
        for page in pages:
            stack.callback(page.close)
        browser = stack.enter_context(_chromium(served))
        time.sleep(3)
        yield _quiet(served)
        yield _changes(server, namespace, pages, browser)


class Page:
    """An HTTP client that does what an open overview does: hears a name, and fetches the row."""

    def __init__(self, served: Portal) -> None:
        """Open the stream; what it hears is noted by a thread."""
        self._served = served
        self._pool = urllib3.PoolManager(retries=False, timeout=30)
        self._rows = urllib3.PoolManager(retries=3, timeout=30)  # as a browser, where a kept connection was closed
        headers = {"Cookie": served.cookie, "Accept": "text/event-stream"}
        self._stream = self._pool.request("GET", f"{served.url}/live", headers=headers, preload_content=False)
        if self._stream.status != 200:  # noqa: PLR2004
            raise RuntimeError(f"a stream: {self._stream.status}")
        self.shown: list[float] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        rest = b""
        try:
            while chunk := self._stream.read1(4096):  # type: ignore[attr-defined]
                *events, rest = (rest + chunk).split(b"\n\n")
                if f"event: changed\ndata: {_NAME}".encode() in events:
                    self._fetch()
        except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
            return  # closed

    def _fetch(self) -> None:
        headers = {"Cookie": self._served.cookie, "Edrportal-Live": "1"}
        answer = self._rows.request("GET", f"{self._served.url}/destinations/{_NAME}/row", headers=headers)
        if answer.status == 200 and b"<tr" in answer.data:  # noqa: PLR2004
            self.shown.append(time.time())

    def close(self) -> None:
        """Go away."""
        self._stream.close()
        self._pool.clear()


@contextmanager
def _chromium(served: Portal) -> Iterator[Tab]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(base_url=served.url)
        context.add_cookies(
            [{"name": name, "value": value, "url": served.url} for name, value in served.cookies.items()]
        )
        page = context.new_page()
        page.goto("/")
        page.wait_for_selector('#live[data-state="on"]', timeout=_TIMEOUT_MS)
        page.evaluate(_SEEN, _NAME)
        yield page
        browser.close()


def _quiet(served: Portal) -> Figure:
    """Return the processor's time of the serving process while nothing changes."""
    before = _processor_seconds(served)
    time.sleep(_QUIET_SECONDS)
    share = (_processor_seconds(served) - before) / _QUIET_SECONDS * 100
    what = f"processor of {PAGES} live pages while nothing changes for {_QUIET_SECONDS} s, {_COUNT:,} destinations"
    return Figure(what, f"{share:.1f} % of a core", f"<= {_GOAL_SHARE:g} %", share <= _GOAL_SHARE)


def _processor_seconds(served: Portal) -> float:
    children = Path(f"/proc/{served.process}/task/{served.process}/children").read_text(encoding="ascii").split()
    ticks = 0
    for child in (str(served.process), *children):
        fields = Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _changes(server: ApiServer, namespace: str, pages: list[Page], browser: Tab) -> Figure:
    times = [wait for number in range(_CHANGES) for wait in _change(server, namespace, pages, browser, number)]
    p95 = sorted(times)[-(-len(times) * 95 // 100) - 1]
    expected = _CHANGES * PAGES
    measured = (
        f"{statistics.median(times):.0f} ms (p95 {p95:.0f} ms, largest {max(times):.0f} ms), {len(times)} of {expected}"
    )
    what = f"a change by the API until {PAGES} live pages (one of them Chromium) have the row, {_CHANGES} changes"
    return Figure(what, measured, f"p95 <= {_GOAL_MS} ms", p95 <= _GOAL_MS and len(times) == expected)


def _change(
    server: ApiServer,
    namespace: str,
    pages: list[Page],
    browser: Tab,
    number: int,
) -> list[float]:
    """Change a destination as kubectl does, and return after how many milliseconds each page had its row."""
    path = f"/api/v1/namespaces/{namespace}/secrets/{_NAME}"
    secret = json.loads(json.dumps(server.request("GET", path)))
    secret["metadata"]["annotations"]["benchmark"] = str(number)
    for page in pages:
        page.shown.clear()
    browser.evaluate("() => { window.seen = []; }")
    began = time.time()
    server.request("PUT", path, secret)
    browser.wait_for_timeout(_PAUSE_SECONDS * 1000 * 2)
    seen = [
        *(page.shown[0] for page in pages if page.shown),
        *(at / 1000 for at in browser.evaluate("() => window.seen")[:1]),
    ]
    return [(at - began) * 1000 for at in seen]
