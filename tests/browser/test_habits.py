"""What people do with pages: reload, go back, press twice, keep two tabs open, come back after lunch, lose the server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from destinations import names
from destinations.cluster.port import Unreachable
from destinations.secret import history
from destinations.secret.docker_config import stored_credentials
from tests.signin import world

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from destinations.cluster.memory import InMemoryCluster
    from destinations.cluster.port import Cluster

pytestmark = pytest.mark.browser
memory = pytest.mark.parametrize("cluster", ["memory"], indirect=True)
scripted = pytest.mark.parametrize("tab", [True], indirect=True)
PASSWORD = "typed-by-habit"


def fill(tab: Page, **changed: str) -> None:
    typed = {"Name": "habit", "Registry host": "registry.example.com", "Organization": "team", "User name": "robot",
             "Password or token": PASSWORD, **changed}  # fmt: skip
    tab.wait_for_load_state()  # with its scripts, which hear what is typed
    for label, text in typed.items():
        tab.get_by_label(label, exact=True).fill(text)


def did(cluster: Cluster) -> list[str]:
    return [entry.did for entry in history.read(cluster.get_secret("habit"))]


def added(tab: Page) -> None:
    tab.goto("/destinations/new")
    fill(tab)
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_text("habit was added.")).to_be_visible()


def test_a_reload_and_the_way_back_write_nothing_and_show_no_password(tab: Page, cluster: Cluster) -> None:
    added(tab)
    tab.reload()
    expect(tab.get_by_role("heading", name="habit")).to_be_visible()
    expect(tab.get_by_text("habit was added.")).to_have_count(0)
    tab.go_back()
    expect(tab.get_by_role("heading", name="Add destination")).to_be_visible()
    expect(tab.get_by_label("Password or token")).to_have_value("")
    tab.go_forward()
    expect(tab.get_by_role("heading", name="habit")).to_be_visible()
    assert did(cluster) == ["added"]
    assert PASSWORD not in tab.content()


def test_pressed_twice_is_added_once(tab: Page, cluster: Cluster) -> None:
    tab.goto("/destinations/new")
    fill(tab)
    tab.get_by_role("button", name="Add destination").dblclick()
    expect(tab.get_by_text("habit was added.")).to_be_visible()
    assert did(cluster) == ["added"]
    assert [secret.name for secret in cluster.list_secrets() if names.REGISTRY_LABEL in secret.labels] == ["habit"]


def test_sent_once_more_from_the_way_back_is_not_a_second_write(tab: Page, cluster: Cluster) -> None:
    added(tab)
    tab.goto("/destinations/habit/rotate")
    tab.get_by_label("Password or token", exact=True).fill("second-one")
    tab.get_by_role("button", name="Rotate").dblclick()
    expect(tab.get_by_text("Revoke the old ones at the registry.")).to_be_visible()
    assert did(cluster) == ["added", "rotated"]


def test_of_two_tabs_the_second_is_told_and_keeps_what_was_typed(tab: Page, cluster: Cluster) -> None:
    added(tab)
    other = tab.context.new_page()
    for one, words in ((tab, "from the first tab"), (other, "from the second tab")):
        one.goto("/destinations/habit/edit")
        one.get_by_label("Description").fill(words)
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.get_by_text("habit was changed.")).to_be_visible()
    with other.expect_response(lambda answer: answer.status == 409):
        other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_role("alert")).to_contain_text("changed")
    expect(other.get_by_label("Description")).to_have_value("from the second tab")
    assert cluster.get_secret("habit").annotations[names.DESCRIPTION_ANNOTATION] == "from the first tab"
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_text("habit was changed.")).to_be_visible()
    assert cluster.get_secret("habit").annotations[names.DESCRIPTION_ANNOTATION] == "from the second tab"
    stored = stored_credentials(cluster.get_secret("habit"))
    assert stored is not None
    assert stored.password == PASSWORD
    other.close()


@memory
@pytest.mark.people
def test_a_session_that_ends_in_the_middle_of_a_form_loses_nothing_but_the_password(
    request: pytest.FixtureRequest, tab: Page, cluster: InMemoryCluster
) -> None:
    world.fill(cluster, world.secrets(), world.config_maps())
    tab.goto("/destinations/new")
    _sign_in(tab)
    fill(tab)
    if request.node.callspec.params["tab"]:  # a preview that is still to come would be asked for without a session
        expect(tab.locator(".preview .references").first).to_contain_text("registry.example.com/team")
    tab.context.clear_cookies(name="edrportal-session")
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_role("heading", name="You are signed out. Nothing was changed.")).to_be_visible()
    with tab.context.expect_page() as opened:
        tab.get_by_role("link", name="Sign in in a new tab").click()
    _sign_in(opened.value)
    expect(opened.value.get_by_role("heading", name="Export destinations")).to_be_visible()
    tab.get_by_role("button", name="Send again").click()  # the sign-in made a new token
    tab.get_by_role("button", name="Send again").click()
    expect(tab.get_by_label("Organization")).to_have_value("team")
    assert PASSWORD not in tab.content()
    tab.get_by_label("Password or token", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_text("habit was added.")).to_be_visible()
    assert did(cluster) == ["added"]


@memory
@scripted
@pytest.mark.people
def test_after_a_sign_in_in_a_new_tab_the_form_is_saved_with_its_password(tab: Page, cluster: InMemoryCluster) -> None:
    world.fill(cluster, world.secrets(), world.config_maps())
    tab.clock.install()
    tab.goto("/destinations/new")
    _sign_in(tab)
    fill(tab)
    tab.clock.run_for(1_000)  # a preview that is still to come would be asked for without a session
    expect(tab.locator(".preview .references").first).to_contain_text("registry.example.com/team")
    tab.clock.run_for(15 * 60_000)
    tab.context.clear_cookies(name="edrportal-session")
    with tab.context.expect_page() as opened:
        tab.get_by_role("link", name="Sign in in a new tab").click()
    with tab.expect_response("**/session"):
        _sign_in(opened.value)
    expect(tab.get_by_text("You are signed out.")).to_be_hidden()
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_text("habit was added.")).to_be_visible()
    stored = stored_credentials(cluster.get_secret("habit"))
    assert stored is not None
    assert stored.password == PASSWORD


def _sign_in(tab: Page) -> None:
    tab.get_by_label("User name").fill("administrator")
    tab.get_by_label("Password", exact=True).fill(world.PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()


@memory
def test_a_cluster_that_goes_and_comes_back_costs_the_password_at_most(
    request: pytest.FixtureRequest, tab: Page, cluster: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_scripted = request.node.callspec.params["tab"]
    tab.goto("/destinations/new")
    fill(tab, Organization="kept-organization")
    with monkeypatch.context() as patched:
        patched.setattr(type(cluster), "create_secret", _down)
        with tab.expect_response(lambda answer: answer.status == 503):
            tab.get_by_role("button", name="Add destination").click()
        expect(tab.get_by_role("alert")).to_contain_text("nothing was changed", ignore_case=True)
    expect(tab.get_by_label("Organization")).to_have_value("kept-organization")
    expect(tab.get_by_label("Password or token", exact=True)).to_have_value(PASSWORD if is_scripted else "")
    tab.get_by_label("Password or token", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_text("habit was added.")).to_be_visible()
    assert did(cluster) == ["added"]


def _down(*_: object, **__: object) -> None:
    raise Unreachable("down")


@memory
@scripted
def test_typing_goes_on_while_the_server_does_not_answer(tab: Page, cluster: InMemoryCluster) -> None:
    page = tab.context.new_page()  # its console may complain
    page.goto("/destinations/new")
    page.route("**/preview", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        fill(page, **{"Registry host": "gone.example.com"})
    page.unroute("**/preview")
    page.get_by_label("Registry host", exact=True).fill("back.example.com")
    expect(page.locator(".references")).to_contain_text("back.example.com/team/workspace-shop-chart:0.0.0")
    expect(page.get_by_label("Password or token", exact=True)).to_have_value(PASSWORD)
    page.get_by_role("button", name="Add destination").click()
    expect(page.get_by_text("habit was added.")).to_be_visible()
    page.close()
    assert did(cluster) == ["added"]


@memory
def test_where_nothing_can_be_chosen_nothing_offers_it(tab: Page, cluster: Cluster, settings: Any) -> None:
    added(tab)
    assert did(cluster) == ["added"]
    tab.goto("/?q=nowhere")
    expect(tab.get_by_role("heading", name="No matching destinations")).to_be_visible()
    expect(tab.get_by_role("button", name="Run live check")).to_be_hidden()
    expect(tab.get_by_text("What does a check send?")).to_be_hidden()
    tab.goto("/")
    expect(tab.get_by_label("Select habit")).to_be_visible()
    expect(tab.get_by_role("button", name="Run live check")).to_be_visible()
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, read_only=True)
    tab.goto("/")
    expect(tab.get_by_role("link", name="habit", exact=True)).to_be_visible()
    expect(tab.get_by_label("Select habit")).to_be_hidden()
