"""The forms in Chromium: the new form by keyboard alone, kinds of registry, imports, certificates, drop zones, copying."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from destinations import names
from edrportal.demo.cluster import certificate, demo_cluster

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from destinations.cluster.memory import InMemoryCluster

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("cluster", ["memory"], indirect=True)]
scripted = pytest.mark.parametrize("tab", [True], indirect=True)
plain = pytest.mark.parametrize("tab", [False], indirect=True)
PEM = certificate(datetime.now(UTC), days=200, name="Walked CA").decode()
AUTH = {"auth": b64encode(b"robot$team+ci:walked-pass").decode()}
AT_QUAY = {"auth": b64encode(b"acme+ci:walked-pass").decode()}
SEVERAL = json.dumps({"credsStore": "desktop", "auths": {"harbor.example.com": AUTH, "quay.io/acme": AT_QUAY}})
FOCUSED = "() => document.activeElement.id || document.activeElement.textContent.trim()"
DROP = """(field, files) => {
  const data = new DataTransfer();
  for (const [name, text] of files) data.items.add(new File([text], name));
  field.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def tab_to(page: Page, where: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == where:
            return
    pytest.fail(f"{where} cannot be reached with the Tab key")


def stored(cluster: InMemoryCluster, name: str) -> tuple[str, dict[str, str]]:
    ((host, entry),) = json.loads(cluster.get_secret(name).data[names.CONFIG_KEY])["auths"].items()
    return host, entry


@scripted
def test_the_new_form_by_keyboard_alone(tab: Page, cluster: InMemoryCluster) -> None:
    tab.goto("/destinations/new")
    tab_to(tab, "id_preset")
    tab.keyboard.type("Harbor")
    expect(tab.locator("#guide summary")).to_have_text("Guide: Harbor")
    for field, text in (("id_name", "walked"), ("id_host", "https://harbor.example.com"), ("id_organization", "team"),
                        ("id_username", "robot$team+ci"), ("id_password", "walked-pass")):  # fmt: skip
        tab_to(tab, field)
        tab.keyboard.type(text)
    tab_to(tab, "Add destination")
    tab.keyboard.press("Enter")
    expect(tab.locator("#problems")).to_be_focused()
    expect(tab.locator("#guide summary")).to_have_text("Guide: Harbor")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.locator("#id_host")).to_be_focused()
    tab.keyboard.press("ControlOrMeta+a")
    tab.keyboard.type("harbor.example.com")
    expect(tab.locator(".references")).to_contain_text("harbor.example.com/team/workspace-shop-chart:0.0.0")
    tab_to(tab, "id_password")
    tab.keyboard.type("walked-pass")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("status").first).to_contain_text("walked was added")
    assert stored(cluster, "walked")[1]["password"] == "walked-pass"


@scripted
def test_a_kind_changes_the_guide_and_nothing_that_was_typed(tab: Page, cluster: InMemoryCluster) -> None:
    tab.goto("/destinations/new")
    tab.locator("#id_username").fill("typed")
    tab.locator("#id_organization").fill("kept")
    tab.locator("#id_preset").select_option("ghcr")
    expect(tab.locator("#guide summary")).to_have_text("Guide: GitHub (GHCR)")
    expect(tab.locator("#id_host")).to_have_value("ghcr.io")
    expect(tab.locator(".references")).to_contain_text("ghcr.io/kept")
    tab.locator("#id_preset").select_option("ecr")
    expect(tab.locator("#guide summary")).to_have_text("Guide: Amazon ECR")
    expect(tab.locator("#id_username")).to_have_value("typed")
    expect(tab.locator("#id_host")).to_have_value("ghcr.io")
    tab.locator("#id_preset").select_option("")
    expect(tab.locator("#guide summary")).to_have_text("Guide: GitHub (GHCR)")
    tab.locator("#id_host").fill("nexus.example.com:8443")
    expect(tab.locator("#guide summary")).to_have_text("Guide: Nexus Repository")
    assert cluster.list_secrets() == []


@plain
def test_a_kind_without_javascript(tab: Page, cluster: InMemoryCluster) -> None:
    tab.goto("/destinations/new")
    tab.get_by_label("Kind of registry").select_option("quay")
    tab.get_by_role("button", name="Show guide").click()
    expect(tab.locator("#guide summary")).to_have_text("Guide: Quay")
    expect(tab.locator("#id_host")).to_have_value("quay.io")
    assert cluster.list_secrets() == []


def test_one_of_several_accounts_in_a_file(tab: Page, cluster: InMemoryCluster, request: pytest.FixtureRequest) -> None:
    has_script = request.node.callspec.params["tab"]
    tab.goto("/destinations/new")
    tab.locator("#id_name").fill("imported")
    tab.get_by_text("Import credentials from a file").first.click()
    tab.locator("#id_import_text").fill(SEVERAL)
    if not has_script:
        tab.get_by_role("button", name="Add destination").click()
        expect(tab.locator("#problems")).to_contain_text("credentials for several registries")
        expect(tab.locator("#id_import_text")).to_have_value("")
        tab.locator("#id_import_text").fill(SEVERAL)
    tab.get_by_label("quay.io/acme").check()
    if has_script:
        expect(tab.locator("#id_host")).to_have_value("quay.io")
        expect(tab.locator("#id_username")).to_have_value("acme+ci")
        expect(tab.locator("#id_organization")).to_have_value("acme")
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_role("status").first).to_contain_text("imported was added")
    expect(tab.locator("main")).to_contain_text("A credential helper (credsStore, credHelpers) was left out")
    assert stored(cluster, "imported") == ("quay.io", AT_QUAY | {"username": "acme+ci", "password": "walked-pass"})


def test_a_yaml_pull_secret_and_a_credential_helper_are_shown_before_the_save(
    tab: Page, cluster: InMemoryCluster, request: pytest.FixtureRequest
) -> None:
    has_script = request.node.callspec.params["tab"]
    config = b64encode(json.dumps({"auths": {"harbor.example.com": AUTH}}).encode()).decode()
    pull = f"kind: Secret\nmetadata: {{name: pull}}\ndata: {{{names.CONFIG_KEY}: {config}}}\n"
    helper = json.dumps({"auths": {"quay.io": {}}, "credsStore": "desktop"})
    tab.goto("/destinations/new")
    for text, host, words in (
        (pull, "harbor.example.com", "in the file, and never shown"),
        (helper, "quay.io", "docker-credential-desktop get"),
    ):
        if not tab.locator("#id_import_text").is_visible():
            tab.get_by_text("Import credentials from a file").first.click()
        tab.locator("#id_import_text").fill(text)
        if not has_script:
            tab.locator("#id_host").fill("")
            tab.get_by_role("button", name="Show what the file contains").click()
        expect(tab.locator("#import-found")).to_contain_text(words)
        expect(tab.locator("#id_host")).to_have_value(host)
    expect(tab.locator("#import-found")).to_contain_text("not in the file")
    expect(tab.locator("#import-found")).to_contain_text("password or token")
    assert "walked-pass" not in tab.content().replace(tab.locator("#id_import_text").input_value(), "")
    assert cluster.list_secrets() == []


def test_certificates_are_shown_before_the_save(
    tab: Page, cluster: InMemoryCluster, request: pytest.FixtureRequest
) -> None:
    tab.goto("/destinations/new")
    tab.locator("#id_bundle_text").fill(PEM)
    if not request.node.callspec.params["tab"]:
        tab.get_by_role("button", name="Show certificates").click()
    expect(tab.locator("#bundle")).to_contain_text("CN=Walked CA")
    assert cluster.list_secrets() == []


@scripted
def test_files_are_dropped(tab: Page, cluster: InMemoryCluster) -> None:
    tab.goto("/destinations/new")
    other = certificate(datetime.now(UTC), days=3, name="Other CA").decode()
    tab.locator("#id_bundle_text").evaluate(DROP, [["a.pem", PEM], ["b.pem", other]])
    expect(tab.locator("#bundle")).to_contain_text("CN=Other CA")
    expect(tab.locator("#bundle")).to_contain_text("expires soon")
    tab.locator("#id_bundle_text").fill("")
    tab.locator("#id_bundle_file").evaluate(DROP, [["a.pem", PEM]])
    expect(tab.locator("#bundle")).to_contain_text("CN=Walked CA")
    tab.get_by_text("Import credentials from a file").first.click()
    one = json.dumps({"auths": {"harbor.example.com": AUTH}})
    tab.locator("#id_import_file").evaluate(DROP, [["config.json", one]])
    expect(tab.locator("#id_username")).to_have_value("robot$team+ci")
    tab.locator("#id_name").fill("dropped")
    tab.locator("#id_organization").fill("team")
    tab.get_by_role("button", name="Add destination").click()
    expect(tab.get_by_role("status").first).to_contain_text("dropped was added")
    assert stored(cluster, "dropped")[1]["password"] == "walked-pass"
    assert names.CERTS_KEY in cluster.get_secret("dropped").data


@scripted
def test_the_manifest_is_copied_by_keyboard(tab: Page, cluster: InMemoryCluster) -> None:
    cluster.load([secret.manifest for secret in demo_cluster(datetime.now(UTC)).list_secrets()])
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.goto("/destinations/production")
    button = tab.locator('[data-copy="gitops"]')
    button.focus()
    tab.keyboard.press("Enter")
    expect(button).to_have_text("Copied")
    copied: Any = tab.evaluate("() => navigator.clipboard.readText()")
    assert "name: production" in copied
    assert "PASSWORD" in copied


@pytest.mark.parametrize("width", [390, 1280])
@scripted
def test_no_form_scrolls_sideways(tab: Page, cluster: InMemoryCluster, width: int) -> None:
    cluster.load([secret.manifest for secret in demo_cluster(datetime.now(UTC)).list_secrets()])
    tab.set_viewport_size({"width": width, "height": 800})
    for path in (
        "/destinations/new?preset=ecr",
        "/destinations/harbor/edit",
        "/destinations/quay",
        "/destinations/quay/rotate",
    ):
        tab.goto(path)
        assert tab.evaluate("() => document.documentElement.scrollWidth") <= width, path


@pytest.mark.usefixtures("cluster")
def test_a_file_that_is_too_large_to_be_shown_is_called_so_at_once(chromium: Browser, address: str) -> None:
    page = chromium.new_page(
        base_url=address
    )  # its console has the status of the answer, which is no error of a script
    page.goto("/destinations/new")
    page.wait_for_load_state()
    large = {"name": "ca.pem", "mimeType": "text/plain", "buffer": b"#" * 1_200_000}
    page.locator("#id_bundle_file").set_input_files(large)  # type: ignore[arg-type]
    expect(page.locator("#bundle")).to_have_text(
        "The form is larger than 1 MiB. A CA bundle is a few KiB: send only that."
    )
    page.locator("#id_bundle_file").set_input_files([])
    page.locator("#id_bundle_text").fill(PEM)
    expect(page.get_by_text("CN=Walked CA").first).to_be_visible()
    page.close()


ORDER = """() => {
  const named = [...document.querySelectorAll("#problems a")].map((one) => document.querySelector(one.getAttribute("href")));
  const follows = (one, other) => one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
  return [named.length, named.slice(1).every((one, index) => follows(named[index], one))];
}"""


@plain
@pytest.mark.parametrize(
    ("path", "button", "least"),
    [
        ("/destinations/new", "Add destination", 7),
        ("/gitops/external-secret", "Download ExternalSecret", 9),
        ("/destinations/harbor/edit", "Save", 4),
        ("/destinations/harbor/rotate", "Rotate", 3),
    ],
)
def test_what_is_wrong_is_listed_in_the_order_of_the_page(
    tab: Page, cluster: InMemoryCluster, path: str, button: str, least: int
) -> None:
    cluster.load([secret.manifest for secret in demo_cluster(datetime.now(UTC)).list_secrets()])
    tab.goto(path)
    wrong = {"name": "Bad_Name", "host": "https://a.example.com/x", "organization": "Team/", "username": "a:b",
             "bundle_text": "none", "expires_on": "2020-01-01", "team": "Bad Team"}  # fmt: skip
    for name, text in wrong.items():
        field = tab.locator(f"#id_{name}")
        if field.count():
            field.fill(text)
    tab.locator("main").get_by_role("button", name=button, exact=True).click()
    found, in_order = tab.evaluate(ORDER)
    assert found >= least
    assert in_order
