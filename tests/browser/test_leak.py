"""The bad day in a browser: from the first page to the report, with and without JavaScript, and how long it takes."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from destinations import names
from destinations.model import Credentials
from destinations.secret import docker_config
from tests.livecheck.world import destination
from tests.services.leaks import canary, find

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from destinations.cluster.port import Cluster
    from tests.services.scripted import Scripted

pytestmark = pytest.mark.browser
LEAKED = canary("leaked token", special=False)
NEW = canary("new token", special=False)
NAMES = ("one", "three", "two")


def load(cluster: Cluster) -> None:
    config = docker_config.new("registry.example.com", Credentials("robot", LEAKED)).decode()
    for name in NAMES:
        made = {"apiVersion": "v1", "kind": "Secret", **destination(name)}
        cluster.create_secret({**made, "stringData": {names.CONFIG_KEY: config}})
    cluster.create_secret({"apiVersion": "v1", "kind": "Secret", **destination("clean")})


class Stopwatch:
    """Presses, and notes of each press how long it took until the page showed what it leads to."""

    def __init__(self) -> None:
        self.laps: list[tuple[str, float]] = []

    def press(self, button: Locator, shown: Locator | None = None) -> None:
        name, began = button.inner_text() or "the check box", time.monotonic()
        button.click()
        if shown:
            expect(shown).to_be_visible()
        self.laps.append((name.strip(), time.monotonic() - began))

    def told(self) -> str:
        whole = sum(seconds for _, seconds in self.laps)
        lines = [f"{number}. {name}: {seconds:.1f} s" for number, (name, seconds) in enumerate(self.laps, 1)]
        return "\n".join([*lines, f"clicks: {len(self.laps)}, seconds: {whole:.1f}"])


WALK = (
    "Leaked credential", "Find", "the check box", "Disable the selected", "Check, then rotate the selected",
    "Check, then enable the selected", "Find", "Download JSON",
)  # fmt: skip
"""Every click from the first page to the report, as docs/leak.md lists them."""


def test_from_the_first_page_to_the_report(tab: Page, cluster: Cluster, registries: Scripted) -> None:
    load(cluster)
    tab.goto("/")
    walk = Stopwatch()

    def button(name: str) -> Locator:
        return tab.get_by_role("button", name=name)

    def heading(name: str) -> Locator:
        return tab.get_by_role("heading", name=name)

    walk.press(tab.get_by_role("link", name="Leaked credential"), heading("Find a leaked credential"))
    tab.get_by_label("What leaked").fill(f"{LEAKED}\n")
    walk.press(button("Find"), heading("Found in 3 Secrets"))
    assert find(tab.content().encode()) == []
    walk.press(tab.get_by_label("Exports to the selected destinations stop"))
    walk.press(button("Disable the selected"), heading("Results: disable"))
    tab.get_by_label("User name", exact=True).fill("robot2")
    tab.get_by_label("Password or token", exact=True).fill(NEW)
    walk.press(button("Check, then rotate the selected"), heading("Results: rotate"))
    walk.press(button("Check, then enable the selected"), heading("Results: enable"))
    tab.get_by_label("What leaked").fill(LEAKED)
    walk.press(button("Find"), heading("Found nowhere"))
    with tab.expect_download() as waiting:
        walk.press(button("Download JSON"))
    text = Path(waiting.value.path()).read_text()
    print(walk.told())  # noqa: T201 - docs/leak.md has them
    assert tuple(name for name, _ in walk.laps) == WALK
    assert find(text.encode()) == []
    report = json.loads(text)
    assert [one["found"] for one in report["searches"]] == [3, 0]
    assert {one["result"] for one in report["steps"]} == {"written"}
    assert [(one["action"], one["name"]) for one in report["steps"]] == [
        (action, name) for action in ("disable", "rotate", "enable") for name in NAMES
    ]
    assert all(one["by"] and one["at"] for one in (*report["steps"], *report["searches"]))
    for name in NAMES:
        secret = cluster.get_secret(name)
        assert docker_config.stored_credentials(secret) == Credentials("robot2", NEW)
        assert secret.labels[names.REGISTRY_LABEL] == "true"
    assert len(registries.asked) == 2


def test_the_documents_list_every_click_with_its_seconds() -> None:
    rows = re.findall(
        r"^\| (\d) \| [^|]*\*\*(.+)\*\*[^|]* \| [\d.]+ s \|$", Path("docs/leak.md").read_text(), re.MULTILINE
    )
    box = "Exports to the selected destinations stop until they are enabled again"
    assert rows == [(str(number), box if one == "the check box" else one) for number, one in enumerate(WALK, 1)]


@pytest.mark.parametrize("cluster", ["memory"], indirect=True)
def go_to(tab: Page, script: str) -> None:
    """Press Tab until what has the focus is what a script says of `one`."""
    for _ in range(80):
        tab.keyboard.press("Tab")
        if tab.evaluate(f"(one => {script})(document.activeElement)"):
            return
    raise AssertionError(script)


def test_it_is_done_by_keyboard(tab: Page, cluster: Cluster) -> None:
    load(cluster)
    tab.goto("/leak")
    tab.get_by_label("What leaked").focus()
    tab.keyboard.type(LEAKED)
    for _ in range(2):
        tab.keyboard.press("Tab")
    expect(tab.get_by_role("button", name="Find")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Found in 3 Secrets")).to_be_visible()
    go_to(tab, "one.name === 'confirmed'")
    tab.keyboard.press("Space")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Results: disable")).to_be_visible()
    go_to(tab, "one.name === 'username'")
    tab.keyboard.type("robot2")
    go_to(tab, "one.name === 'password'")
    tab.keyboard.type(NEW)
    tab.keyboard.press("Enter")  # the first button of the form is the rotation
    expect(tab.get_by_role("heading", name="Results: rotate")).to_be_visible()
    go_to(tab, "one.value === 'enable'")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Results: enable")).to_be_visible()
    go_to(tab, "one.value === 'markdown'")
    with tab.expect_download() as waiting:
        tab.keyboard.press("Enter")
    text = Path(waiting.value.path()).read_text()
    assert find(text.encode()) == []
    assert [text.count(f"| {action} | ") for action in ("disable", "rotate", "enable")] == [3, 3, 3]


@pytest.mark.parametrize("cluster", ["memory"], indirect=True)
@pytest.mark.parametrize("tab", [True], indirect=True)
def test_a_button_that_copied_says_again_what_it_copies(tab: Page, cluster: Cluster) -> None:
    load(cluster)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.goto("/leak")
    tab.get_by_label("What leaked").fill("in-no-destination")
    tab.get_by_role("button", name="Find").click()
    button = tab.locator('[data-copy="markdown"]')
    for _ in range(2):
        button.click()
        expect(button).to_have_text("Copied")
        expect(button).to_have_text("Copy Markdown")
