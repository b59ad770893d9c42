"""The daily work with the keyboard alone, on the demo's destinations."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

from destinations import names
from destinations.livecheck.registry.port import Code, Step
from destinations.secret.docker_config import stored_credentials
from tests.browser.pages import fill
from tests.services.scripted import ends, report

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from destinations.cluster.memory import InMemoryCluster
    from tests.services.scripted import Scripted

WRONG = ends(Step.LOGIN, Code.WRONG_CREDENTIALS)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("cluster", ["memory"], indirect=True),
    pytest.mark.parametrize("tab", [True], indirect=True),
]
_FOCUSED = "() => { const e = document.activeElement; return [e.tagName, e.textContent.trim(), e.name].join(' '); }"


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what is focused says so; a person gives up after a hundred."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if words in page.evaluate(_FOCUSED):
            return
    pytest.fail(f"{words} cannot be reached with the Tab key")


@pytest.fixture
def demo(cluster: InMemoryCluster) -> InMemoryCluster:
    fill(cluster)
    return cluster


def test_a_repair(tab: Page, demo: InMemoryCluster) -> None:
    tab.goto("/destinations/half-rotated")
    tab_to(tab, "A Repair…")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Available repairs")).to_be_visible()
    tab_to(tab, "INPUT  fix-")
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("ArrowUp")
    expect(tab.locator("#difference .badge")).to_have_text("Accepted")
    tab_to(tab, "BUTTON Repair")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("status").first).to_contain_text("half-rotated was repaired")
    assert names.HISTORY_ANNOTATION in demo.get_secret("half-rotated").annotations


def test_both_passwords_are_tried_and_the_right_one_is_written(
    tab: Page, demo: InMemoryCluster, registries: Scripted
) -> None:
    registries.answers["half-rotated"] = lambda plan: report() if plan.chart.password == newer else WRONG
    entry = json.loads(demo.get_secret("half-rotated").data[names.CONFIG_KEY])["auths"]["registry.example.org"]
    newer = b64decode(entry["auth"]).decode().partition(":")[2]
    tab.goto("/destinations/half-rotated/repair")
    tab_to(tab, "BUTTON Check both passwords")
    tab.keyboard.press("Enter")
    expect(tab.locator("#trial")).to_contain_text("The registry accepts only one of the two passwords")
    expect(tab.get_by_label("Rewrite username and password from auth")).to_be_checked()
    tab_to(tab, "BUTTON Repair")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("status").first).to_contain_text("half-rotated was repaired")
    written = json.loads(demo.get_secret("half-rotated").data[names.CONFIG_KEY])["auths"]["registry.example.org"]
    assert written["password"] == newer


def test_disabling_several(tab: Page, demo: InMemoryCluster) -> None:
    tab.goto("/?sort=name")
    for _ in range(2):
        tab_to(tab, "INPUT  chosen")
        tab.keyboard.press("Space")
    tab_to(tab, "BUTTON Disable")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("status").first).to_contain_text("applied, docker-hub are disabled")
    assert demo.get_secret("docker-hub").labels[names.REGISTRY_LABEL] == "false"


def test_a_rotation(tab: Page, demo: InMemoryCluster) -> None:
    tab.goto("/destinations/harbor")
    tab_to(tab, "A Rotate credentials")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Rotate credentials")).to_be_visible()
    tab_to(tab, "INPUT  password")
    tab.keyboard.type("by-keyboard")
    tab_to(tab, "BUTTON Rotate")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("status").first).to_contain_text("Revoke the old ones at the registry")
    stored = stored_credentials(demo.get_secret("harbor"))
    assert stored
    assert stored.password == "by-keyboard"


def test_a_live_check_and_what_it_cannot_know(tab: Page, demo: InMemoryCluster) -> None:
    assert demo.get_secret("production").name == "production"
    tab.goto("/destinations/production")
    tab_to(tab, "BUTTON Check now")
    tab.keyboard.press("Enter")
    expect(tab.locator("#check .path").first).to_be_visible()
    tab_to(tab, "SUMMARY What does a check not test?")
    tab.keyboard.press("Enter")
    expect(tab.locator("#check details").last).to_have_attribute("open", "")


def test_giving_to_a_team_and_a_deletion(tab: Page, demo: InMemoryCluster) -> None:
    tab.goto("/destinations/production")
    tab_to(tab, "A Team…")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Team of production")).to_be_visible()
    tab_to(tab, "INPUT  team")
    tab.keyboard.type("team-a")
    tab_to(tab, "BUTTON Save")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("production now belongs to team team-a.")).to_be_visible()
    tab_to(tab, "A Delete…")
    tab.keyboard.press("Enter")
    expect(tab.get_by_label("Type the name of the destination")).to_be_visible()
    tab_to(tab, "INPUT  confirmation")
    tab.keyboard.type("production")
    tab_to(tab, "BUTTON Delete")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("production was deleted.")).to_be_visible()
    assert "production" not in {secret.name for secret in demo.list_secrets()}


def test_a_search_a_status_and_an_order(tab: Page, demo: InMemoryCluster) -> None:
    assert demo.get_secret("production").name == "production"
    tab.goto("/")
    tab_to(tab, "INPUT  q")
    tab.keyboard.type("prod")
    expect(tab.locator("#table tbody tr")).to_have_count(1)
    tab.goto("/")
    tab_to(tab, "Disabled")
    tab.keyboard.press("Enter")
    expect(tab.locator("#table tbody tr")).to_have_count(1)
    assert "answer=disabled" in tab.url


_COVERED = """() => {
    const focused = document.activeElement;
    if (focused === document.body) return "";
    const box = focused.getClientRects()[0];
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return focused.contains(top) ? "" : `${focused.outerHTML.slice(0, 120)} is behind ${top?.outerHTML.slice(0, 60)}`;
}"""


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_that_has_the_focus_is_behind_the_sticky_bars(
    tab: Page, demo: InMemoryCluster, width: int, key: str
) -> None:
    assert demo.get_secret("production").name == "production"
    tab.emulate_media(reduced_motion="reduce")
    tab.set_viewport_size({"width": width, "height": 800})
    tab.goto("/?sort=name")
    tab.locator("[name=chosen]").nth(8).check()
    expect(tab.locator("#selected")).to_have_text("1 selected")
    focused = []
    for _ in range(45):
        tab.keyboard.press(key)
        focused.append(tab.evaluate(_FOCUSED))
        assert tab.evaluate(_COVERED) == "", width
    assert len(set(focused)) > 10


def test_a_slash_goes_to_the_search_but_stays_a_slash_where_somebody_types(tab: Page, demo: InMemoryCluster) -> None:
    assert demo.get_secret("production").name == "production"
    tab.goto("/")
    tab.wait_for_load_state()
    tab.keyboard.press("/")
    search = tab.locator("#q")
    expect(search).to_be_focused()
    expect(search).to_have_value("")
    tab.keyboard.type("team/")
    expect(search).to_have_value("team/")
    tab.locator("#sort").focus()
    tab.keyboard.press("/")
    expect(tab.locator("#sort")).to_be_focused()


def test_the_words_in_an_empty_search_can_be_read_in_light_and_dark(tab: Page, demo: InMemoryCluster) -> None:
    assert demo.get_secret("production").name == "production"
    tab.goto("/")
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        tab.emulate_media(color_scheme=scheme)
        words, ground, opacity = tab.locator("#q").evaluate(
            "field => { const words = getComputedStyle(field, '::placeholder');"
            " return [words.color, getComputedStyle(field).backgroundColor, words.opacity]; }"
        )
        assert opacity == "1"
        assert contrast(words, ground) >= 4.5, scheme


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2 between two colors of a computed style."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(part) / 255 for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
