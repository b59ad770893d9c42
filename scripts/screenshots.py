"""Takes the pictures that README and docs show, from the demo in Chromium: light and dark. Run by `make screenshots`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import Browser, Page, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
PORT = os.environ.get("PORT", "8765")
ADDRESS = f"http://127.0.0.1:{PORT}"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> None:
    """Start the demo, take every picture into PICTURES or docs/, stop the demo."""
    directory = Path(os.environ.get("PICTURES", ROOT / "docs"))
    demo = subprocess.Popen([sys.executable, "manage.py", "demo"], env=os.environ | {"PORT": PORT}, cwd=ROOT)
    try:
        _wait()
        _shoot(directory)
    finally:
        demo.terminate()
        demo.wait(20)


def taken() -> Iterator[str]:
    """Yield the name of every picture that is taken."""
    for name in PICTURES:
        for scheme in SCHEMES:
            yield f"{name}-{scheme}.png"


def _overview(page: Page) -> None:
    page.goto(ADDRESS)


def _failed_check(page: Page) -> None:
    """Check a destination whose password the demo's registry refuses, and show the result from its heading on."""
    page.goto(f"{ADDRESS}/destinations/demo-revoked")
    page.locator("#check form button[type=submit]").first.click()
    page.locator("#check h2 .badge").wait_for()
    page.locator("#check").evaluate("check => check.scrollIntoView({block: 'start', behavior: 'instant'})")


def _add(page: Page) -> None:
    page.goto(f"{ADDRESS}/destinations/new")


PICTURES: dict[str, Callable[[Page], None]] = {"overview": _overview, "destination": _failed_check, "new": _add}


def _wait() -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{ADDRESS}/healthz", timeout=1).close()  # noqa: S310 - our own server
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the demo did not start")


def _shoot(directory: Path) -> None:
    directory.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pages = {scheme: _signed_in(browser, scheme) for scheme in SCHEMES}
        for name, show in PICTURES.items():  # both schemes show the same: what one picture does changes the next ones
            for scheme, page in pages.items():
                show(page)
                page.screenshot(path=directory / f"{name}-{scheme}.png")
        browser.close()


def _signed_in(browser: Browser, scheme: Literal["light", "dark"]) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{ADDRESS}/signin")
    page.click('button[value="administrator"]')
    return page


if __name__ == "__main__":
    main()
