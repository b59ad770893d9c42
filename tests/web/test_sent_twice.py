"""A form that is sent twice, where the answer to the first time is lost: what the second answer says is what happened."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from destinations.livecheck.registry.port import Code, Step
from destinations.secret import history
from edrportal.demo.cluster import demo_cluster
from tests.livecheck.world import PASSWORD, destination
from tests.services import composition
from tests.services.leaks import known
from tests.services.scripted import ends
from tests.signin import world
from tests.web.test_daily_work import form
from tests.web.test_leak_pages import boxes, results, state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.scripted import Scripted

NEW = known("canary-twice-4417")
OTHER = known("canary-twice-4418")
REJECTED = ends(Step.LOGIN, Code.WRONG_CREDENTIALS)


@pytest.fixture
def demo() -> Iterator[InMemoryCluster]:
    with composition.use(made := demo_cluster(datetime.now(UTC))):
        yield made


def twice(path: str, fields: dict[str, Any], page: str = "") -> str:
    """Send a form two times, the first in vain, and return the messages after the second."""
    assert Client().post(path, fields).status_code == 303
    return again(path, fields, page)


def again(path: str, fields: dict[str, Any], page: str = "") -> str:
    client = Client()
    answer = client.post(path, fields)
    assert answer.status_code == 303, answer.content.decode()[:3000]
    shown = client.get(page or answer.headers["Location"]).content.decode()
    found = re.findall(r'<div class="notice notice--\w+" role="status">(.*?)</div>', shown, re.DOTALL)
    return " ".join(unescape(re.sub(r"<form.*?</form>|<[^>]+>", "", " ".join(found), flags=re.DOTALL)).split())


def chosen(cluster: InMemoryCluster, *wanted: str) -> list[str]:
    return [f"{one.name} {one.uid} {one.resource_version}" for one in map(cluster.get_secret, wanted)]


def did(cluster: InMemoryCluster, name: str) -> list[str]:
    return [entry.did for entry in history.read(cluster.get_secret(name))]


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("upper-case", {}),
        ("no-annotation", {"organization": "team"}),
        ("half-rotated", {"fix-password-from-auth": "password-from-auth"}),
        ("applied", {}),
    ],
)
def test_a_repair_is_no_conflict_with_itself(
    client: Client, demo: InMemoryCluster, name: str, changed: dict[str, str]
) -> None:
    path = f"/destinations/{name}/repair"
    fields = form(client, path, **changed)
    if name == "half-rotated":
        (choice,) = re.findall(r'type="radio" name="(fix-[\w-]+)" value="([\w-]+)"', client.get(path).content.decode())[
            :1
        ]
        fields = {**form(client, path), choice[0]: choice[1]}
    assert twice(path, fields) == f"{name} was repaired."
    assert len(did(demo, name)) == 1


def test_a_repair_with_another_choice_is_another_write(client: Client, demo: InMemoryCluster) -> None:
    path = "/destinations/no-annotation/repair"
    fields = form(client, path, organization="team")
    assert client.post(path, fields).status_code == 303
    assert "was repaired" not in again(path, {**fields, "organization": "other"})
    assert demo.get_secret("no-annotation").annotations[names.ORGANIZATION_ANNOTATION] == "team"


def test_a_repair_that_was_made_in_another_tab_is_not_needed(client: Client, demo: InMemoryCluster) -> None:
    path = "/destinations/upper-case/repair"
    one, other = form(client, path), form(client, path)
    assert client.post(path, one).status_code == 303
    assert again(path, other) == "upper-case does not need this repair anymore. Nothing was left to change."
    assert len(did(demo, "upper-case")) == 1


def test_a_destination_that_was_deleted_is_not_missed(client: Client, demo: InMemoryCluster) -> None:
    path = "/destinations/quay/delete"
    fields = form(client, path, confirmation="quay")
    assert twice(path, fields) == "quay does not exist anymore."
    assert client.post(path, {**fields, "confirmation": "key"}).status_code == 404
    assert client.post(path, {"confirmation": "quay"}).status_code == 404
    assert client.get(path).status_code == 404
    assert "quay" not in {one.name for one in demo.list_secrets()}


def test_what_is_no_destination_any_more_is_not_called_deleted(client: Client, demo: InMemoryCluster) -> None:
    path = "/destinations/quay/delete"
    fields = form(client, path, confirmation="quay")
    manifest = demo.get_secret("quay").manifest
    demo.replace_secret({**manifest, "metadata": {**manifest["metadata"], "labels": {}}})
    assert Client().post(path, fields).status_code == 404
    assert demo.get_secret("quay").name == "quay"


def test_another_destination_by_the_name_is_not_deleted(client: Client, demo: InMemoryCluster) -> None:
    path = "/destinations/quay/delete"
    fields = form(client, path, confirmation="quay")
    assert client.post(path, fields).status_code == 303
    demo.load([destination("quay")])
    assert Client().post(path, fields).status_code == 409
    assert demo.get_secret("quay").name == "quay"


@pytest.mark.people
def test_a_deletion_tells_nobody_what_exists() -> None:
    cluster = InMemoryCluster()
    cluster.namespaces = {"team-a": "uid-a", "team-b": "uid-b"}
    world.fill(cluster, world.secrets(), world.config_maps())
    with composition.use(cluster):
        client = world.sign_in("manager")
        answers = []
        for name in ("b-one", "nowhere"):
            fields = {"confirmation": name, "uid": "some-uid", "resource_version": "1", "nonce": "n" * 24}
            answer = client.post(f"/destinations/{name}/delete", fields)
            page = client.get(answer.headers.get("Location", "/")).content.decode()
            answers.append((answer.status_code, f"{name} does not exist anymore." in page))
        assert answers[0] == answers[1]
        assert cluster.get_secret("b-one").name == "b-one"


def test_the_stored_password_is_not_called_a_rotation_the_second_time(client: Client, portal: InMemoryCluster) -> None:
    portal.load([destination("one")])
    said = twice("/destinations/one/rotate", form(client, "/destinations/one/rotate", password=PASSWORD))
    assert "so nothing was rotated" in said
    assert "were rotated" not in said


def test_an_undo_is_one_undo(client: Client, demo: InMemoryCluster) -> None:
    off = {"to": "off", "nonce": "f" * 24, "chosen": chosen(demo, "quay", "edge")}
    page = client.get(client.post("/switch", off).headers["Location"]).content.decode()
    back = re.findall(r'name="chosen" value="(\S+ - \d+)"', page)
    said = twice("/switch", {"to": "on", "nonce": "u" * 24, "chosen": back})
    assert re.match("(edge, quay|quay, edge) are enabled, and Epinio accepts them", said)
    assert did(demo, "quay") == ["disabled", "enabled"]


def test_what_was_wanted_in_two_tabs_is_no_conflict(client: Client, demo: InMemoryCluster) -> None:
    stale = chosen(demo, "quay")
    client.post("/switch", {"to": "off", "nonce": "a" * 24, "chosen": stale})
    version = demo.get_secret("quay").resource_version
    assert again("/switch", {"to": "off", "nonce": "b" * 24, "chosen": stale}) == "quay was disabled already."
    assert demo.get_secret("quay").resource_version == version
    assert Client().post("/switch", {"to": "on", "nonce": "c" * 24, "chosen": stale}).status_code == 409


def test_a_team_that_was_given_in_another_tab_is_no_conflict(client: Client, demo: InMemoryCluster) -> None:
    path = "/destinations/quay/assign"
    one, other = form(client, path, team="team-a"), form(client, path, team="team-a")
    assert client.post(path, one).status_code == 303
    assert again(path, one) == "quay now belongs to team team-a."
    assert again(path, other) == "quay already belongs to team team-a."
    assert len(did(demo, "quay")) == 1


@pytest.mark.usefixtures("demo")
def test_everything_that_matches_is_disabled_once(client: Client) -> None:
    page = client.get("/?answer=accepted").content.decode()
    count = str(page.count("<tr data-name="))
    fields = {"to": "off", "nonce": "e" * 24, "every": count, "shown": "answer=accepted"}
    said = twice("/switch", fields, "/")
    assert "are disabled: Epinio does not list them" in said
    assert Client().post("/switch", {**fields, "nonce": "g" * 24}).status_code == 422


def test_an_edit_that_was_made_in_another_tab_leaves_nothing_to_change(client: Client, demo: InMemoryCluster) -> None:
    path = "/destinations/quay/edit"
    wanted = {"description": "for releases", "host": "quay.io", "organization": "example", "password": "x"}
    assert client.post(path, form(client, path, **wanted)).status_code == 303
    one, other = (form(client, path, description="for tests") for _ in range(2))
    third = form(client, path, description="for all")
    assert client.post(path, one).status_code == 303
    assert again(path, other) == "quay already has these values. Nothing was left to change."
    refused = Client().post(path, third)
    assert refused.status_code == 409
    assert "You changed this destination yourself after you opened this page" in refused.content.decode()
    secret = demo.get_secret("quay").manifest
    annotations = {**secret["metadata"]["annotations"], names.CHANGED_BY_ANNOTATION: "ann"}
    demo.replace_secret({**secret, "metadata": {**secret["metadata"], "annotations": annotations}})
    assert "Someone changed this destination" in Client().post(path, third).content.decode()
    assert did(demo, "quay")[1:] == ["edited: description"]


@pytest.mark.parametrize(
    ("kind", "changed"),
    [("rotate", {"password": NEW}), ("edit", {"description": "mine"})],
)
def test_what_others_followed_is_not_told_as_news(
    client: Client, portal: InMemoryCluster, kind: str, changed: dict[str, str]
) -> None:
    portal.load([destination("one")])
    path = f"/destinations/one/{kind}"
    fields = form(client, path, **changed)
    assert client.post(path, fields).status_code == 303
    later = form(client, "/destinations/one/rotate", password=OTHER)
    assert client.post("/destinations/one/rotate", later).status_code == 303
    said = again(path, fields)
    assert said == "This form was sent and saved before, and one has changed since. The page shows the current state."


def test_a_disabling_that_was_undone_since_is_not_told_as_news(client: Client, demo: InMemoryCluster) -> None:
    off = {"to": "off", "nonce": "f" * 24, "chosen": chosen(demo, "quay")}
    client.post("/switch", off)
    client.post("/switch", {"to": "on", "nonce": "u" * 24, "chosen": chosen(demo, "quay")})
    said = again("/switch", off)
    assert said == "This form was sent and saved before, and quay has changed since. The page shows the current state."
    assert demo.get_secret("quay").labels[names.REGISTRY_LABEL] == "true"


@pytest.mark.parametrize("kind", ["rotate", "edit", "new"])
def test_what_is_saved_is_not_checked_again(
    client: Client, portal: InMemoryCluster, registries: Scripted, kind: str
) -> None:
    if kind == "new":
        path = "/destinations/new"
        typed = {"name": "one", "host": "registry.example.com", "organization": "team", "username": "robot"}
    else:
        portal.load([destination("one")])
        path, typed = f"/destinations/one/{kind}", {}
    fields = {**form(client, path), **typed, "password": NEW, "check": "first"}
    assert client.post(path, fields).status_code == 303
    registries.answers["one"] = REJECTED  # an answer that the second time must not wait for
    again(path, fields)
    assert len(registries.asked) == 1


def test_a_check_of_a_form_says_nothing_of_what_followed_it(
    client: Client, portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one")])
    fields = form(client, "/destinations/one/rotate", password=NEW)
    assert client.post("/destinations/one/rotate", {**fields, "check": "first"}).status_code == 303
    registries.answers["one"] = REJECTED
    later = form(client, "/destinations/one/rotate", password=OTHER)
    assert client.post("/destinations/one/rotate", later).status_code == 303
    registries.answers.clear()
    again("/destinations/one/rotate", {**fields, "check": "first"})
    assert client.get("/api/destinations").json()[0]["answer"] == "accepted"


@pytest.mark.parametrize("action", ["disable", "rotate", "enable"])
def test_the_report_of_a_leak_tells_what_the_form_did(client: Client, portal: InMemoryCluster, action: str) -> None:
    portal.load([destination("one", **({names.REGISTRY_LABEL: "false"} if action == "enable" else {}))])
    case = client.post("/leak", {"value": PASSWORD})
    fields = {
        "state": state(case), "chosen": list(boxes(case).values()), "nonce": "l" * 24, "action": action, "confirmed": "on",
        "username": "robot", "password": NEW if action == "rotate" else "",
    }  # fmt: skip
    first, second = (Client().post("/leak/response", fields) for _ in range(2))
    assert results(first) == results(second) == {"one": "written"}
    assert second.status_code == 200
    client.post("/switch", {"to": "on", "nonce": "x" * 24, "chosen": chosen(portal, "one")})
    client.post("/switch", {"to": "off", "nonce": "y" * 24, "chosen": chosen(portal, "one")})
    third = Client().post("/leak/response", fields)
    assert results(third) == {"one": "not written"}
    assert "the destination has changed since" in third.content.decode()


def test_unused_secrets_are_not_said_to_have_been_none(client: Client, demo: InMemoryCluster) -> None:
    orphan = "old-registry-ca-5be0c7f2-1a2b3c4d"
    assert orphan in client.get("/").content.decode()
    assert again("/certificates/remove", {}) == f"Deleted: {orphan}."
    assert again("/certificates/remove", {}) == "Nothing is left to delete now."
    assert orphan not in {one.name for one in demo.list_secrets()}


@pytest.mark.people
@pytest.mark.parametrize("is_still_in", [True, False])
def test_a_sign_in_from_a_second_tab_is_told_who_is_signed_in(*, is_still_in: bool) -> None:
    cluster = InMemoryCluster()
    cluster.namespaces = {"team-a": "uid-a", "team-b": "uid-b"}
    world.fill(cluster, world.secrets(), world.config_maps())
    with composition.use(cluster):
        client = Client(enforce_csrf_checks=True)
        token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/signin").content.decode())[0]
        fields = {"username": "manager", "password": world.PASSWORD, "csrfmiddlewaretoken": token}
        assert client.post("/signin", fields).status_code == 302
        if not is_still_in:
            for key in [key for key in client.cookies if "session" in key]:
                del client.cookies[key]
        answer = client.post("/signin", fields, headers={"Sec-Fetch-Site": "same-origin"})
        said = "You are already signed in as manager." if is_still_in else "This sign-in page is out of date."
        assert answer.status_code == 403
        assert said in answer.content.decode()
        assert "Send again" not in answer.content.decode()
        assert world.PASSWORD not in answer.content.decode()
        foreign = client.post("/signin", fields, headers={"Sec-Fetch-Site": "cross-site"})
        assert said not in foreign.content.decode()
