"""A file for Git in Chromium: downloaded by keyboard, with and without JavaScript, also where Git owns the destination."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from destinations import names
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
