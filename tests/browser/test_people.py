"""Signing in and out in Chromium, and what the browser keeps: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.signin import world

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from destinations.cluster.port import Cluster

pytestmark = [pytest.mark.browser, pytest.mark.people]
PLAIN = {"team-a": "", "team-b": ""}


@pytest.fixture
def filled(cluster: Cluster) -> Cluster:
    """The world without uids: a team that was enabled where namespaces cannot be read."""
    if hasattr(cluster, "namespaces"):
        cluster.namespaces = {"team-a": "", "team-b": ""}
    world.fill(cluster, world.secrets(PLAIN), world.config_maps(PLAIN))
    return cluster


def sign_in(tab: Page, name: str) -> None:
    """Fill in the form with the keyboard alone."""
    tab.get_by_label("User name").focus()
    tab.keyboard.type(name)
    tab.keyboard.press("Tab")
    tab.keyboard.type(world.PASSWORD)
    tab.keyboard.press("Enter")


@pytest.mark.parametrize("cluster", ["memory"], indirect=True)
def test_after_signing_out_nothing_comes_back(tab: Page, filled: Cluster) -> None:
    assert filled.get_secret("a-one").name == "a-one"
    tab.goto("/destinations/a-one")
    assert "/signin?next=" in tab.url
    sign_in(tab, "manager")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("a-one")
    tab.get_by_role("link", name="Rotate credentials").click()
    expect(tab.get_by_label("User name")).to_have_value(world.ACCOUNT)
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_text("You are signed out of every browser")).to_be_visible()
    tab.go_back()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert world.ACCOUNT not in tab.content()
    tab.goto("/team/")
    assert "/signin" in tab.url


@pytest.mark.parametrize("cluster", ["memory"], indirect=True)
def test_a_manager_adds_for_the_team_and_finds_it_there(tab: Page, filled: Cluster) -> None:
    tab.goto("/team/")
    sign_in(tab, "manager")
    expect(tab.get_by_role("heading", name="Epinio namespace team-a")).to_be_visible()
    tab.get_by_role("link", name="Add a destination").click()
    tab.get_by_label("Name", exact=True).fill("harbor")
    tab.get_by_label("Registry host").fill("harbor.example.com")
    tab.get_by_label("Organization").fill("team-a")
    tab.get_by_label("User name").fill("robot$team-a+ci")
    tab.get_by_label("Password or token", exact=True).fill("typed-into-a-browser")
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_text("team-a-harbor was added.")).to_be_visible()
    assert filled.get_secret("team-a-harbor").labels["edrportal/team"] == "team-a"
    tab.get_by_role("link", name="Your teams").click()
    expect(tab.get_by_text("epinio app export --registry team-a-harbor APP")).to_be_visible()
    expect(tab.get_by_role("link", name="b-one")).to_have_count(0)


@pytest.mark.parametrize("cluster", ["memory"], indirect=True)
def test_a_link_from_another_site_opens_what_it_names(tab: Page, filled: Cluster, address: str) -> None:
    assert filled.get_secret("a-one").name == "a-one"
    tab.goto("/signin")
    sign_in(tab, "manager")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Your teams")
    elsewhere = address.replace("127.0.0.1", "localhost")
    tab.goto(f"{elsewhere}/signin")
    tab.set_content(f'<a href="{address}/destinations/a-one">the destination</a>')
    tab.get_by_role("link", name="the destination").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("a-one")


@pytest.mark.parametrize("cluster", ["memory"], indirect=True)
def test_the_browser_stores_nothing(tab: Page, filled: Cluster) -> None:
    assert filled.get_secret("a-one").name == "a-one"
    tab.goto("/")
    sign_in(tab, "administrator")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Export destinations")
    if tab.evaluate("1") == 1:
        assert tab.evaluate("localStorage.length") == 0
        assert set(tab.evaluate("Object.keys(sessionStorage)")) <= {"htmx-current-path-for-history"}  # a path alone
    names = {cookie["name"] for cookie in tab.context.cookies()}
    assert names == {"edrportal-session", "edrportal-csrf"}
    assert all(cookie["httpOnly"] and cookie["sameSite"] == "Strict" for cookie in tab.context.cookies())
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_text("You are signed out of every browser")).to_be_visible()
    assert {cookie["name"] for cookie in tab.context.cookies()} == {"edrportal-csrf"}
    if tab.evaluate("1") == 1:
        assert tab.evaluate("Object.keys(sessionStorage)") in ([], ["htmx-current-path-for-history"])
