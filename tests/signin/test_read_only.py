"""A portal that changes nothing (EDRPORTAL_READ_ONLY): every way to write is refused, and every page says why."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.test import Client

from destinations.permissions import READ_ONLY, TABLE, Right
from edrportal.configuration.environment import Environment
from tests.signin import world
from tests.signin.test_permissions import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.cluster.memory import InMemoryCluster

pytestmark = pytest.mark.people
FORMS = {"new", "rotate", "edit", "repair", "delete", "assign"}


@pytest.fixture
def frozen(people: InMemoryCluster, settings: Any) -> Iterator[InMemoryCluster]:
    """A read-only portal; afterwards nothing may have changed but who signed out."""
    settings.ENVIRONMENT = Environment.read({"EDRPORTAL_READ_ONLY": "true"})
    before = {one.name: one.resource_version for one in people.list_secrets()}
    yield people
    assert {one.name: one.resource_version for one in people.list_secrets()} == before


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("role", ["administrator", "manager"])
def test_every_post_that_would_write_is_refused_with_words(role: str) -> None:
    client, basic = world.sign_in(role), {"HTTP_AUTHORIZATION": world.basic(role)}
    refused = set()
    for name, address in addresses().items():
        if TABLE[name].get("POST") in {None, Right.NONE} or name in {
            "preview",
            "certificates",
            "sealing-certificate",
            "external-secret",
            *LOOKS,
        }:
            continue
        account: dict[str, Any] = basic if name.startswith("api") else {}
        answer = client.post(address.format(name="a-one"), **account)
        assert answer.status_code == 403, name
        if role == "administrator":
            told = answer.json()["error"] if name.startswith("api") else answer.content.decode()
            assert READ_ONLY in told
        refused.add(name)
    assert refused == {
        *FORMS,
        "switch",
        "sweep",
        "teams",
        "check",
        "checks",
        "api",
        "api-rotate",
        "api-check",
        "leak-response",
    }


LOOKS = {"leak", "leak-report"}
"""Addresses that take a POST and write nothing."""


@pytest.mark.usefixtures("frozen")
def test_no_form_is_shown_that_nobody_could_send() -> None:
    client = world.sign_in("administrator")
    for name in FORMS:
        assert client.get(addresses()[name].format(name="a-one")).status_code == 403
    page = client.get("/destinations/a-one").content.decode()
    assert page.count("disabled aria-describedby") >= 4
    assert READ_ONLY in page
    assert "/destinations/a-one/rotate" not in page
    assert world.ACCOUNT in json.dumps(page) or world.CHANGER in page  # they may look as before


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("path", ["/", "/team/", "/teams", "/destinations/shared"])
def test_every_page_says_so_and_offers_nothing_to_click(path: str) -> None:
    page = world.sign_in("administrator").get(path).content.decode()
    assert READ_ONLY in page
    for form in re.findall("<form.*?</form>", page, re.DOTALL):
        if 'method="post"' in form and "/signout" not in form and 'action="/leak"' not in form:
            assert form.count('type="submit"') == form.count("disabled")
    assert not [word for word in ("/rotate", "/edit", "/delete", "/repair", "/assign", "/new") if f'{word}"' in page]


@pytest.mark.usefixtures("frozen")
def test_signing_in_and_out_works_all_the_same() -> None:
    client = world.sign_in("manager")
    assert client.get("/team/").status_code == 200
    assert client.post("/signout").status_code == 303
    assert client.get("/team/").status_code == 302


@pytest.mark.usefixtures("frozen")
def test_the_command_refuses_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"new")))
    with pytest.raises(SystemExit) as end:
        call_command("rotate", "a-one")
    assert end.value.code == 1
    assert READ_ONLY in capsys.readouterr().err


@pytest.mark.usefixtures("people")
def test_without_the_setting_no_page_speaks_of_it() -> None:
    assert READ_ONLY not in world.sign_in("administrator").get("/").content.decode()
    assert Client().get("/healthz").status_code == 200
