"""The one answer of a destination on a real API server, before and after a live check against a real registry."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from destinations import names
from destinations.livecheck.registry.probe import NetworkRegistries
from destinations.model import Credentials
from destinations.secret import codec, docker_config
from edrportal.configuration.registry import address_rules
from tests.services import composition
from tests.services.leaks import known
from tests.services.pki import issue
from tests.services.registry_server import Setup, registry_server
from tests.services.token_server import Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.test import Client

    from destinations.cluster.port import Cluster
    from tests.services.registry_server import Registry

pytestmark = pytest.mark.registries
RIGHT, WRONG = known("canary-one-answer-right"), known("canary-one-answer-wrong")
YEAR = (-1, 365)
"""Days from now."""
LOOPBACK = ("127.0.0.1", "localhost")
BEFORE = {"good": "accepted", "refused": "accepted", "wordless": "fails", "nameless": "hidden", "retired": "disabled"}
WORDS = {
    "Accepted, not checked": "accepted",
    "Export will fail": "fails",
    "Hidden by Epinio": "hidden",
    "Disabled": "disabled",
    "Works": "works",
    "Registry rejects it": "rejected",
}
AFTER = {**BEFORE, "good": "works", "refused": "rejected"}


@pytest.fixture
def registry(tmp_path: Path, cluster: Cluster) -> Iterator[Registry]:
    """A registry with one account, and five destinations at it."""
    ca = issue("tests", ca=True, days=YEAR)
    chain = [issue("server", by=ca, names=LOOPBACK, days=YEAR)]
    with registry_server(Setup(chain=chain, accounts=[Account("robot", RIGHT)]), tmp_path / "registry") as made:
        host = f"127.0.0.1:{made.port}"
        rules = replace(address_rules(settings.ENVIRONMENT.registry), ports=frozenset({made.port}), allow_loopback=True)
        cluster.create_secret({"metadata": {"name": "ca"}, "stringData": {"tls.crt": ca.pem.decode()}})
        for name in BEFORE:
            cluster.create_secret(stored(name, host))
        with composition.use(cluster), composition.use_registries(NetworkRegistries(rules)):
            yield made


def stored(name: str, host: str) -> dict[str, Any]:
    password = {"good": RIGHT, "wordless": ""}.get(name, WRONG)
    return {
        "metadata": {
            "name": name,
            "labels": {names.REGISTRY_LABEL: "false" if name == "retired" else "true"},
            "annotations": {} if name == "nameless" else {names.ORGANIZATION_ANNOTATION: "team"},
        },
        "stringData": {
            names.CONFIG_KEY: docker_config.new(host, Credentials("robot", password)).decode(),
            names.CERTS_KEY: "ca",
        },
    }


def in_json(client: Client) -> dict[str, str]:
    return {row["name"]: row["answer"] for row in client.get("/api/destinations").json()}


def in_csv(client: Client) -> dict[str, str]:
    text = client.get("/destinations.csv").content.decode("utf-8-sig")
    return {row["name"]: WORDS[row["answer"]] for row in csv.DictReader(io.StringIO(text))}


def on_the_page(client: Client) -> dict[str, str]:
    """Return which rows each answer's filter leaves."""
    found = {}
    for answer in sorted({*BEFORE.values(), *AFTER.values()}):
        page = client.get("/", {"answer": answer}).content.decode()
        found.update({name: answer for name in BEFORE if f'<tr data-name="{name}"' in page})
    return found


@pytest.mark.usefixtures("registry")
def test_a_check_against_a_real_registry_changes_the_answer_everywhere_until_the_secret_changes(
    client: Client, cluster: Cluster
) -> None:
    for read in (in_json, in_csv, on_the_page):
        assert read(client) == BEFORE
    for name in ("good", "refused"):
        assert client.post(f"/destinations/{name}/check").status_code == 303
    for read in (in_json, in_csv, on_the_page):
        assert read(client) == AFTER
    assert "The registry rejected the user name or password" in client.get("/").content.decode()
    assert RIGHT not in client.get("/destinations/good").content.decode()

    found = cluster.get_secret("refused")
    good = cluster.get_secret("good").data[names.CONFIG_KEY]
    cluster.replace_secret(codec.changed(found, data={names.CONFIG_KEY: good}))
    for read in (in_json, in_csv, on_the_page):
        assert read(client) == {**AFTER, "refused": "accepted"}
    assert client.post("/destinations/refused/check").status_code == 303
    assert in_json(client)["refused"] == "works"
