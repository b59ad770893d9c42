"""Open pages that follow the cluster: how soon a change by somebody else is on them, and what they cost while nothing changes."""

from __future__ import annotations

import os
import shutil
import statistics
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from random import random
from typing import TYPE_CHECKING

import urllib3
from playwright.sync_api import sync_playwright

from scripts.benchmarks import scene
from scripts.benchmarks.portal import Portal, portal
from scripts.benchmarks.report import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page as Tab

    from tests.services.apiserver import ApiServer

PAGES = 50
COUNTS = (1000, 10_000)
_CHANGES = 30
_PAUSE_SECONDS, _LONG_SECONDS = 2.0, 6.0
_QUIET_SECONDS = 20
_GOAL_MS, _GOAL_SHARE = 1000, 5.0
_NAME, _ADDED = "registry-00001", "a-new-one"
_ADDITIONS = 10
_PAGE = "/?sort=name"
"""Both stand on its first page."""
_TIMEOUT_MS = 10_000
_SEEN = """name => { window.seen = []; new MutationObserver(() => {
  if (document.querySelector(`tr[data-name="${name}"]`)) window.seen.push(Date.now()); }
).observe(document.querySelector("main"), { childList: true, subtree: true }); }"""


def figures(server: ApiServer, directory: Path) -> Iterator[Figure]:
    """Measure and yield."""
    for count in COUNTS:
        yield from _with(count, server, directory)


def _with(count: int, server: ApiServer, directory: Path) -> Iterator[Figure]:
    namespace = server.new_namespace()
    scene.fill(server, namespace, count)
    log = directory / f"live-{count}.log"
    with portal(str(server.kubeconfig), namespace, log) as served, ExitStack() as stack:
        pages = [Page(served) for _ in range(PAGES - 1)]
        for page in pages:
            stack.callback(page.close)
        browser = stack.enter_context(_chromium(served))
        time.sleep(3)
        for figure in (
            _quiet(served),
            _changes(server, namespace, pages, browser),
            _additions(server, namespace, pages, browser),
        ):
            yield replace(figure, what=f"{count:,} destinations: {figure.what}")


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
                    self._fetch(f"/destinations/{_NAME}/row", b"<tr")
                if (
                    f"event: changed\ndata: {_ADDED}".encode() in events
                ):  # no row of it yet: the page anew, not all at once
                    time.sleep(0.05 + random() * PAGES * 0.015)  # noqa: S311
                    self._fetch(_PAGE, f'data-name="{_ADDED}"'.encode())
        except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
            return  # closed

    def _fetch(self, path: str, mark: bytes) -> None:
        headers = {"Cookie": self._served.cookie, "Edrportal-Live": "1"}
        answer = self._rows.request("GET", f"{self._served.url}{path}", headers=headers)
        if answer.status == 503:  # noqa: PLR2004 - the portal is busy: as live.js does
            time.sleep(2 + random() * 2)  # noqa: S311
            self._fetch(path, mark)
        elif answer.status == 200 and mark in answer.data:  # noqa: PLR2004
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
        page.goto(_PAGE)
        page.wait_for_selector('#live[data-state="on"]', timeout=_TIMEOUT_MS)
        page.evaluate(_SEEN, _NAME)
        yield page
        browser.close()


def _quiet(served: Portal) -> Figure:
    """Return the processor's time of the serving process while nothing changes."""
    before = _processor_seconds(served)
    time.sleep(_QUIET_SECONDS)
    share = (_processor_seconds(served) - before) / _QUIET_SECONDS * 100
    what = f"processor of {PAGES} live pages while nothing changes for {_QUIET_SECONDS} s"
    return Figure(what, f"{share:.1f} % of a core", f"<= {_GOAL_SHARE:g} %", share <= _GOAL_SHARE)


def _processor_seconds(served: Portal) -> float:
    children = Path(f"/proc/{served.process}/task/{served.process}/children").read_text(encoding="ascii").split()
    ticks = 0
    for child in (str(served.process), *children):
        fields = Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _changes(server: ApiServer, namespace: str, pages: list[Page], browser: Tab) -> Figure:
    path = f"/api/v1/namespaces/{namespace}/secrets/{_NAME}"
    times = []
    for number in range(_CHANGES):
        secret = server.request("GET", path)
        secret["metadata"]["annotations"]["benchmark"] = str(number)
        times += _seen(pages, browser, lambda secret=secret: server.request("PUT", path, secret))
    return _figure(f"a change by the API until {PAGES} live pages (one of them Chromium) have the row", times, _CHANGES)


def _additions(server: ApiServer, namespace: str, pages: list[Page], browser: Tab) -> Figure:
    path = f"/api/v1/namespaces/{namespace}/secrets"
    (manifest,) = scene.manifests(1)[:1]
    manifest["metadata"] |= {"name": _ADDED, "namespace": namespace}
    browser.evaluate(_SEEN, _ADDED)
    times = []
    for _ in range(_ADDITIONS):
        times += _seen(pages, browser, lambda: server.request("POST", path, manifest), seconds=_LONG_SECONDS)
        _seen(pages, browser, lambda: server.request("DELETE", f"{path}/{_ADDED}"))
    return _figure(f"a destination added by the API until {PAGES} live pages have it", times, _ADDITIONS)


def _figure(what: str, times: list[float], rounds: int) -> Figure:
    p95 = sorted(times)[-(-len(times) * 95 // 100) - 1]
    expected = rounds * PAGES
    measured = (
        f"{statistics.median(times):.0f} ms (p95 {p95:.0f} ms, largest {max(times):.0f} ms), {len(times)} of {expected}"
    )
    good = p95 <= _GOAL_MS and len(times) == expected
    return Figure(f"{what}, {rounds} times", measured, f"p95 <= {_GOAL_MS} ms", good)


def _seen(
    pages: list[Page], browser: Tab, act: Callable[[], object], *, seconds: float = _PAUSE_SECONDS
) -> list[float]:
    """Do what kubectl does, and return after how many milliseconds each page had it."""
    for page in pages:
        page.shown.clear()
    browser.evaluate("() => { window.seen = []; }")
    began = time.time()
    act()
    browser.wait_for_timeout(seconds * 1000)
    seen = [
        *(page.shown[0] for page in pages if page.shown),
        *(at / 1000 for at in browser.evaluate("() => window.seen")[:1]),
    ]
    return [(at - began) * 1000 for at in seen]
