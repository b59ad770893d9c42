"""Every page of the demo in every state that a test can bring it into."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from destinations.verdict import presets
from edrportal.demo.cluster import certificate, demo_cluster
from tests.gitops.controller import Controller
from tests.services import composition

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from destinations.cluster.memory import InMemoryCluster

    State = tuple[str, Callable[[Page], object]]

NO_PAGES = {"api", "api-rotate", "api-check", "api-me", "session", "csv", "live", "healthz", "readyz"}
"""Addresses that answer with JSON, text or a file."""
ELSEWHERE = {
    "preview",
    "row",
    "certificates",
    "sealing-certificate",
    "check",
    "oidc-start",
    "oidc-callback",
    "sweep",
    "demo-signin",
    "leak-report",
}
"""Addresses whose answer is part of a page below, or leads to one."""


_ENTRY = {"auth": "YTpi"}
_SEVERAL = json.dumps({"credsStore": "desktop", "auths": {"harbor.example.com": _ENTRY, "quay.io/acme": _ENTRY}})


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
        ("overview", "/nowhere", ("beside an address that does not exist", lambda _: None)),
        ("switch", "/switch", ("opened as a page", lambda _: None)),
        ("overview", "/?status=fails&sort=-name", ("filtered", lambda _: None)),
        ("destination", one, plain),
        ("destination", "/destinations/wrong-ca", ("that fails", lambda _: None)),
        ("destination", "/destinations/edge", ("with a bundle and everything open", _open_all)),
        ("destination", "/destinations/retired", ("disabled", lambda _: None)),
        ("destination", "/destinations/production", ("checked", _check)),
        ("destination", "/destinations/nowhere", ("that is not there", lambda _: None)),
        ("destination-any-name", "/destinations/production/", plain),
        ("new", "/destinations/new", plain),
        ("new", "/destinations/new", ("refused", lambda page: _send(page, "Add destination"))),
        ("new", "/destinations/new", ("with everything wrong", _all_wrong)),
        ("new", "/destinations/new?from=harbor", ("as a copy", _open_all)),
        *(("new", "/destinations/new", (f"with the guide of {one}", _guide(one))) for one in sorted(presets.BY_KEY)),
        ("new", "/destinations/new", ("with a doubled organization", lambda page: _where(page, "a.example.com/team"))),
        ("new", "/destinations/new", ("with a way that works", lambda page: _where(page, "a.example.com"))),
        ("new", "/destinations/new", ("with accounts to choose from", lambda page: _import(page, _SEVERAL))),
        ("new", "/destinations/new", ("with a file that is none", lambda page: _import(page, "nothing"))),
        ("new", "/destinations/new", ("with good and bad certificates", lambda page: _bundle(page, _pems()))),
        ("new", "/destinations/new", ("with no certificate", lambda page: _bundle(page, "nothing"))),
        ("rotate", f"{one}/rotate", plain),
        ("rotate", f"{one}/rotate", ("refused", lambda page: _send(page, "Rotate"))),
        ("edit", "/destinations/harbor/edit", plain),
        ("new", "/destinations/new", ("with a file refused", _download)),
        ("new", "/destinations/new", ("with a certificate to encrypt for", _sealing)),
        ("external-secret", "/gitops/external-secret", plain),
        (
            "external-secret",
            "/gitops/external-secret",
            ("refused", lambda page: _send(page, "Download ExternalSecret")),
        ),
        ("repair", f"{one}/repair", plain),
        ("repair", f"{one}/repair", ("with both passwords tried", lambda page: _send(page, "Check both passwords"))),
        ("new", "/destinations/new", ("with a file without a password", _helper)),
        ("delete", f"{one}/delete", plain),
        ("delete", f"{one}/delete", ("refused", lambda page: _send(page, "Delete"))),
        ("assign", f"{one}/assign", plain),
        ("team", "/team/", ("with everything open", _open_all)),
        ("teams", "/teams", plain),
        ("checks", "/check", plain),
        ("checks", "/", ("of all, done", _check_all)),
        ("switch", "/", ("done, with its message", _disable)),
        ("switch", "/", ("without a choice", _press_with_none_chosen)),
        ("leak", "/leak", plain),
        ("leak", "/leak", ("refused", lambda page: _send(page, "Find"))),
        ("leak", "/leak", ("found nowhere", lambda page: _leak(page, "in-no-destination"))),
        ("leak", "/destinations/production", ("found", _leaked)),
        ("leak-response", "/destinations/production", ("refused", _leak_refused)),
        ("leak-response", "/destinations/production", ("disabled", _leak_disabled)),
        ("signin", "/signin", plain),
        ("signin", "/signin", ("refused", lambda page: _send(page, "Sign in"))),
        ("signout", "/signin?out=1", plain),
    ]


def _choose(page: Page) -> None:
    page.locator("[name=chosen]").first.check()


def _open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def _sealing(page: Page) -> None:
    _open_all(page)
    pem = Controller.make().certificate.decode()
    page.get_by_label("Certificate of the sealed-secrets controller").fill(pem)
    page.get_by_role("region", name="Certificate of the controller").get_by_text("SHA-256").wait_for()


def _guide(kind: str) -> Callable[[Page], object]:
    def bring(page: Page) -> None:
        page.get_by_label("Kind of registry").select_option(kind)
        page.get_by_text(f"Guide: {presets.BY_KEY[kind].kind}").wait_for()
        _open_all(page)

    return bring


def _where(page: Page, host: str) -> None:
    page.get_by_label("Registry host", exact=True).fill(host)
    page.get_by_label("Organization", exact=True).fill("team")
    page.locator(".preview .references, .preview .notice").first.wait_for()


def _all_wrong(page: Page) -> None:
    wrong = {"name": "Bad_Name", "host": "https://a.example.com/x", "organization": "Team/", "username": "a:b",
             "bundle_text": "none", "expires_on": "2020-01-01", "team": "Bad Team"}  # fmt: skip
    for name, text in wrong.items():
        page.locator(f"#id_{name}").fill(text)
    _send(page, "Add destination")
    page.locator("#problems").wait_for()


def _import(page: Page, text: str) -> None:
    _open_all(page)
    page.locator("#id_import_text").fill(text)
    if text == _SEVERAL:
        page.get_by_label("quay.io/acme").check()
    else:
        _send(page, "Add destination")


def _helper(page: Page) -> None:
    _open_all(page)
    page.locator("#id_import_text").fill(json.dumps({"auths": {"quay.io": {}}, "credsStore": "desktop"}))
    page.locator("#import-found dl").wait_for()


def _bundle(page: Page, text: str) -> None:
    page.locator("#id_bundle_text").fill(text)
    page.locator("#bundle .notice, #bundle dl").first.wait_for()


def _pems() -> str:
    now = datetime.now(UTC)
    return "".join(certificate(now, days=days, name=f"{days} days").decode() for days in (300, 3, -3))


def _download(page: Page) -> None:
    """Ask for a file with nothing but what is there."""
    page.locator("#sealed > summary").click()
    _send(page, "Download as SealedSecret")


def _send(page: Page, words: str) -> None:
    page.locator("main").get_by_role("button", name=words, exact=True).first.click()


def _check(page: Page) -> None:
    page.get_by_role("button", name="Check now").click()
    page.locator("#check .path").first.wait_for()
    _open_all(page)


def _check_all(page: Page) -> None:
    page.get_by_role("button", name="Check all").click()
    composition.checks().finish(20)
    page.locator("#progress table").first.wait_for()


def _disable(page: Page) -> None:
    page.get_by_label("Select production").check()
    page.get_by_role("button", name="Disable").click()
    page.get_by_role("status").first.wait_for()


def _press_with_none_chosen(page: Page) -> None:
    """Do what a browser without JavaScript offers: with it, the button is disabled until something is chosen."""
    page.locator("#bulk button[value=off]").evaluate("button => { button.disabled = false; button.click(); }")
    page.wait_for_url("**/switch")


def _leak(page: Page, value: str) -> None:
    page.get_by_label("What leaked").fill(value)
    _send(page, "Find")


def _leaked(page: Page) -> None:
    page.get_by_role("button", name="These credentials leaked…").click()
    page.get_by_role("heading", name="Where it is").wait_for()


def _leak_refused(page: Page) -> None:
    _leaked(page)
    _send(page, "Check, then rotate the selected")
    page.get_by_text("Not rotated.").wait_for()


def _leak_disabled(page: Page) -> None:
    _leaked(page)
    page.get_by_label("Exports to the selected destinations stop").check()
    _send(page, "Disable the selected")
    page.get_by_role("heading", name="Results: disable").wait_for()
