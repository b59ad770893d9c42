"""Takes pictures of the demo's pages in Chromium: light and dark, wide and narrow. They go to docs/."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

PORT = os.environ.get("PORT", "8765")
ADDRESS = f"http://127.0.0.1:{PORT}"
PAGES = {
    "overview": "/",
    "overview-filtered": "/?status=fails&sort=age",
    "nothing": "/?q=nowhere",
    "missing": "/destinations/gone",
    "destination": "/destinations/wrong-ca",
    "new": "/destinations/new",
    "edit": "/destinations/harbor/edit",
    "repair": "/destinations/half-rotated/repair",
    "repair-quay": "/destinations/quay/repair",
    "teams": "/teams",
}
AS_MANAGER = {"team": "/team/", "shared": "/destinations/production", "new-team": "/destinations/new?team=team-a"}


def main() -> None:
    """Start the demo, look at every page, stop the demo."""
    docs = Path(os.environ.get("PICTURES", Path(__file__).parent.parent / "docs"))
    demo = subprocess.Popen(
        [sys.executable, "manage.py", "demo"], env=os.environ | {"PORT": PORT}, cwd=Path(__file__).parent.parent
    )
    try:
        _wait()
        _shoot(docs)
    finally:
        demo.terminate()
        demo.wait(20)


def _wait() -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{ADDRESS}/healthz", timeout=1).close()  # noqa: S310 - our own server
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the demo did not start")


def _shoot(docs: Path) -> None:
    docs.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            for width, whole in ((1280, True), (390, False)):
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                page.goto(f"{ADDRESS}/signin")
                page.screenshot(path=docs / f"signin-{scheme}-{width}.png", full_page=whole)
                for person, pages in (("administrator", PAGES), ("manager", AS_MANAGER)):
                    page.goto(f"{ADDRESS}/signin")
                    page.click(f'button[value="{person}"]')
                    for name, path in pages.items():
                        page.goto(ADDRESS + path)
                        page.screenshot(path=docs / f"{name}-{scheme}-{width}.png", full_page=whole)
        browser.close()


if __name__ == "__main__":
    main()
