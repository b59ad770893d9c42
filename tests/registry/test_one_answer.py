"""The one answer of a destination on a real API server, before and after a live check against a real registry."""

from __future__ import annotations

import csv
import io
import re
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from destinations import names
from destinations.cluster.reflector import Reflector
from destinations.livecheck.registry.probe import NetworkRegistries
from destinations.model import Credentials
from destinations.secret import codec, docker_config
from destinations.secret.trim import trim_config_map
from edrportal.configuration.registry import address_rules
from edrportal.telemetry.gauges import Destinations
from tests.services import composition
from tests.services.leaks import known
from tests.services.pki import issue
from tests.services.registry_server import Setup, registry_server
from tests.services.token_server import Account
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.test import Client

    from destinations.cluster.port import Cluster
    from tests.services.registry_server import Registry

pytestmark = [pytest.mark.registries, pytest.mark.people]
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
TO_DEVELOPERS = {
    "works": "Ready to use",
    "accepted": "Ready to use, not checked",
    "rejected": "Cannot be used now",
    "fails": "Cannot be used now",
    "hidden": "Cannot be used now",
    "disabled": "Disabled",
}


@pytest.fixture
def registry(tmp_path: Path, cluster: Cluster) -> Iterator[Registry]:
    """A registry with one account, and five destinations at it."""
    ca = issue("tests", ca=True, days=YEAR)
    chain = [issue("server", by=ca, names=LOOPBACK, days=YEAR)]
    with registry_server(Setup(chain=chain, accounts=[Account("robot", RIGHT)]), tmp_path / "registry") as made:
        host = f"127.0.0.1:{made.port}"
        rules = replace(address_rules(settings.ENVIRONMENT.registry), ports=frozenset({made.port}), allow_loopback=True)
        cluster.create_secret({"metadata": {"name": "ca"}, "stringData": {"tls.crt": ca.pem.decode()}})
        people = [world.user("administrator", "admin"), world.user("exporter", "exporter:team-b")]
        world.fill(cluster, [*people, *(stored(name, host) for name in BEFORE)], [world.role("exporter", "app_export")])
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


def on_the_teams_page(client: Client) -> dict[str, str]:
    page = client.get("/team/").content.decode()
    return dict(
        re.findall(r'<h3><a href="/destinations/([^"/]+)/?">[^<]+</a> <span class="badge badge--([a-z-]+)">', page)
    )


def in_metrics(cluster: Cluster) -> dict[str, int]:
    """Return how many there are of each answer, as a scrape of a portal that has just begun to watch finds them."""
    watches = Reflector(cluster), Reflector(cluster.config_maps, shrink=trim_config_map)
    try:
        with composition.use(cluster, *watches):
            until = time.monotonic() + 30
            while not all([watch.secrets() is not None for watch in watches]) and time.monotonic() < until:  # noqa: C419 - each begins so
                time.sleep(0.02)
            found = {one.name: one.samples for one in Destinations(composition.portal, with_names=False).collect()}
    finally:
        for watch in watches:
            watch.close()
    samples = found["edrportal_destination_answers"]
    return {one.labels["answer"]: int(one.value) for one in samples if one.value}


def assert_one_answer(cluster: Cluster, wanted: dict[str, str]) -> None:
    """Compare what everybody is told of it in every place."""
    administrator, developer = world.sign_in("administrator"), world.sign_in("exporter")
    for read in (in_json, in_csv, on_the_page, on_the_teams_page):
        assert read(administrator) == wanted, read
    for read in (in_json, on_the_teams_page):
        assert read(developer) == wanted, read
    assert in_metrics(cluster) == Counter(wanted.values())
    page = developer.get("/team/").content.decode()
    for name, answer in wanted.items():
        line = page.partition(f'href="/destinations/{name}/"')[2].partition("</article>")[0]
        assert f">{TO_DEVELOPERS[answer]}</span>" in line
        assert (f"--registry {name} APP" in line) is (answer in {"works", "accepted"})


@pytest.mark.usefixtures("registry")
def test_a_check_against_a_real_registry_changes_the_answer_everywhere_until_the_secret_changes(
    cluster: Cluster,
) -> None:
    assert_one_answer(cluster, BEFORE)
    client = world.sign_in("administrator")
    for name in ("good", "refused"):
        assert client.post(f"/destinations/{name}/check").status_code == 303
    assert_one_answer(cluster, AFTER)
    assert "The registry rejected the user name or password" in client.get("/").content.decode()
    developers = world.sign_in("exporter").get("/team/").content.decode()
    assert "The registry refuses the account of this destination." in developers
    assert RIGHT not in client.get("/destinations/good").content.decode() + developers

    found = cluster.get_secret("refused")
    good = cluster.get_secret("good").data[names.CONFIG_KEY]
    cluster.replace_secret(codec.changed(found, data={names.CONFIG_KEY: good}))
    assert_one_answer(cluster, {**AFTER, "refused": "accepted"})
    assert client.post("/destinations/refused/check").status_code == 303
    assert_one_answer(cluster, {**AFTER, "refused": "works"})
