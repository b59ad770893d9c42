"""Ten destinations as people spoil them with kubectl, on a real API server: ten repairs, ten accepted destinations."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from edrportal.demo.cluster import certificate
from tests.services.parts import KUBECTL, program

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from destinations.cluster.port import Cluster
    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.browser, pytest.mark.cluster]
HOST = "registry.example.com"
LABEL, ANNOTATION = "epinio.io/api-export-registry", "epinio.io/registry-namespace"


def auth(user: str, password: str) -> str:
    return b64encode(f"{user}:{password}".encode()).decode()


ENTRY = {"username": "robot", "password": "canary-ten-1", "auth": auth("robot", "canary-ten-1")}


class Hand:
    """Somebody with kubectl."""

    def __init__(self, server: ApiServer, namespace: str, directory: Path) -> None:
        self._command = [str(program(KUBECTL)), "--kubeconfig", str(server.kubeconfig), "-n", namespace]
        self._directory = directory

    def run(self, *arguments: str, stdin: str | None = None) -> None:
        subprocess.run(
            [*self._command, *arguments], input=stdin, text=True, check=True, capture_output=True, timeout=60
        )

    def file(self, name: str, content: str | bytes) -> str:
        path = self._directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def config(self, name: str, document: Any, *more: str) -> None:
        path = self.file(f"{name}.json", json.dumps(document))
        self.run("create", "secret", "generic", name, f"--from-file=.dockerconfigjson={path}", *more)

    def mark(self, name: str, *, label: str = "true", organization: str | None = "team") -> None:
        self.run("label", "secret", name, f"{LABEL}={label}")
        if organization is not None:
            self.run("annotate", "secret", name, f"{ANNOTATION}={organization}")


def make_ten(hand: Hand) -> None:
    """Make the ten, each as it happens."""
    hand.run("create", "secret", "docker-registry", "f01-hub", "--docker-username=me", "--docker-password=canary-ten-2")
    hand.mark("f01-hub")
    hand.config("f02-label", {"auths": {HOST: ENTRY}})
    hand.mark("f02-label", label="True")
    hand.config("f03-organization", {"auths": {HOST: ENTRY}})
    hand.mark("f03-organization", organization=None)
    manifest = {
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "f04-applied", "labels": {LABEL: "true"}, "annotations": {ANNOTATION: "team"}},
        "stringData": {".dockerconfigjson": json.dumps({"auths": {HOST: ENTRY}})},
    }  # fmt: skip
    hand.run("apply", "-f", "-", stdin=json.dumps(manifest))
    hand.config("f05-docker", {"auths": {HOST: ENTRY, "ghcr.io": ENTRY}, "credsStore": "desktop"})
    hand.mark("f05-docker")
    pem = hand.file("ca.crt", certificate(datetime.now(UTC), days=300))
    hand.run("create", "secret", "generic", "ca", f"--from-file=tls.crt={pem}")
    hand.config("f06-newline", {"auths": {HOST: ENTRY}}, f"--from-file=certs={hand.file('name', 'ca' + chr(10))}")
    hand.mark("f06-newline")
    hand.config("f07-half", {"auths": {HOST: {**ENTRY, "auth": auth("robot", "older")}}})
    hand.mark("f07-half")
    hand.run("create", "secret", "generic", "other-ca", f"--from-file={pem}")
    hand.config("f08-key", {"auths": {HOST: ENTRY}}, "--from-literal=certs=other-ca")
    hand.mark("f08-key")
    hand.config("f09-auth", {"auths": {HOST: {"username": "robot", "password": "canary-ten-1"}}})
    hand.mark("f09-auth")
    spoiled = {**ENTRY, "auth": auth("robot", "canary-ten-1\n")}
    hand.config("f10-several", {"auths": {f"https://{HOST}/": spoiled}})
    hand.mark("f10-several", organization="Team/")


@pytest.mark.parametrize("cluster", ["kubernetes"], indirect=True)
def test_ten_faults_made_by_hand_are_repaired_on_the_page(
    tab: Page, cluster: Cluster, api_server: ApiServer, tmp_path: Path
) -> None:
    make_ten(Hand(api_server, cluster.namespace, tmp_path))
    tab.goto("/")
    names = [name for name in tab.locator("tbody th").all_inner_texts() if name.startswith("f")]
    assert len(names) == 10
    for name in names:
        tab.goto(f"/destinations/{name}")
        expect(tab.locator("h1 .badge")).not_to_have_text("Accepted, not checked")
        tab.get_by_role("link", name="Repair…").click()
        if tab.get_by_label("Organization", exact=True).count():
            tab.get_by_label("Organization", exact=True).fill("team")
        for group in tab.locator("form.card fieldset").all():
            group.get_by_role("radio").first.check()
        tab.get_by_role("button", name="Show changes").click()
        expect(tab.locator("#difference .badge")).to_have_text("Accepted")
        assert "canary" not in tab.content()
        tab.get_by_role("button", name="Repair", exact=True).click()
        expect(tab.locator("h1 .badge")).to_have_text("Accepted, not checked")
        expect(tab.get_by_role("status").first).to_contain_text(f"{name} was repaired")
