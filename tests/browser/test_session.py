"""The end of a session is announced, and there is a way to stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.signin import world

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from destinations.cluster.memory import InMemoryCluster

pytestmark = [
    pytest.mark.browser,
    pytest.mark.people,
    pytest.mark.parametrize("cluster", ["memory"], indirect=True),
]
javascript = pytest.mark.parametrize("tab", [True], indirect=True)
MINUTE = 60_000


@pytest.fixture
def signed_in(tab: Page, cluster: InMemoryCluster) -> Page:
    world.fill(cluster, world.secrets(), world.config_maps())
    tab.clock.install()
    tab.goto("/destinations/new")
    tab.get_by_label("User name").fill("administrator")
    tab.get_by_label("Password").fill(world.PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", name="Add destination")).to_be_visible()
    tab.wait_for_load_state()  # its scripts run after what is seen
    return tab


@javascript
def test_it_is_announced_before_it_comes_and_one_click_stays(signed_in: Page) -> None:
    told = signed_in.get_by_text("Your session expires in 2 minutes")
    signed_in.clock.run_for(12 * MINUTE)
    expect(told).to_be_hidden()
    signed_in.clock.run_for(MINUTE + 1_000)
    expect(told).to_be_visible()
    signed_in.get_by_label("Name", exact=True).fill("kept-words")
    with signed_in.expect_response("**/session") as answer:
        signed_in.get_by_role("button", name="Stay signed in").press("Enter")
    assert answer.value.json()["idle"] > 800
    expect(told).to_be_hidden()
    expect(signed_in.get_by_label("Name", exact=True)).to_have_value("kept-words")
    signed_in.clock.run_for(12 * MINUTE)
    expect(told).to_be_hidden()


@javascript
def test_after_it_what_was_typed_is_still_there_and_the_page_says_so(signed_in: Page) -> None:
    signed_in.get_by_label("Name", exact=True).fill("kept-words")
    signed_in.locator("#id_password").fill("typed-secret")
    signed_in.clock.run_for(15 * MINUTE + 1_000)
    expect(signed_in.get_by_role("alert")).to_contain_text("You are signed out. Your input is still here: sign in")
    expect(signed_in.locator("#id_password")).to_have_value("typed-secret")
    again = signed_in.get_by_role("link", name="Sign in in a new tab")
    expect(again).to_have_attribute("target", "_blank")
    expect(signed_in.get_by_role("button", name="Stay signed in")).to_be_hidden()
    expect(signed_in.get_by_label("Name", exact=True)).to_have_value("kept-words")


@javascript
def test_a_sign_out_in_another_tab_explains_itself_keeps_the_form_and_clears_secrets(signed_in: Page) -> None:
    signed_in.get_by_label("Name", exact=True).fill("kept-words")
    signed_in.get_by_label("Registry host", exact=True).fill("registry.example.com")
    signed_in.locator("#id_password").fill("typed-secret")
    signed_in.locator("#id_import_text").evaluate("(field) => { field.value = 'typed-secret'; }")
    other = signed_in.context.new_page()
    other.goto("/team/")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_text("You are signed out of every browser")).to_be_visible()
    alert = signed_in.locator("#session-said")
    expect(alert).to_contain_text("You are signed out. Your input is still here")
    expect(alert).to_contain_text("passwords and files were cleared")
    expect(signed_in.get_by_label("Name", exact=True)).to_have_value("kept-words")
    expect(signed_in.locator("#id_password")).to_have_value("")
    expect(signed_in.locator("#id_import_text")).to_have_value("")

    other.get_by_label("User name").fill("administrator")
    other.get_by_label("Password").fill(world.PASSWORD)
    with signed_in.expect_response("**/session"):  # it brings the forms here the new session's token
        other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()
    expect(signed_in.locator("#session")).to_be_hidden()
    signed_in.get_by_label("Organization", exact=True).fill("team")
    signed_in.locator("#id_username").fill("robot")
    signed_in.locator("#id_password").fill("typed-again")
    signed_in.get_by_role("button", name="Add destination").click()
    expect(signed_in.get_by_role("status").first).to_contain_text("kept-words was added")


@javascript
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_what_has_the_focus_is_not_behind_the_announcement(signed_in: Page, width: int) -> None:
    signed_in.set_viewport_size({"width": width, "height": 800})
    box = signed_in.locator("#session")
    for field in ("#id_username", "#id_password", "#id_description", "#id_team"):
        signed_in.reload()
        signed_in.wait_for_load_state()
        signed_in.locator(field).focus()
        signed_in.locator(field).evaluate("(one) => scrollBy(0, one.getBoundingClientRect().bottom - innerHeight + 4)")
        signed_in.clock.run_for(13 * MINUTE + 1_000)
        expect(box).to_be_visible()
        above, below = signed_in.locator(field).bounding_box(), box.bounding_box()
        assert above
        assert below
        assert above["y"] > 0
        assert above["y"] + above["height"] <= below["y"], field


@javascript
def test_activity_in_another_tab_counts(signed_in: Page) -> None:
    signed_in.clock.run_for(13 * MINUTE + 1_000)
    told = signed_in.get_by_text("Your session expires in 2 minutes")
    expect(told).to_be_visible()
    other = signed_in.context.new_page()
    other.goto("/team/")
    expect(told).to_be_hidden()


def test_without_a_script_the_page_says_when(signed_in: Page) -> None:
    expect(signed_in.get_by_text("Your session expires after 15 minutes of inactivity")).to_be_visible()


@javascript
def test_times_are_the_viewers_and_utc_is_at_hand(signed_in: Page) -> None:
    browser = signed_in.context.browser
    assert browser
    context = browser.new_context(storage_state=signed_in.context.storage_state(), timezone_id="Asia/Kolkata")
    page = context.new_page()
    page.goto(signed_in.url)
    told = page.locator("footer time")
    expect(told).to_contain_text("GMT+5:30")
    title = told.get_attribute("title") or ""
    assert title.endswith(" UTC")
    assert told.get_attribute("datetime") == title.removesuffix(" UTC").replace(" ", "T") + "Z"
    context.close()


@pytest.mark.parametrize("tab", [False], indirect=True)
def test_without_a_script_times_are_utc(signed_in: Page) -> None:
    expect(signed_in.locator("footer time")).to_contain_text("UTC")
