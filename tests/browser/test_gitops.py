"""A file for Git in Chromium: downloaded by keyboard, with and without JavaScript, also where Git owns the destination."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from destinations import names
from destinations.cluster.port import Forbidden
from destinations.cluster.services import ServiceAddress
from destinations.secret.sealed import certificate
from tests.browser.pages import fill
from tests.gitops.controller import Controller

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from destinations.cluster.memory import InMemoryCluster

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("cluster", ["memory"], indirect=True)]
both = pytest.mark.parametrize("tab", [True, False], indirect=True)


@both
def test_a_destination_that_argo_cd_owns_is_rotated_by_a_downloaded_file(
    tab: Page, cluster: InMemoryCluster, tmp_path: Path
) -> None:
    fill(cluster)
    manifest = dict(cluster.get_secret("production").manifest)
    labels = {**manifest["metadata"]["labels"], "argocd.argoproj.io/instance": "x"}
    cluster.load([{**manifest, "metadata": {**manifest["metadata"], "labels": labels}}])
    before = cluster.get_secret("production")
    controller = Controller.make()
    tab.goto("/destinations/production/rotate")
    assert tab.get_by_role("button", name="Rotate", exact=True).count() == 0
    tab.get_by_label("User name").fill("robot")
    tab.get_by_label("Password or token").fill("walked-pass")
    tab.get_by_label("Certificate of the sealed-secrets controller").fill("nothing")
    tab.keyboard.press("Tab")
    tab.get_by_label("Password or token").press("Enter")
    expect(tab.get_by_role("alert").first).to_contain_text("The file was not made.")
    tab.get_by_label("Password or token").fill("walked-pass")
    tab.get_by_label("Certificate of the sealed-secrets controller").fill(controller.certificate.decode())
    with tab.expect_download() as download:
        tab.get_by_label("Password or token").press("Enter")
    assert download.value.suggested_filename == "production.sealed.yaml"
    file = tmp_path / "file.yaml"
    download.value.save_as(file)
    (secret,) = controller.unseal(file.read_text(), tmp_path)
    assert names.CONFIG_KEY in secret["data"]
    assert "walked-pass" not in file.read_text()
    assert cluster.get_secret("production") == before


CONTROLLER = ServiceAddress("kube-system", "sealed-secrets-controller")


@both
def test_the_controllers_certificate_is_read_seen_and_used_and_with_javascript_the_password_stays(
    tab: Page, cluster: InMemoryCluster, settings: Any, tmp_path: Path
) -> None:
    fill(cluster)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, sealed_secrets_controller=str(CONTROLLER))
    cluster.controllers[CONTROLLER] = Forbidden("Forbidden", status=403)
    has_scripts = tab.evaluate("() => !!window.htmx") if tab.goto("/destinations/production/rotate") else False
    password, field = (
        tab.get_by_label("Password or token"),
        tab.get_by_label("Certificate of the sealed-secrets controller"),
    )
    password.fill("walked-pass")
    tab.get_by_text("Download as SealedSecret").first.click()
    field.fill("# typed by hand")
    tab.get_by_role("button", name="Read it from the controller").focus()
    tab.keyboard.press("Enter")
    seen = tab.get_by_role("region", name="Certificate of the controller")
    expect(seen).to_contain_text("The portal has no permission to read the certificate")
    expect(field).to_have_value("# typed by hand")
    expect(password).to_have_value("walked-pass" if has_scripts else "")

    controller = Controller.make()
    cluster.controllers[CONTROLLER] = controller.certificate
    tab.get_by_role("button", name="Read it from the controller").press("Enter")
    made = certificate.read(controller.certificate, datetime.now(UTC))
    expect(seen).to_contain_text(made.summary.fingerprint)
    expect(seen).to_contain_text(f"{made.summary.not_after:%Y-%m-%d}")
    expect(field).to_have_value(made.pem.strip() + "\n")
    expect(password).to_have_value("walked-pass" if has_scripts else "")
    if not has_scripts:
        password.fill("walked-pass")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download as SealedSecret").press("Enter")
    file = tmp_path / "file.yaml"
    download.value.save_as(file)
    (secret,) = controller.unseal(file.read_text(), tmp_path)
    assert names.CONFIG_KEY in secret["data"]
    if has_scripts:  # and what is typed over it afterwards is shown as well
        field.fill("nothing")
        expect(seen).to_contain_text("It has no PEM block")
