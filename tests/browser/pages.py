"""Every page of the demo in every state that a test can bring it into."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from destinations.demo import demo_cluster
from destinations.livecheck import running

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from destinations.cluster.memory import InMemoryCluster

    State = tuple[str, Callable[[Page], object]]

NO_PAGES = {"api", "api-rotate", "api-check", "api-me", "session", "csv", "healthz", "readyz"}
"""Addresses that answer with JSON, text or a file."""
ELSEWHERE = {"preview", "check", "oidc-start", "oidc-callback", "sweep", "demo-signin"}
"""Addresses whose answer is part of a page below, or leads to one."""


def fill(cluster: InMemoryCluster) -> None:
    """Load the demo's destinations and people."""
    made = demo_cluster(datetime.now(UTC))
    cluster.namespaces = dict(made.namespaces)
    cluster.load([secret.manifest for secret in made.list_secrets()])
    cluster.config_maps.load([one.manifest for one in made.config_maps.list_secrets()])


def states() -> list[tuple[str, str, State]]:
    """Return the name of an address, its path, and the state to bring it into."""
    plain: State = ("", lambda _: None)
    one = "/destinations/half-rotated"
    return [
        ("overview", "/", plain),
        ("overview", "/", ("with some chosen", _choose)),
        ("overview", "/?q=nowhere", ("without a match", lambda _: None)),
        ("overview", "/?status=fails&sort=-name", ("filtered", lambda _: None)),
        ("destination", one, plain),
        ("destination", "/destinations/wrong-ca", ("that fails", lambda _: None)),
        ("destination", "/destinations/edge", ("with a bundle and everything open", _open_all)),
        ("destination", "/destinations/retired", ("disabled", lambda _: None)),
        ("destination", "/destinations/production", ("checked", _check)),
        ("destination-any-name", "/destinations/production/", plain),
        ("new", "/destinations/new", plain),
        ("new", "/destinations/new", ("refused", lambda page: _send(page, "Add destination"))),
        ("new", "/destinations/new?from=harbor", ("as a copy", _open_all)),
        ("rotate", f"{one}/rotate", plain),
        ("rotate", f"{one}/rotate", ("refused", lambda page: _send(page, "Rotate"))),
        ("edit", "/destinations/harbor/edit", plain),
        ("repair", f"{one}/repair", plain),
        ("delete", f"{one}/delete", plain),
        ("delete", f"{one}/delete", ("refused", lambda page: _send(page, "Delete"))),
        ("assign", f"{one}/assign", plain),
        ("team", "/team/", ("with everything open", _open_all)),
        ("teams", "/teams", plain),
        ("checks", "/check", plain),
        ("checks", "/", ("of all, done", _check_all)),
        ("switch", "/", ("done, with its message", _disable)),
        ("switch", "/", ("without a choice", lambda page: page.get_by_role("button", name="Disable").click())),
        ("signin", "/signin", plain),
        ("signin", "/signin", ("refused", lambda page: _send(page, "Sign in"))),
        ("signout", "/signin?out=1", plain),
    ]


def _choose(page: Page) -> None:
    page.get_by_role("checkbox").first.check()


def _open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def _send(page: Page, words: str) -> None:
    page.locator("main").get_by_role("button", name=words, exact=True).first.click()


def _check(page: Page) -> None:
    page.get_by_role("button", name="Check now").click()
    page.locator("#check .path").first.wait_for()
    _open_all(page)


def _check_all(page: Page) -> None:
    page.get_by_role("button", name="Check all live").click()
    running.CHECKS.finish(20)
    page.locator("#progress table").wait_for()


def _disable(page: Page) -> None:
    page.get_by_label("Choose production").check()
    page.get_by_role("button", name="Disable").click()
    page.get_by_role("status").first.wait_for()
