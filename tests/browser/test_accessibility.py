"""WCAG 2.2 AA as far as a machine can tell: axe on every page in every state, light and dark; zoom; visible focus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from destinations.permissions import TABLE
from tests.browser.pages import ELSEWHERE, NO_PAGES, fill, states

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from destinations.cluster.memory import InMemoryCluster

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("cluster", ["memory"], indirect=True),
    pytest.mark.parametrize("tab", [True], indirect=True),
]
OPTIONS: Any = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
STATES = [pytest.param(path, bring, id=f"{name} {word}".strip()) for name, path, (word, bring) in states()]
_BROKEN = """() => {
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const around = text.parentElement;
    if (!around.closest("button, .button, .chip, .tile, .badge, nav, .place, h1, h2, h3, th, dt, label, legend, summary")
        || around.closest("code, pre, .visually-hidden") || !around.checkVisibility()) continue;
    for (const word of text.data.matchAll(/[\\p{L}\\p{N}]+/gu)) {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map((one) => Math.round(one.top)));
      if (lines.size > 1 && word[0].length <= 20) found.push(`${word[0]} in ${text.data.trim()}`);
    }
  }
  return found;
}"""
"""The words of controls, headings and labels that are broken into two lines, but for names that may be longer than a line."""
_SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def page(tab: Page, cluster: InMemoryCluster) -> Page:
    fill(cluster)
    return tab


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def test_every_address_with_a_page_is_looked_at(page: Page) -> None:
    assert page is not None
    assert {name for name, _, _ in states()} == set(TABLE) - NO_PAGES - ELSEWHERE


@pytest.mark.parametrize(("path", "bring"), STATES)
def test_axe_finds_nothing_nothing_is_scrolled_sideways_and_no_word_is_broken(
    page: Page, path: str, bring: Any
) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(path)
    bring(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], scheme
    for width in (320, 390, 640, 760, 980, 2560):  # 320 is 1280 at a zoom of 400 %
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(_SIDEWAYS) == 0, width
        assert width < 390 or page.evaluate(_BROKEN) == [], width


PLANTED = {
    "color-contrast": "<p data-css='color:#aaa;background:#fff'>hardly to be read</p>",
    "label": "<input name='planted'>",
    "target-size": "<button data-css='width:9px;height:9px;padding:0'>a</button><button data-css='width:9px'>b</button>",
    "image-alt": "<img src='/static/icon.svg'>",
}
_NARROW = "<p class='command'><code>%s</code><button class='button' data-css='flex:0 1 auto'>Copy</button></p>"


@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_fault_is_found(page: Page, rule: str) -> None:
    page.goto("/signin")
    page.evaluate("(html) => { document.querySelector('main').insertAdjacentHTML('beforeend', html); }", PLANTED[rule])
    page.evaluate(  # the policy keeps style attributes out of HTML; a script may set them
        "() => document.querySelectorAll('main [data-css]').forEach((one) => { one.style.cssText = one.dataset.css; })"
    )
    assert any(one.startswith(f"{rule}:") for one in violations(page))


def test_a_planted_word_that_is_broken_is_found(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/signin")
    assert page.evaluate(_BROKEN) == []
    page.evaluate(
        "(html) => document.querySelector('main').insertAdjacentHTML('beforeend', html)", _NARROW % ("a-" * 99)
    )
    page.evaluate(
        "() => document.querySelectorAll('[data-css]').forEach((one) => { one.style.cssText = one.dataset.css; })"
    )
    assert page.evaluate(_BROKEN) == ["Copy in Copy"]


@pytest.mark.parametrize("path", ["/", "/destinations/harbor/edit"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_focused_shows_it(page: Page, scheme: Any, path: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    for _ in range(30):
        page.keyboard.press("Tab")
        width, style = page.evaluate(
            "() => { const s = getComputedStyle(document.activeElement); return [s.outlineWidth, s.outlineStyle]; }"
        )
        assert (width, style) == ("3px", "solid"), page.evaluate("document.activeElement.outerHTML")


def test_statuses_are_told_apart_without_colour(page: Page) -> None:
    page.goto("/")
    shapes = page.evaluate(
        "() => [...document.querySelectorAll('.tile .dot')].map((one) => getComputedStyle(one).clipPath)"
    )
    assert len(set(shapes)) == len(shapes) == 8
    page.emulate_media(forced_colors="active")
    assert page.evaluate("() => getComputedStyle(document.querySelector('.dot')).backgroundColor") != "rgba(0, 0, 0, 0)"


def test_nothing_moves_for_who_asks_for_rest(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto("/")
    moving = page.evaluate(
        "() => [...document.querySelectorAll('*')].filter((one) => { const s = getComputedStyle(one);"
        " return s.animationName !== 'none' || s.transitionProperty !== 'all' && s.transitionDuration !== '0s'; }).length"
    )
    assert moving == 0
