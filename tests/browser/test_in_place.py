"""A form that is refused stays on the screen with its password, which no answer of the server brings back."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect

from destinations import names
from destinations.cluster.port import Unreachable
from destinations.livecheck.registry.port import Code, Step
from edrportal.signin.middleware import AuthenticationMiddleware
from tests.services.leaks import known
from tests.services.scripted import ends

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from destinations.cluster.memory import InMemoryCluster
    from tests.services.scripted import Scripted

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("cluster", ["memory"], indirect=True)]
scripted = pytest.mark.parametrize("tab", [True], indirect=True)
TYPED = known("canary-in-place-6620")


def fill(tab: Page, **changed: str) -> None:
    tab.goto("/destinations/new")
    typed = {"name": "kept", "host": "registry.example.com", "organization": "team", "username": "robot",
             "password": TYPED, **changed}  # fmt: skip
    for name, text in typed.items():
        tab.locator(f"#id_{name}").fill(text)


def stored_password(cluster: InMemoryCluster) -> str:
    config = json.loads(cluster.get_secret("kept").data[names.CONFIG_KEY])
    return str(config["auths"]["registry.example.com"]["password"])


@scripted
def test_a_mistake_costs_no_password(tab: Page, cluster: InMemoryCluster) -> None:
    fill(tab, host="https://registry.example.com", organization="Team", expires_on="2020-01-01")
    bodies: list[str] = []
    tab.on("response", lambda answer: bodies.append(answer.text()) if answer.status == 422 else None)
    tab.get_by_role("button", name="Add destination").last.click()
    expect(tab.locator("#problems")).to_be_focused()
    expect(tab.locator("#problems li")).to_have_count(3)
    expect(tab.locator("#id_password")).to_have_value(TYPED)
    assert bodies
    assert not any(TYPED in body for body in bodies)
    border = "(one) => getComputedStyle(one).borderTopColor"
    assert tab.locator("#id_host").evaluate(border) == tab.locator(".field__error").first.evaluate(
        "(one) => getComputedStyle(one).color"
    )
    tab.get_by_role("button", name="Use registry.example.com").click()
    expect(tab.locator("#id_host")).to_have_value("registry.example.com")
    expect(tab.locator("#id_host")).to_be_focused()
    tab.get_by_role("button", name="Use team").click()
    tab.get_by_label("The date in the past is right").check()
    tab.get_by_role("button", name="Add destination").last.click()
    expect(tab.get_by_role("status").first).to_contain_text("kept was added")
    assert stored_password(cluster) == TYPED


@scripted
def test_save_anyway_after_a_failed_check_is_one_press(
    tab: Page, cluster: InMemoryCluster, registries: Scripted
) -> None:
    registries.answers = {"kept": ends(Step.LOGIN, Code.WRONG_CREDENTIALS)}
    fill(tab)
    tab.get_by_role("button", name="Check, then save").click()
    expect(tab.locator("#problems")).to_contain_text("Not saved: the check failed.")
    expect(tab.get_by_text("If you typed a password, type it again.")).to_be_hidden()
    expect(tab.locator("#id_password")).to_have_value(TYPED)
    tab.get_by_role("button", name="Save anyway").click()
    expect(tab.get_by_role("status").first).to_contain_text("kept was added")
    assert stored_password(cluster) == TYPED
    assert len(registries.asked) == 1


@scripted
def test_a_preview_that_comes_too_late_changes_nothing(tab: Page, cluster: InMemoryCluster) -> None:
    held: list[Route] = []
    tab.route("**/preview", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no built-in method
    with tab.expect_request("**/preview"):
        fill(tab, host="https://registry.example.com")
    tab.get_by_role("button", name="Add destination").last.click()
    expect(tab.locator("#problems")).to_contain_text("without a scheme")
    for route in held:
        with suppress(Error):  # which was given up meanwhile
            route.continue_()
    tab.wait_for_timeout(500)
    expect(tab.locator("#problems")).to_contain_text("without a scheme")
    assert cluster.list_secrets() == []


@scripted
def test_certificates_that_are_pasted_select_replace(tab: Page, cluster: InMemoryCluster) -> None:
    fill(tab)
    tab.get_by_role("button", name="Add destination").last.click()
    expect(tab.get_by_role("status").first).to_contain_text("kept was added")
    tab.goto("/destinations/kept/edit")
    expect(tab.get_by_label("Keep them")).to_be_checked()
    tab.locator("#id_bundle_text").fill("-----BEGIN CERTIFICATE-----")
    expect(tab.get_by_label("Replace with these")).to_be_checked()
    assert stored_password(cluster) == TYPED


@scripted
def test_a_form_signed_out_meanwhile_says_so_and_keeps_what_is_no_secret(
    tab: Page, cluster: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab.route(
        "**/preview", lambda route: route.fulfill(status=204)
    )  # one still to come would be asked for without a session
    fill(tab)
    monkeypatch.setattr(AuthenticationMiddleware, "find", lambda *_: None)
    tab.get_by_role("button", name="Add destination").last.click()
    expect(tab.get_by_role("heading", name="You are signed out. Nothing was changed.")).to_be_visible()
    assert cluster.list_secrets() == []


@scripted
def test_what_may_pass_when_it_is_sent_again_leaves_the_form_as_it_is(
    tab: Page, cluster: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tab)
    tab.locator("#id_bundle_text").evaluate("(field) => { field.value = '#'.repeat(1100000); }")
    add = tab.get_by_role("button", name="Add destination").last
    add.click()
    refused = tab.locator("#refused")
    expect(refused).to_be_focused()
    expect(refused).to_contain_text("The form is larger than 1 MiB.")
    expect(refused).to_contain_text("Your input is still here.")
    expect(tab.locator("#id_password")).to_have_value(TYPED)

    tab.locator("#id_bundle_text").evaluate("(field) => { field.value = ''; }")
    found = AuthenticationMiddleware.find

    def silent(*_: object) -> None:
        raise Unreachable("silent")

    monkeypatch.setattr(AuthenticationMiddleware, "find", silent)
    add.click()
    expect(refused).to_have_text(
        "The cluster does not answer. Nothing was changed. Try again in a moment. If it persists, check the API server. "
        "Your input is still here."
    )
    expect(tab.locator("#id_password")).to_have_value(TYPED)
    assert cluster.list_secrets() == []

    monkeypatch.setattr(AuthenticationMiddleware, "find", found)
    add.click()
    expect(tab.get_by_role("status").first).to_contain_text("kept was added")
    assert stored_password(cluster) == TYPED


@pytest.mark.parametrize("tab", [False], indirect=True)
def test_without_javascript_the_password_is_typed_again(tab: Page, cluster: InMemoryCluster) -> None:
    fill(tab, host="https://registry.example.com")
    tab.get_by_role("button", name="Add destination").last.click()
    expect(tab.locator("#problems")).to_contain_text("If you typed a password or chose its file, do so again.")
    expect(tab.locator("#id_password")).to_have_value("")
    tab.get_by_role("button", name="Use registry.example.com").click()
    expect(tab.locator("#id_host")).to_have_value("registry.example.com")
    tab.locator("#id_password").fill(TYPED)
    tab.get_by_role("button", name="Add destination").last.click()
    expect(tab.get_by_role("status").first).to_contain_text("kept was added")
    assert stored_password(cluster) == TYPED
