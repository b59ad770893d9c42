"""Odd user names and passwords on the way in: asked about, confirmed, or refused; and repaired after a question."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from tests.web.test_pages import add, rotation, stored

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

ODD = [
    ("password", "${REGISTRY_PASSWORD}", "placeholder"),
    ("password", "{{ password }}", "placeholder"),
    ("password", '"s3cret-canary"', "quotation marks"),
    ("password", "s3\tcret", "a tab"),
    ("password", "s3cret\u200bcanary", "invisible character"),
    ("password", "undefined", "instead of the real one"),
    ("username", "$REGISTRY_USER", "placeholder"),
]


@pytest.mark.parametrize(("field", "value", "words"), ODD)
def test_what_looks_odd_is_asked_about_and_can_be_confirmed(
    client: Client, portal: InMemoryCluster, field: str, value: str, words: str
) -> None:
    answer = add(client, **{field: value})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert 'name="credentials_confirmed"' in page
    assert field == "username" or value not in page
    assert add(client, **{field: value}, credentials_confirmed="on").status_code == 303
    assert stored(portal)[field] == value


@pytest.mark.parametrize("mask", ["++++++++", "********", "•••••", "<redacted>", "[MASKED]"])
@pytest.mark.parametrize("field", ["username", "password"])
def test_a_mask_is_refused_whatever_is_confirmed(
    client: Client, portal: InMemoryCluster, field: str, mask: str
) -> None:
    answer = add(client, **{field: mask}, credentials_confirmed="on")
    assert answer.status_code == 422
    assert "what a page shows instead of" in answer.content.decode()
    assert portal.list_secrets() == []


def test_a_sound_account_is_not_asked_about(client: Client, portal: InMemoryCluster) -> None:
    page = add(client, name="Upper").content.decode()
    assert "credentials_confirmed" not in page
    assert portal.list_secrets() == []


def test_the_name_of_a_robot_is_asked_about_on_a_registry_known_for_it(client: Client, portal: InMemoryCluster) -> None:
    eaten = add(client, host="harbor.example.com", username="robot+ci")
    assert "robot$PROJECT+NAME" in eaten.content.decode()
    doubled = add(client, host="harbor.example.com", username="robot$$team+ci").content.decode()
    assert "Did you mean robot$team+ci?" in doubled
    assert portal.list_secrets() == []
    assert add(client, host="harbor.example.com", username="robot$team+ci").status_code == 303
    refused = client.post("/destinations/one/rotate", rotation(portal, username="robot+ci"))
    assert refused.status_code == 422
    assert "robot$PROJECT+NAME" in refused.content.decode()
    taken = client.post("/destinations/one/rotate", rotation(portal, username="robot+ci", credentials_confirmed="on"))
    assert taken.status_code == 303


def test_a_token_that_says_that_it_has_expired_is_asked_about(client: Client, portal: InMemoryCluster) -> None:
    token = b64encode(json.dumps({"payload": "x" * 40, "expiration": 1_700_000_000}).encode()).decode()
    page = add(client, password=token).content.decode()
    assert "expired on 2023-11-14" in page
    assert token not in page
    assert portal.list_secrets() == []


def test_the_json_interface_asks_and_takes_the_answer(client: Client, portal: InMemoryCluster) -> None:
    def send(path: str, **fields: Any) -> Any:
        return client.post(f"/api/destinations{path}", json.dumps(fields), content_type="application/json")

    new = {"name": "one", "host": "registry.example.com", "organization": "team", "username": "robot"}
    asked = send("", **new, password="${PASSWORD}")
    assert asked.status_code == 400
    assert set(asked.json()["fields"]) == {"password"}
    assert "credentials_confirmed: yes" in asked.json()["fix"]
    assert send("", **new, password="${PASSWORD}", credentials_confirmed="yes").status_code == 201
    assert send("/one/rotate", password="'quoted'").status_code == 400
    assert send("/one/rotate", password="++++++++", credentials_confirmed="yes").status_code == 400
    assert send("/one/rotate", password="'quoted'", credentials_confirmed="yes").status_code == 200
    assert stored(portal)["password"] == "'quoted'"


def test_a_line_break_is_taken_away_only_where_a_person_says_so(client: Client, portal: InMemoryCluster) -> None:
    assert add(client, password="s3cret\n", password_blanks="keep").status_code == 303
    assert "ends with a line break" in client.get("/destinations/one").content.decode()
    page = client.get("/destinations/one/repair").content.decode()
    box = page[page.index('name="fix-credentials-line-break"') - 60 :].partition(">")[0]
    assert "checked" not in box
    secret = portal.get_secret("one")
    seen = {"nonce": "r" * 24, "uid": secret.uid, "resource_version": secret.resource_version}
    client.post("/destinations/one/repair", {**seen, "fix-credentials-line-break": "on"})
    assert stored(portal)["password"] == "s3cret"
    assert stored(portal)["auth"] == b64encode(b"robot:s3cret").decode()
    assert names.CONFIG_KEY in portal.get_secret("one").data
