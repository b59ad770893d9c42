"""Every odd input of the fields through the form: words and nothing stored, or stored byte for byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from tests.malformed import fields
from tests.malformed.asking import PASSWORD, add, rotation, text_of, typed, words_of
from tests.malformed.fields import ACCEPTED, Odd

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

EVERY = [
    pytest.param(field, odd, id=f"{field}-{fields.label(odd)}") for field, odds in fields.TYPED.items() for odd in odds
]


@pytest.fixture
def taken(portal: InMemoryCluster) -> InMemoryCluster:
    portal.load([{"metadata": {"name": "admin-user"}, "data": {"password": "eA=="}}])
    return portal


def entry_of(cluster: InMemoryCluster, host: str = "registry.example.com") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cluster.get_secret("one").data[names.CONFIG_KEY])["auths"][host]
    return found


def stored_value(cluster: InMemoryCluster, field: str) -> str:
    secret = cluster.get_secret("one")
    if field == "organization":
        return secret.annotations[names.ORGANIZATION_ANNOTATION]
    (host,) = json.loads(secret.data[names.CONFIG_KEY])["auths"]
    return str(host) if field == "host" else str(entry_of(cluster)[field])


@pytest.mark.parametrize(("field", "odd"), EVERY)
def test_a_new_destination(client: Client, taken: InMemoryCluster, field: str, odd: Odd) -> None:
    before = taken.list_secrets()
    answer = add(client, **{field: odd.value})
    if odd.form == ACCEPTED:
        assert answer.status_code == 303
        assert stored_value(taken, field) == odd.value
        return
    page = text_of(answer)
    assert answer.status_code in {409, 422}
    assert odd.form in page
    assert PASSWORD not in page
    assert field != "password" or len(odd.value) < 8 or odd.value not in page
    assert taken.list_secrets() == before


@pytest.mark.parametrize(("field", "odd"), [one for one in EVERY if one.values[0] in {"username", "password"}])
def test_a_rotation(client: Client, portal: InMemoryCluster, field: str, odd: Odd) -> None:
    if odd.number in {80, 82}:  # half a character is sent by hand above; no password keeps the stored one, see below
        return
    add(client)
    before = portal.get_secret("one")
    answer = client.post("/destinations/one/rotate", rotation(portal, **{field: odd.value}))
    if odd.form == ACCEPTED:
        assert answer.status_code == 303
        assert entry_of(portal)[field] == odd.value
        return
    assert answer.status_code == 422
    assert odd.form in text_of(answer)
    assert PASSWORD not in text_of(answer)
    assert portal.get_secret("one") == before


def test_72_an_organization_that_is_not_sent_is_asked_for(client: Client, portal: InMemoryCluster) -> None:
    form = typed()
    del form["organization"]
    answer = client.post("/destinations/new", form)
    assert answer.status_code == 422
    assert "required" in text_of(answer)
    assert portal.list_secrets() == []


def test_83_a_blank_password_rotates_nothing(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    answer = client.post("/destinations/one/rotate", rotation(portal, password="", bundle_choice="remove"))
    assert answer.status_code == 422
    assert "Type the new password" in text_of(answer)
    assert client.post("/destinations/one/rotate", rotation(portal, password="", username="other")).status_code == 422
    assert entry_of(portal)["username"] == "robot"
    assert entry_of(portal)["password"] == PASSWORD


def test_84_blanks_alone_are_never_turned_into_the_stored_password(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    before = portal.get_secret("one")
    answer = client.post("/destinations/one/rotate", rotation(portal, password="   ", password_blanks="remove"))
    assert answer.status_code == 422
    assert "nothing would remain" in text_of(answer)
    assert portal.get_secret("one") == before
    kept = rotation(portal, password="   ", password_blanks="keep")
    assert client.post("/destinations/one/rotate", kept).status_code == 303
    assert entry_of(portal)["password"] == "   "


@pytest.mark.parametrize(("choice", "kept"), [("keep", " secret\n"), ("remove", "secret")])
def test_85_the_answer_about_blanks_is_followed(
    client: Client, portal: InMemoryCluster, choice: str, kept: str
) -> None:
    add(client)
    form = rotation(portal, password=" secret\n", password_blanks=choice)
    assert client.post("/destinations/one/rotate", form).status_code == 303
    assert entry_of(portal)["password"] == kept


def test_no_field_lets_a_browser_cut_what_is_pasted(client: Client, portal: InMemoryCluster) -> None:
    assert portal.list_secrets() == []
    for path in ("/destinations/new", "/destinations/one/rotate"):
        if path.endswith("rotate"):
            add(client)
        page = client.get(path).content.decode()
        assert 'type="password"' in page
        visible = page.replace('type="hidden"', "")
        assert "maxlength" not in visible.split('name="uid"')[0]


def test_the_preview_cuts_nothing_and_refuses_what_the_form_refuses(client: Client, portal: InMemoryCluster) -> None:
    for odd in fields.HOSTS:
        page = words_of(client.post("/preview", {"host": odd.value, "organization": "team"}))
        shown = f"{odd.value}/team/workspace-shop-chart" in page
        assert shown is (odd.form == ACCEPTED), odd
    long = text_of(client.post("/preview", {"host": "h.example.com", "organization": "a" * 300}))
    assert "at most 255" in long
    assert portal.list_secrets() == []
