"""A form names everything that is wrong at once, asks about a date in the past, and offers what was probably meant."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.cluster.port import Unreachable
from destinations.secret import history
from tests.livecheck.world import destination
from tests.services.leaks import known
from tests.web.test_daily_work import PASSWORD, PEM, add, form

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

TYPED = known("canary-one-round-4471")
ALL_WRONG = {
    "name": "Not A Name", "host": "https://registry.example.com/v2/", "organization": "Team//X", "username": "a:b",
    "password": f" {TYPED}", "bundle_text": "nothing", "expires_on": "2020-01-01", "team": "no-such-namespace",
    "nonce": "n" * 24,
}  # fmt: skip


def wrong(page: str) -> set[str]:
    """Return the fields that the summary of a page links to."""
    summary = page[page.index('id="problems"') :]
    return set(re.findall(r'<a href="#id_(\w+)">', summary[: summary.index("</ul>")]))


def test_eight_mistakes_are_named_in_one_round(client: Client, portal: InMemoryCluster) -> None:
    portal.namespaces = {"workspace": "uid"}
    answer = client.post("/destinations/new", ALL_WRONG)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert wrong(page) == {*ALL_WRONG} - {"nonce"}
    assert TYPED not in page


@pytest.mark.parametrize(
    "host",
    ["", "https://registry.example.com", "registry example.com", "x" * 300, "harbor", "docker.io:0", "a@b.example.com"],
)
@pytest.mark.parametrize("organization", ["Team", "a//b", "a/../b", "-x", "x" * 300])
def test_a_wrong_host_hides_no_wrong_organization(
    client: Client, portal: InMemoryCluster, host: str, organization: str
) -> None:
    answer = client.post("/destinations/new", {**ALL_WRONG, "host": host, "organization": organization})
    assert {"host", "organization"} <= wrong(answer.content.decode())
    assert portal.list_secrets() == []


def test_a_sound_organization_is_not_blamed_for_a_wrong_host(client: Client, portal: InMemoryCluster) -> None:
    answer = client.post("/destinations/new", {**ALL_WRONG, "organization": "platform/team"})
    assert "organization" not in wrong(answer.content.decode())
    assert portal.list_secrets() == []


def test_an_edit_names_everything_at_once(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    fields = form(client, "/destinations/one/edit", host="registry.example.org:0", organization="Team", bundle_text="x")
    before = portal.get_secret("one")
    answer = client.post("/destinations/one/edit", fields)
    assert wrong(answer.content.decode()) == {"host", "organization", "bundle_text", "password"}
    assert portal.get_secret("one") == before


def test_pasted_certificates_select_replace_and_ask_for_the_password_at_once(
    client: Client, portal: InMemoryCluster
) -> None:
    add(client)
    for path in ("/destinations/one/edit", "/destinations/one/rotate"):
        fields = form(client, path, bundle_text=PEM, bundle_choice="keep")
        page = client.post(path, fields).content.decode()
        assert wrong(page) == {"bundle_choice", "password"}
        assert re.search(r'value="replace"[^>]*checked', page)
        assert "is selected now" in page
        again = {**fields, "bundle_choice": "replace", "password": TYPED}
        assert client.post(path, again).status_code == 303
        assert portal.get_secret("one").data[names.CERTS_KEY]
        portal.delete_secret(
            "one", uid=portal.get_secret("one").uid, resource_version=portal.get_secret("one").resource_version
        )
        add(client, nonce="p" * 24)


@pytest.mark.parametrize("path", ["/destinations/new", "/destinations/one/edit", "/destinations/one/rotate"])
def test_a_date_in_the_past_is_asked_about_once(client: Client, portal: InMemoryCluster, path: str) -> None:
    if path == "/destinations/new":
        fields: dict[str, Any] = {"name": "one", "host": "registry.example.com", "organization": "team",
                                  "username": "robot", "nonce": "n" * 24}  # fmt: skip
    else:
        add(client)
        fields = form(client, path)
    fields |= {"expires_on": "2020-01-01", "password": TYPED}
    answer = client.post(path, fields)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "2020-01-01 is in the past. Is it right?" in page
    assert wrong(page) == {"expires_on"}
    assert 'name="expires_confirmed"' in page
    assert client.post(path, {**fields, "expires_confirmed": "on"}).status_code == 303
    assert portal.get_secret("one").annotations[names.EXPIRY_ANNOTATION] == "2020-01-01"
    later = form(client, "/destinations/one/edit", description="another word")
    assert client.post("/destinations/one/edit", later).status_code == 303


def test_a_script_is_told_of_a_date_in_the_past(client: Client, portal: InMemoryCluster) -> None:
    body = {"name": "one", "host": "registry.example.com", "organization": "team", "username": "robot",
            "password": PASSWORD, "credentials_expire_on": "2020-01-01"}  # fmt: skip
    answer = client.post("/api/destinations", json.dumps(body), content_type="application/json")
    assert answer.status_code == 201
    assert "credentials_expire_on is in the past." in answer.json()["notes"]
    assert portal.get_secret("one").annotations[names.EXPIRY_ANNOTATION] == "2020-01-01"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://hub.docker.com/r/acme/app", "docker.io"),
        ("https://github.com/acme/app", "ghcr.io"),
        ("github.com", "ghcr.io"),
        ("gitlab.com", "registry.gitlab.com"),
        ("https://gitlab.com/acme", "registry.gitlab.com"),
        ("index.docker.io", "docker.io"),
        ("https://harbor.example.com", "harbor.example.com"),
    ],
)
def test_a_suggestion_fills_the_field_by_one_press(
    client: Client, portal: InMemoryCluster, typed: str, meant: str
) -> None:
    fields = {"name": "one", "host": typed, "organization": "team", "username": "robot", "password": TYPED,
              "nonce": "n" * 24}  # fmt: skip
    page = unescape(client.post("/destinations/new", fields).content.decode())
    assert f'value="host:{meant}"' in page
    assert f">Use {meant}</button>" in page
    answer = client.post("/destinations/new", {**fields, "suggest": f"host:{meant}"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert re.search(rf'name="host" value="{re.escape(meant)}"', page)
    assert "Did you mean" not in page
    assert TYPED not in page
    assert portal.list_secrets() == []


@pytest.mark.parametrize("name", ["password", "nonce", "uid", "csrfmiddlewaretoken", "bundle_text"])
def test_a_suggestion_fills_no_other_field(client: Client, portal: InMemoryCluster, name: str) -> None:
    answer = client.post("/destinations/new", {"suggest": f"{name}:planted"})
    assert f'name="{name}" value="planted"' not in answer.content.decode()
    assert portal.list_secrets() == []


@pytest.mark.parametrize("host", ["localhost:5000", "localhost", "LOCALHOST:5000"])
def test_localhost_is_doubted(client: Client, portal: InMemoryCluster, host: str) -> None:
    page = client.post("/preview", {"host": host, "organization": "team"}).content.decode()
    assert "localhost is the Pod itself" in page
    assert portal.list_secrets() == []


def test_a_saved_localhost_is_doubted_without_a_preview(client: Client, portal: InMemoryCluster) -> None:
    add(client, host="localhost:5000")
    assert "localhost is the Pod itself" in client.get("/destinations/one").content.decode()
    fields = form(client, "/destinations/one/edit", host="localhost:5001", password=TYPED)
    answer = client.post("/destinations/one/edit", fields)
    assert "localhost is the Pod itself" in client.get(answer.headers["Location"]).content.decode()
    body = {"name": "two", "host": "localhost", "organization": "team", "username": "robot", "password": PASSWORD}
    told = client.post("/api/destinations", json.dumps(body), content_type="application/json").json()
    assert any("localhost is the Pod itself" in note for note in told["notes"])
    assert portal.get_secret("two").name == "two"


def test_a_taken_name_is_told_together_with_what_else_is_wrong(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    answer = client.post("/destinations/new", {**ALL_WRONG, "name": "one", "nonce": "m" * 24})
    assert {"name", "host", "organization"} <= wrong(answer.content.decode())
    assert "The name one is taken by a destination. Choose another name." in answer.content.decode()
    body = {"name": "one", "host": "https://x", "organization": "team", "username": "robot", "password": PASSWORD}
    told = client.post("/api/destinations", json.dumps(body), content_type="application/json")
    assert {"name", "host"} <= told.json()["fields"].keys()
    assert [one.name for one in portal.list_secrets()] == ["one"]
    free = client.post("/destinations/new", {**ALL_WRONG, "name": "two", "nonce": "m" * 24})
    assert "name" not in wrong(free.content.decode())


def test_a_silent_cluster_hides_no_mistake(
    client: Client, portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_name: str) -> None:
        raise Unreachable("Unreachable")

    monkeypatch.setattr(portal, "get_secret", silent)
    answer = client.post("/destinations/new", {**ALL_WRONG, "name": "one", "team": ""})
    assert {"host", "organization"} <= wrong(answer.content.decode())


@pytest.mark.parametrize("stored", ["20310131", "2031-W05-5", " 2031-01-31"])
def test_an_edit_of_something_else_leaves_a_date_as_it_is_written(
    client: Client, portal: InMemoryCluster, stored: str
) -> None:
    made = destination("one")
    made["metadata"]["annotations"][names.EXPIRY_ANNOTATION] = stored
    portal.load([made])
    fields = form(client, "/destinations/one/edit")
    assert fields["expires_on"] == "2031-01-31"
    answer = client.post("/destinations/one/edit", fields)
    assert "Nothing has changed." in answer.content.decode()
    assert client.post("/destinations/one/edit", {**fields, "description": "words"}).status_code == 303
    after = portal.get_secret("one")
    assert after.annotations[names.EXPIRY_ANNOTATION] == stored
    assert [entry.did for entry in history.read(after)] == ["edited: description"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"host": "https://registry.example.org"}, {"host", "password"}),
        ({"host": "harbor"}, {"host", "password"}),
        ({"host": "registry example.org", "username": ""}, {"host", "username", "password"}),
        ({"host": "registry.example.org", "username": ""}, {"username", "password"}),
        ({"host": "", "bundle_choice": "replace", "bundle_text": PEM}, {"host", "password"}),
        ({"host": "", "bundle_choice": "replace", "bundle_text": "x"}, {"host", "password", "bundle_text"}),
        ({"host": ""}, {"host"}),
        ({"host": "https://registry.example.com"}, {"host"}),
        ({"username": "", "password": f" {TYPED}"}, {"username", "password"}),
        ({"username": "", "password": "x" * 70_000}, {"username", "password"}),
        ({"username": "$USER"}, {"username"}),
        ({"username": "$USER", "password": f" {TYPED}"}, {"username", "password"}),
        ({"host": "https://harbor.example.com", "username": "robotci"}, {"host", "username", "password"}),
    ],
)
def test_a_wrong_host_or_account_hides_nothing_that_an_edit_needs(
    client: Client, portal: InMemoryCluster, changed: dict[str, str], named: set[str]
) -> None:
    portal.load([destination("one")])
    fields = form(client, "/destinations/one/edit")
    answer = client.post("/destinations/one/edit", {**fields, **changed})
    assert wrong(answer.content.decode()) == named
    assert answer.status_code == 422
    assert TYPED not in answer.content.decode()


def test_an_odd_user_name_that_is_stored_asks_nothing_of_another_change(
    client: Client, portal: InMemoryCluster
) -> None:
    portal.load([destination("one", user="$USER")])
    fields = form(client, "/destinations/one/edit", description="words")
    assert client.post("/destinations/one/edit", fields).status_code == 303


@pytest.mark.parametrize("path", ["/destinations/new", "/destinations/one/rotate"])
def test_an_odd_user_name_is_asked_about_without_a_password_too(
    client: Client, portal: InMemoryCluster, path: str
) -> None:
    portal.load([destination("one")])
    fields = {"name": "two", "host": "registry.example.com", "organization": "team"} if path.endswith("new") else {}
    answer = client.post(path, {**form(client, path), **fields, "username": "$USER", "password": ""})
    assert wrong(answer.content.decode()) == {"username", "password"}


def test_a_script_is_told_of_an_odd_user_name_without_a_password(client: Client, portal: InMemoryCluster) -> None:
    body = {"name": "one", "host": "registry.example.com", "organization": "team", "username": "$USER"}
    answer = client.post("/api/destinations", json.dumps(body), content_type="application/json")
    assert set(answer.json()["fields"]) == {"username", "password"}
    assert portal.list_secrets() == []


def test_a_repair_that_only_asks_for_the_organization_says_where_it_is_missing(
    client: Client, portal: InMemoryCluster
) -> None:
    made = destination("one")
    del made["metadata"]["annotations"][names.ORGANIZATION_ANNOTATION]
    portal.load([made])
    before = portal.get_secret("one")
    fields = form(client, "/destinations/one/repair")
    answer = client.post("/destinations/one/repair", fields)
    assert answer.status_code == 422
    assert wrong(answer.content.decode()) == {"organization"}
    assert portal.get_secret("one") == before
    shown = client.post("/destinations/one/repair", {**fields, "show": "difference"})
    assert shown.status_code == 200
    assert client.post("/destinations/one/repair", {**fields, "organization": "team"}).status_code == 303


@pytest.mark.parametrize(("password", "asks"), [(None, False), ("", False), (f" {TYPED}", True)])
def test_a_script_is_told_of_spaces_only_where_there_are_any(
    client: Client, portal: InMemoryCluster, password: str | None, *, asks: bool
) -> None:
    portal.load([destination("one")])
    for path in ("/api/destinations/one/rotate", "/api/destinations"):
        body = json.dumps({"username": "robot", "password": password})
        answer = client.post(path, body, content_type="application/json")
        assert answer.status_code == 400
        assert "password" in answer.json()["fields"]
        assert ("password_blanks" in answer.json()["fix"]) is asks
