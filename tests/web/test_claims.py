"""What a page says after a write: no more than happened, and what still keeps exports from it."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from html import unescape
from typing import TYPE_CHECKING

import pytest

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from destinations.livecheck.registry.port import Code, Step
from destinations.secret import history
from edrportal.signin.middleware import AuthenticationMiddleware
from tests.livecheck.world import PASSWORD, PEM, destination, keep
from tests.services import composition
from tests.services.leaks import known
from tests.services.scripted import ends
from tests.signin import world
from tests.web.test_daily_work import form

if TYPE_CHECKING:
    from django.test import Client

    from destinations.web.request import PortalRequest

NEW = known("canary-claims-8813")


def told(client: Client, path: str, fields: dict[str, str]) -> str:
    """Return the messages of the page that follows a form."""
    answer = client.post(path, fields)
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).content.decode()
    found = re.findall(r'<div class="notice notice--\w+" role="status">(.*?)</div>', page, re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", " ".join(found))))


def test_new_credentials_of_a_sound_destination_are_used_by_the_next_export(
    client: Client, portal: InMemoryCluster
) -> None:
    portal.load([destination("one")])
    said = told(client, "/destinations/one/rotate", form(client, "/destinations/one/rotate", password=NEW))
    assert "were rotated, and the next export uses them" in said


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"labels": {names.REGISTRY_LABEL: "false"}}, "it is disabled"),
        ({"labels": {names.REGISTRY_LABEL: "yes"}}, "Epinio still hides it"),
        ({"annotations": {}}, "Epinio still hides it"),
        ({"annotations": {names.ORGANIZATION_ANNOTATION: "Upper"}}, "an export will still fail"),
    ],
)
def test_a_rotation_that_no_export_uses_is_not_said_to_be_used(
    client: Client, portal: InMemoryCluster, change: dict[str, dict[str, str]], why: str
) -> None:
    made = destination("one")
    made["metadata"].update(change)
    portal.load([made])
    said = told(client, "/destinations/one/rotate", form(client, "/destinations/one/rotate", password=NEW))
    assert "The credentials of one were rotated. Revoke the old ones" in said
    assert "uses them" not in said
    assert f"one has new credentials, but {why}: " in said


@pytest.mark.parametrize("certs", ["", "held", "nowhere"])
def test_what_a_rotation_led_to_is_said_without_another_list(
    client: Client, portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch, certs: str
) -> None:
    portal.load([destination("one", certs=certs)])
    portal.load([{"metadata": {"name": "held"}, "data": {names.BUNDLE_KEY: b64encode(PEM.encode()).decode()}}])
    fields = form(client, "/destinations/one/rotate", password=NEW)
    listed, plain = [], InMemoryCluster.list_unread

    def count(cluster: InMemoryCluster) -> object:
        listed.append(1)
        return plain(cluster)

    monkeypatch.setattr(InMemoryCluster, "list_unread", count)
    answer = client.post("/destinations/one/rotate", fields)
    assert len(listed) <= 1  # the one that tells who asks, where there is no watch
    page = client.get(answer.headers["Location"]).content.decode()
    assert ("uses them" in page) == (certs != "nowhere")
    assert ("has new credentials, but an export will still fail" in unescape(re.sub(r"<[^>]+>", "", page))) == (
        certs == "nowhere"
    )


def test_new_certificates_are_not_told_to_be_missing(
    client: Client, portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = AuthenticationMiddleware.find

    def find(request: PortalRequest) -> object:
        assert request.reads.cached is not None  # as a sign-in does: what the page knows is from before the write
        return found(request)

    monkeypatch.setattr(AuthenticationMiddleware, "find", find)
    portal.load([destination("one", certs="nowhere")])
    typed = form(client, "/destinations/one/rotate", password=NEW, bundle_choice="replace", bundle_text=PEM)
    assert "uses them" in told(client, "/destinations/one/rotate", typed)


def test_where_no_password_is_typed_none_is_asked_for_again(client: Client, portal: InMemoryCluster) -> None:
    portal.load([destination("one")])
    gone = form(client, "/destinations/one/delete", confirmation="one")
    stale = f"one {gone['uid']} {gone['resource_version']}"
    edited = form(client, "/destinations/one/edit", description="another")
    assert client.post("/destinations/one/edit", edited).status_code == 303
    switch = {"to": "off", "nonce": "s" * 24, "chosen": stale}
    for path, fields in (("/destinations/one/delete", gone), ("/switch", switch)):
        answer = client.post(path, fields)
        page = answer.content.decode().partition("<main")[2]
        assert answer.status_code == 409
        assert "Someone changed this destination in the meantime. Your change was not made." in page
        assert "password" not in page
    assert portal.get_secret("one").labels[names.REGISTRY_LABEL] == "true"


def test_a_repair_that_leaves_it_broken_is_not_called_a_repair(client: Client, portal: InMemoryCluster) -> None:
    made = destination("one")
    made["metadata"] |= {
        "labels": {names.REGISTRY_LABEL: "True"},
        "annotations": {names.ORGANIZATION_ANNOTATION: "Upper"},
    }
    portal.load([made])
    fields = form(client, "/destinations/one/repair")
    assert fields.pop("fix-label") == "on"
    left = {key: value for key, value in fields.items() if not key.startswith("fix-")}
    said = told(client, "/destinations/one/repair", {**left, "fix-label": "on"})
    assert "was repaired" not in said
    assert "one was changed as chosen, but an export will still fail: " in said


def test_who_may_change_it_sees_the_account_and_when_it_was_rotated(client: Client, portal: InMemoryCluster) -> None:
    made = destination("one", user="robot-5")
    made["metadata"]["annotations"][names.ROTATED_AT_ANNOTATION] = "2026-11-20T10:00:00Z"
    portal.load([made, destination("two")])
    page = client.get("/destinations/one").content.decode()
    facts = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "User name robot-5 Last rotated 2026-11-20 10:00:00 UTC" in facts
    assert "Last rotated" not in client.get("/destinations/two").content.decode()


@pytest.mark.people
def test_who_may_not_change_it_sees_neither(memory_cluster: InMemoryCluster) -> None:
    made = world.destination("one")
    made["metadata"]["annotations"][names.ROTATED_AT_ANNOTATION] = "2026-11-20T10:00:00Z"
    world.fill(memory_cluster, [*world.secrets(), made], world.config_maps())
    with composition.use(memory_cluster):
        for who in ("viewer", "exporter", "manager"):
            page = world.sign_in(who).get("/destinations/one").content.decode()
            assert world.ACCOUNT not in page
            assert "Last rotated" not in page
        assert world.ACCOUNT in world.sign_in("administrator").get("/destinations/one").content.decode()


def test_an_export_command_of_what_cannot_be_used_says_so(client: Client, portal: InMemoryCluster) -> None:
    off = destination("off", **{names.REGISTRY_LABEL: "false"})
    portal.load([destination("sound"), destination("refused"), off])
    keep("refused", ends(Step.LOGIN, Code.WRONG_CREDENTIALS))
    said = {name: client.get(f"/destinations/{name}").content.decode() for name in ("sound", "refused", "off")}
    assert {name: "Do not use it yet:" in page for name, page in said.items()} == {
        "sound": False, "refused": True, "off": True,
    }  # fmt: skip
    assert {name: "Everyone who may export can use this destination" in page for name, page in said.items()} == {
        "sound": True, "refused": False, "off": False,
    }  # fmt: skip


def test_what_the_interface_writes_comes_back_with_its_answer(client: Client, portal: InMemoryCluster) -> None:
    body = {
        "name": "one",
        "host": "registry.example.com",
        "organization": "team",
        "username": "robot",
        "password": PASSWORD,
    }
    added = client.post("/api/destinations", json.dumps(body), content_type="application/json")
    turned = client.post("/api/destinations/one/rotate", json.dumps({"password": NEW}), content_type="application/json")
    listed = client.get("/api/destinations?after=change").json()[0]
    for answer in (added, turned):
        row = answer.json()
        assert (row["verdict"], row["answer"], row["answer_text"]) == ("accepted", "accepted", "Accepted, not checked")
        assert {*listed} - {"last_check"} <= {*row}
    assert portal.get_secret("one").name == "one"


def test_an_enabled_destination_that_the_registry_rejects_is_not_a_success(
    client: Client, portal: InMemoryCluster
) -> None:
    portal.load([destination(name) for name in ("fine", "refused", "nameless")])
    keep("refused", ends(Step.LOGIN, Code.WRONG_CREDENTIALS))
    keep("nameless", ends(Step.RESOLVE, Code.NO_SUCH_NAME))
    said = ""
    for to in ("off", "on"):
        chosen = [
            f"{one.name} {one.uid} {one.resource_version}"
            for one in portal.list_secrets()
            if names.CONFIG_KEY in one.data
        ]
        said = told(client, "/switch", {"to": to, "nonce": to * 12, "chosen": chosen})  # type: ignore[dict-item]
    assert "fine is enabled, and Epinio accepts it." in said
    assert (
        "refused is enabled, but the registry rejects it by the last live check: Login: The registry rejected" in said
    )
    assert "nameless is enabled, but the last live check failed: DNS: The host has no address" in said


def test_a_repair_after_which_the_registry_still_rejects_it_says_so(client: Client, portal: InMemoryCluster) -> None:
    made = destination("one")
    made["metadata"]["annotations"][names.LAST_APPLIED_ANNOTATION] = f'{{"{names.CONFIG_KEY}": 1}}'
    portal.load([made])
    keep("one", ends(Step.LOGIN, Code.WRONG_CREDENTIALS))
    said = told(client, "/destinations/one/repair", form(client, "/destinations/one/repair"))
    assert "one was changed as chosen, but the registry rejects it by the last live check: Login: " in said
    assert "was repaired" not in said


@pytest.mark.parametrize(
    ("auth", "is_rotated"),
    [("robot:another", True), ("other:another", True), (f"robot:{PASSWORD}", False), ("", False)],
)
def test_one_of_two_stored_passwords_is_new_where_the_other_was(
    client: Client, portal: InMemoryCluster, auth: str, *, is_rotated: bool
) -> None:
    made = destination("one")
    config = json.loads(made["stringData"][names.CONFIG_KEY])
    next(iter(config["auths"].values()))["auth"] = b64encode(auth.encode()).decode()
    made["stringData"][names.CONFIG_KEY] = json.dumps(config)
    portal.load([made])
    said = told(client, "/destinations/one/rotate", form(client, "/destinations/one/rotate", password=PASSWORD))
    assert ("nothing was rotated" in said) is not is_rotated
    assert ("Revoke the old ones at the registry." in said) is is_rotated
    assert (names.ROTATED_AT_ANNOTATION in portal.get_secret("one").annotations) is is_rotated


@pytest.mark.parametrize(("team", "words"), [("team-a", "belongs to team team-a"), ("", "shared with everyone")])
def test_a_team_that_it_has_already_is_not_said_to_be_new(
    client: Client, portal: InMemoryCluster, team: str, words: str
) -> None:
    portal.namespaces = {"team-a": "uid", "team-b": "uid"}
    portal.load([destination("one", **{names.TEAM_LABEL: "team-b"})])
    for when in ("now", "already"):
        said = told(client, "/destinations/one/assign", form(client, "/destinations/one/assign", team=team))
        assert words in said
        assert when in said
    assert [entry.did for entry in history.read(portal.get_secret("one"))] == [
        f"assigned to {words[11:]}" if team else words
    ]
