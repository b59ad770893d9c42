"""What somebody sees of the overview, and when: the largest paint, how much moves, and how many requests it takes."""

from __future__ import annotations

import shutil
import statistics
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from scripts.benchmarks.report import Figure
from tests.services.parts import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from scripts.benchmarks.portal import Portal

_LOADS = 10
_PAINT_MS, _REQUESTS = 300, 12
_WATCH = """
window.seen = { paint: 0, shift: 0 };
new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.seen.paint = one.startTime; }))
  .observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.seen.shift += one.value; }))
  .observe({ type: "layout-shift", buffered: true });
"""


def figures(served: Portal) -> Iterator[Figure]:
    """Load the overview with an empty cache, several times, and yield what was seen."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise Missing("Chromium is missing; type: apt-get install -y --no-install-recommends chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        _load(browser, served)  # the first starts processes of the browser
        paints, shifts, requests = zip(*(_load(browser, served) for _ in range(_LOADS)), strict=True)
        browser.close()
    paint, shift, count = statistics.median(paints), max(shifts), max(requests)
    what = "overview in Chromium, empty cache"
    yield Figure(f"{what}: largest paint", f"{paint:.0f} ms", f"<= {_PAINT_MS} ms", paint <= _PAINT_MS)
    yield Figure(f"{what}: layout shift, the most of {_LOADS} loads", f"{shift:.3f}", "0", shift == 0)
    yield Figure(f"{what}: requests", str(count), f"<= {_REQUESTS}", count <= _REQUESTS)


def _load(browser: Browser, served: Portal) -> tuple[float, float, int]:
    """Return milliseconds to the largest paint, the sum of layout shifts, and the number of requests."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in served.cookies.items()])
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(_WATCH)
    page.goto(served.url, wait_until="load")
    page.wait_for_timeout(300)
    seen = page.evaluate("window.seen")
    context.close()
    return float(seen["paint"]), float(seen["shift"]), len(asked)
