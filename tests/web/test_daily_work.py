"""Edit, repair, disable, copy, sweep: through the pages, on a cluster in memory."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message

from destinations import names
from destinations.cluster.known import Journal, KnownSecrets
from destinations.secret import history
from destinations.templatetags.notices import without_repeats
from edrportal.demo.cluster import certificate
from tests.services import composition
from tests.services.leaks import known

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

PASSWORD = known("canary-daily-7312")
PEM = certificate(datetime.now(UTC), days=300).decode()


def add(client: Client, **changed: Any) -> None:
    form = {
        "name": "one", "host": "registry.example.com", "organization": "team", "username": "robot",
        "password": PASSWORD, "nonce": "n" * 24, **changed,
    }  # fmt: skip
    assert client.post("/destinations/new", form).status_code == 303


def form(client: Client, path: str, **changed: Any) -> dict[str, Any]:
    """Fill in the form that a page shows, as a browser would."""
    page = client.get(path).content.decode()
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        kind, name = attributes.get("type"), attributes.get("name")
        if not name or name == "csrfmiddlewaretoken" or (kind in {"radio", "checkbox"} and " checked" not in tag):
            continue
        found[name] = attributes.get("value", "on" if kind == "checkbox" else "")
    found.pop("bundle_file", None)
    return {**found, **changed}


def stored(portal: InMemoryCluster, name: str = "one") -> dict[str, Any]:
    config: dict[str, Any] = json.loads(portal.get_secret(name).data[names.CONFIG_KEY])
    auths: dict[str, Any] = config["auths"]
    return auths


def did(portal: InMemoryCluster, name: str = "one") -> list[str]:
    return [entry.did for entry in history.read(portal.get_secret(name))]


def test_an_edit_changes_what_differs_and_nothing_else(client: Client, portal: InMemoryCluster) -> None:
    add(client, bundle_text=PEM)
    before = portal.get_secret("one")
    fields = form(client, "/destinations/one/edit", organization="platform/team", description="For releases")
    assert client.post("/destinations/one/edit", fields).status_code == 303
    after = portal.get_secret("one")
    assert after.data == before.data
    assert after.annotations[names.ORGANIZATION_ANNOTATION] == "platform/team"
    assert after.annotations[names.ROTATED_AT_ANNOTATION] == before.annotations[names.ROTATED_AT_ANNOTATION]
    assert did(portal) == ["added", "edited: organization, description"]
    page = client.get("/destinations/one").content.decode()
    assert "edited: organization, description" in page


@pytest.mark.parametrize(
    "changed",
    [
        {"host": "other.example.com"},
        {"host": "registry.example.com:8443"},
        {"bundle_choice": "replace", "bundle_text": PEM},
        {"bundle_choice": "remove"},
    ],
)
def test_a_changed_host_or_bundle_asks_for_the_password_again(
    client: Client, portal: InMemoryCluster, changed: dict[str, str]
) -> None:
    add(client, bundle_text=PEM)
    version = portal.get_secret("one").resource_version
    fields = form(client, "/destinations/one/edit", **changed)
    answer = client.post("/destinations/one/edit", fields)
    assert answer.status_code == 422
    assert "Type the password again" in answer.content.decode()
    assert portal.get_secret("one").resource_version == version
    assert client.post("/destinations/one/edit", {**fields, "password": "new-one"}).status_code == 303
    ((host, entry),) = stored(portal).items()
    assert host == changed.get("host", "registry.example.com")
    assert entry["password"] == "new-one"


def test_an_old_token_never_follows_to_another_host(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    secret = portal.get_secret("one")
    auths = stored(portal)
    auths["registry.example.com"]["identitytoken"] = PASSWORD
    text = json.dumps({"auths": auths})
    portal.load([{"metadata": dict(secret.manifest["metadata"]), "stringData": {names.CONFIG_KEY: text}}])
    fields = form(client, "/destinations/one/edit", host="other.example.com", password="new-one")
    assert client.post("/destinations/one/edit", fields).status_code == 303
    assert stored(portal) == {
        "other.example.com": {"auth": "cm9ib3Q6bmV3LW9uZQ==", "username": "robot", "password": "new-one"}
    }


def test_an_unreadable_configuration_is_written_anew(client: Client, portal: InMemoryCluster) -> None:
    labels = {names.REGISTRY_LABEL: "true"}
    annotations = {names.ORGANIZATION_ANNOTATION: "team"}
    portal.load([{"metadata": {"name": "one", "labels": labels, "annotations": annotations},
                  "stringData": {names.CONFIG_KEY: "{broken", "other": "kept"}}])  # fmt: skip
    fields = form(client, "/destinations/one/edit", host="registry.example.com", username="robot")
    assert client.post("/destinations/one/edit", fields).status_code == 422
    assert client.post("/destinations/one/edit", {**fields, "password": "x"}).status_code == 303
    assert portal.get_secret("one").data["other"] == b"kept"
    assert client.get("/api/destinations").json()[0]["verdict"] == "accepted"


def test_an_edit_that_changes_nothing_writes_nothing(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    version = portal.get_secret("one").resource_version
    answer = client.post("/destinations/one/edit", form(client, "/destinations/one/edit"))
    assert answer.status_code == 409
    assert "Nothing has changed" in answer.content.decode()
    assert portal.get_secret("one").resource_version == version


def test_the_traps_look_at_what_changes_and_let_the_rest_be(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    for changed in (
        {"host": "https://registry.example.com"},
        {"organization": "Team"},
        {"username": "a:b", "password": "p"},
    ):
        fields = form(client, "/destinations/one/edit", **changed)
        assert client.post("/destinations/one/edit", fields).status_code == 422
    metadata = {
        "name": "by-hand",
        "labels": {names.REGISTRY_LABEL: "true"},
        "annotations": {names.ORGANIZATION_ANNOTATION: "team"},
    }
    text = '{"auths":{"oci://r.example.com":{"username":"u","password":"p"}}}'
    portal.load([{"metadata": metadata, "stringData": {names.CONFIG_KEY: text}}])
    fields = form(client, "/destinations/by-hand/edit", description="kept as it is")
    assert client.post("/destinations/by-hand/edit", fields).status_code == 303


def test_the_same_form_with_another_password_is_another_write(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    fields = form(client, "/destinations/one/rotate", password="second")
    assert client.post("/destinations/one/rotate", fields).status_code == 303
    assert client.post("/destinations/one/rotate", fields).status_code == 303  # sent twice
    assert client.post("/destinations/one/rotate", {**fields, "password": "third"}).status_code == 409
    assert stored(portal)["registry.example.com"]["password"] == "second"
    assert did(portal) == ["added", "rotated"]


@pytest.mark.parametrize(
    ("path", "typed"),
    [("/destinations/one/rotate", {"password": "second"}), ("/destinations/one/edit", {"description": "for exports"})],
)
def test_a_form_sent_twice_is_told_one_time(client: Client, path: str, typed: dict[str, str]) -> None:
    add(client)
    client.get("/")
    fields = form(client, path, **typed)
    first, second = (client.post(path, fields).headers["Location"] for _ in range(2))
    assert first == second
    assert client.get(first).content.decode().count('<div class="notice notice--success" role="status">') == 1
    assert '<div class="notice notice--success" role="status">' not in client.get(first).content.decode()


def test_an_addition_sent_twice_is_told_one_time(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    add(client)
    page = client.get("/destinations/one").content.decode()
    assert page.count("one was added.") == 1
    assert did(portal) == ["added"]


def test_a_page_that_has_nothing_to_tell_sets_no_cookie_for_it(client: Client) -> None:
    add(client)
    assert client.get("/").cookies["messages"].value == ""  # told, and forgotten
    assert "messages" not in client.get("/").cookies


def test_what_happened_in_turns_is_told_in_the_order_of_the_last_time() -> None:
    told = [Message(constants.SUCCESS, words) for words in ("disabled", "enabled", "disabled")]
    assert [str(one) for one in without_repeats(told)] == ["enabled", "disabled"]


def test_a_repair_shows_the_difference_and_writes_only_that(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    secret = portal.get_secret("one")
    metadata = {**secret.manifest["metadata"], "labels": {names.REGISTRY_LABEL: "True", "mine": "x"}}
    portal.load([{**secret.manifest, "metadata": metadata}])
    page = client.get("/destinations/one/repair").content.decode()
    assert "label epinio.io/api-export-registry" in page
    assert "&quot;True&quot;" in page
    assert ">Accepted</span>" in page
    assert PASSWORD not in page
    fields = form(client, "/destinations/one/repair")
    shown = client.post("/destinations/one/repair", {**fields, "show": "difference"})
    assert shown.status_code == 200
    assert portal.get_secret("one").labels[names.REGISTRY_LABEL] == "True"
    none = {key: value for key, value in fields.items() if not key.startswith("fix")}
    assert "No changes yet" in client.post("/destinations/one/repair", {**none, "show": "difference"}).content.decode()
    assert client.post("/destinations/one/repair", none).status_code == 409
    assert client.post("/destinations/one/repair", fields).status_code == 303
    after = portal.get_secret("one")
    assert after.labels == {names.REGISTRY_LABEL: "true", "mine": "x"}
    assert after.data == secret.data
    assert did(portal)[-1] == "repaired: label"


def test_a_repair_that_is_no_longer_proposed_is_not_replaced_by_another(
    client: Client, portal: InMemoryCluster
) -> None:
    add(client)
    secret = portal.get_secret("one")
    portal.create_secret({"metadata": {"name": "ca"}, "stringData": {"ca.crt": PEM}})
    metadata = {
        **secret.manifest["metadata"],
        "annotations": {**secret.annotations, names.LAST_APPLIED_ANNOTATION: "{}"},
    }
    noted = {**metadata["annotations"], names.LAST_APPLIED_ANNOTATION: '{".dockerconfigjson": 1}'}
    portal.load([{**secret.manifest, "metadata": {**metadata, "annotations": noted}, "stringData": {"certs": "ca"}}])
    fields = form(client, "/destinations/one/repair")
    assert {key for key in fields if key.startswith("fix")} == {"fix-own-certificates", "fix-last-applied"}
    only = {key: value for key, value in fields.items() if key != "fix-last-applied"}
    held = portal.get_secret("ca")
    portal.load([{**held.manifest, "stringData": {"tls.crt": PEM}}])  # mended by somebody else meanwhile
    assert client.post("/destinations/one/repair", only).status_code in {303, 409}
    assert names.LAST_APPLIED_ANNOTATION in portal.get_secret("one").annotations


def test_a_repair_asks_for_what_only_a_person_knows(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    secret = portal.get_secret("one")
    metadata = {key: value for key, value in secret.manifest["metadata"].items() if key != "annotations"}
    portal.load([{**secret.manifest, "metadata": metadata}])
    fields = form(client, "/destinations/one/repair")
    assert client.post("/destinations/one/repair", {**fields, "organization": "Bad Name"}).status_code == 422
    assert client.post("/destinations/one/repair", {**fields, "organization": "team"}).status_code == 303
    assert portal.get_secret("one").annotations[names.ORGANIZATION_ANNOTATION] == "team"


def test_a_repair_of_the_certificates_leaves_the_foreign_secret_alone(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    secret = portal.get_secret("one")
    portal.create_secret({"metadata": {"name": "epinio-tls"}, "stringData": {"tls.crt": PEM, "tls.key": PASSWORD}})
    portal.load([{**secret.manifest, "stringData": {names.CERTS_KEY: "epinio-tls"}}])
    foreign = portal.get_secret("epinio-tls")
    page = client.get("/destinations/one/repair").content.decode()
    assert PASSWORD not in page
    assert client.post("/destinations/one/repair", form(client, "/destinations/one/repair")).status_code == 303
    made = portal.get_secret(portal.get_secret("one").data[names.CERTS_KEY].decode())
    assert made.data == {names.BUNDLE_KEY: PEM.encode()}
    assert portal.get_secret("epinio-tls") == foreign


def test_a_choice_between_two_ways_is_left_to_the_person(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    secret = portal.get_secret("one")
    auths = stored(portal)
    auths["registry.example.com"]["password"] = "older"
    portal.load([{**secret.manifest, "stringData": {names.CONFIG_KEY: json.dumps({"auths": auths})}}])
    fields = form(client, "/destinations/one/repair")
    assert not any(value for key, value in fields.items() if key.startswith("fix"))
    name = next(key for key in fields if key.startswith("fix"))
    assert client.post("/destinations/one/repair", {**fields, name: "password-from-auth"}).status_code == 303
    assert stored(portal)["registry.example.com"]["password"] == PASSWORD


def test_disable_and_enable_one_and_several(client: Client, portal: InMemoryCluster) -> None:
    for name in ("one", "two", "three"):
        add(client, name=name, nonce=(name * 24)[:24])

    before = portal.get_secret("one").data

    def chosen(*wanted: str) -> list[str]:
        return [f"{one.name} {one.uid} {one.resource_version}" for one in map(portal.get_secret, wanted)]

    asked = {"to": "off", "nonce": "s" * 24, "chosen": chosen("one", "two")}
    assert client.post("/switch", asked).status_code == 303
    verdicts = {row["name"]: row["verdict"] for row in client.get("/api/destinations").json()}
    assert verdicts == {"one": "not-listed", "two": "not-listed", "three": "accepted"}
    assert did(portal, "two") == ["added", "disabled"]
    page = client.get("/").content.decode()
    assert "one, two are disabled" in page
    stale = {"to": "on", "nonce": "t" * 24, "chosen": [asked["chosen"][0], *chosen("two")]}
    client.post("/switch", stale)
    page = client.get("/").content.decode()
    assert "Not changed: one." in page
    assert "two is enabled" in page
    single = {"to": "on", "nonce": "u" * 24, "chosen": chosen("one"), "back": "1"}
    assert client.post("/switch", single).headers["Location"] == "/destinations/one"
    assert portal.get_secret("one").labels[names.REGISTRY_LABEL] == "true"
    assert portal.get_secret("one").data == before


@pytest.mark.parametrize("chosen", [[], ["one"], ["../x u 1"], ["one u 1"]])
def test_a_bad_choice_is_refused_in_words(client: Client, portal: InMemoryCluster, chosen: list[str]) -> None:
    answer = client.post("/switch", {"to": "off", "nonce": "s" * 24, "chosen": chosen})
    assert answer.status_code in {404, 422}
    assert portal.list_secrets() == []


def test_a_copy_brings_everything_but_name_and_password(client: Client, portal: InMemoryCluster) -> None:
    add(client, bundle_text=PEM, description="kept words")
    page = client.get("/destinations/new?from=one").content.decode()
    assert "registry.example.com" in page
    assert "kept words" in page
    assert "BEGIN CERTIFICATE" in page
    assert PASSWORD not in page
    fields = form(client, "/destinations/new?from=one", name="two", password="typed-anew", bundle_text=PEM)
    fields.pop("show", None)
    assert client.post("/destinations/new?from=one", fields).status_code == 303
    assert stored(portal, "two")["registry.example.com"]["username"] == "robot"
    assert portal.get_secret("two").data[names.CERTS_KEY] != portal.get_secret("one").data[names.CERTS_KEY]
    assert client.get("/destinations/new?from=nope").status_code == 404


class Behind:
    """A watch that has not seen anything yet, as on another replica."""

    def known(self) -> KnownSecrets:
        return KnownSecrets({}, Journal(), None)

    last = known

    def on_change(self, _see: object) -> None:
        """Never tell anything."""


def test_after_a_write_the_overview_is_read_directly_on_whatever_replica(
    client: Client, memory_cluster: InMemoryCluster
) -> None:
    behind: Any = Behind()
    with composition.use(memory_cluster, behind):
        add(client)
        one = memory_cluster.get_secret("one")
        form = {"to": "off", "nonce": "s" * 24, "chosen": f"one {one.uid} {one.resource_version}"}
        there = client.post("/switch", form).headers["Location"]
        assert "Disabled" in client.get(there).content.decode()
        assert "/destinations/one" not in client.get("/").content.decode()


def test_orphans_are_named_told_from_waiting_ones_and_removed_by_a_button(
    client: Client, portal: InMemoryCluster
) -> None:
    labels = {names.MANAGED_BY_LABEL: names.MANAGED_BY_PORTAL, names.KIND_LABEL: names.KIND_CERTIFICATE}
    past = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    portal.load([
        {"metadata": {"name": "killed-ca", "labels": labels, "creationTimestamp": past}},
        {"metadata": {"name": "waiting-ca", "labels": labels, "creationTimestamp": past,
                      "annotations": {names.RELEASED_AT_ANNOTATION: now}}},
        {"metadata": {"name": "just-made-ca", "labels": labels, "creationTimestamp": now}},
        {"metadata": {"name": "by-hand-ca", "creationTimestamp": past}},
    ])  # fmt: skip
    page = client.get("/").content.decode()
    assert re.search(r"killed-ca</code>\s+can be deleted</li>", page)
    assert re.search(r"waiting-ca</code>\s+can be deleted after", page)
    assert re.search(r"just-made-ca</code>\s+can be deleted after", page)
    assert "by-hand-ca" not in page
    assert client.post("/certificates/remove").status_code == 303
    assert {secret.name for secret in portal.list_secrets()} == {"waiting-ca", "just-made-ca", "by-hand-ca"}
    assert "Deleted: killed-ca." in client.get("/").content.decode()


def test_an_owned_destination_offers_neither_edit_nor_repair(client: Client, portal: InMemoryCluster) -> None:
    labels = {names.REGISTRY_LABEL: "yes", "argocd.argoproj.io/instance": "x"}
    portal.load([{"metadata": {"name": "one", "labels": labels}}])
    for path in ("/destinations/one/edit", "/destinations/one/repair"):
        page = client.get(path).content.decode()
        assert "Argo CD" in page
        buttons = re.findall("<button.*?</button>", page.split("<main")[1], re.DOTALL)
        assert [
            b for b in buttons if not re.search('name="(download|show)"', b)
        ] == []  # a file for Git or a look, and no write
    assert "/repair" not in client.get("/destinations/one").content.decode()
    secret = portal.get_secret("one")
    asked = {"to": "off", "nonce": "s" * 24, "chosen": f"one {secret.uid} {secret.resource_version}"}
    assert client.post("/switch", asked).status_code == 409


@pytest.mark.parametrize(
    ("password", "said", "noted"),
    [
        ("second", "Revoke the old ones at the registry.", "rotated"),
        (PASSWORD, "so nothing was rotated.", "edited: credentials"),
    ],
)
def test_after_a_rotation_it_is_said_what_is_left_to_do(
    client: Client, portal: InMemoryCluster, password: str, said: str, noted: str
) -> None:
    add(client)
    answer = client.post("/destinations/one/rotate", form(client, "/destinations/one/rotate", password=password))
    page = client.get(answer.headers["Location"]).content.decode()
    assert said in page
    assert ("were rotated" in page) == (noted == "rotated")
    assert did(portal)[-1] == noted


@pytest.mark.parametrize(
    "changed",
    [{}, {"username": "other"}, {"bundle_choice": "replace", "bundle_text": PEM}, {"expires_on": "2031-01-01"}],
)
def test_a_rotation_asks_for_the_new_password(client: Client, portal: InMemoryCluster, changed: dict[str, str]) -> None:
    add(client)
    before = portal.get_secret("one")
    fields = form(client, "/destinations/one/rotate", **changed)
    answer = client.post("/destinations/one/rotate", fields)
    assert answer.status_code == 422
    assert "Type the new password." in answer.content.decode()
    assert portal.get_secret("one").manifest == before.manifest


def test_a_repair_says_what_is_left_once(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    manifest = dict(portal.get_secret("one").manifest)
    del manifest["metadata"]["annotations"][names.ORGANIZATION_ANNOTATION]
    portal.load([manifest])
    page = client.get("/destinations/one/repair").content.decode()
    difference = page[page.index('id="difference"') :]
    assert difference.count("does not name the organization") == 1
