"""Rights come before parsing: nothing that somebody sends is looked at for what they may not change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django import forms
from django.conf import settings
from django.test import Client

from destinations import permissions
from destinations.input import imports, validation
from destinations.livecheck.plan import App
from destinations.permissions import TABLE, Right
from destinations.secret import plainyaml
from destinations.verdict import certificates
from destinations.web.api import body as apibody
from destinations.web.changes import fragments
from destinations.web.forms.teams import ChosenField
from tests.signin import world
from tests.signin.test_permissions import CHANGES, KINDS, SEES, addresses, named

if TYPE_CHECKING:
    from collections.abc import Callable

    from destinations.cluster.memory import InMemoryCluster

pytestmark = pytest.mark.people
PARSERS: list[tuple[Any, str]] = [
    (forms.BaseForm, "full_clean"), (apibody, "read"), (fragments, "typed"), (fragments, "certificates_of"),
    (certificates, "read_new_bundle"), (certificates, "holds_private_key"), (imports, "read"), (plainyaml, "load_all"),
    (validation, "check_target"), (validation, "check_host"), (ChosenField, "to_python"), (App, "parse"),
]  # fmt: skip
"""Whatever looks at what was sent, beyond taking the request apart into fields."""
TAKING = {name for name, methods in TABLE.items() if "POST" in methods and methods["POST"] is not Right.NONE}
WITHOUT_A_BODY = {"sweep", "sealing-certificate", "leak-report", "leak-response"}
"""The last two read nothing where the signature of their state is wrong, as it is here."""
BY_NAME = {"switch": {"full_clean", "to_python"}, "checks": set[str]()}
"""Their fields name the destinations; what has to be read of a manager's form to know whether those are theirs."""
BUNDLE = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"
FIELDS = {
    "name": "typed", "host": "registry.example.com", "organization": "team", "username": "robot", "password": "typed-pass",
    "bundle_text": BUNDLE, "bundle_choice": "replace", "import_text": "auths: {}", "nonce": "n" * 24, "uid": "1",
    "resource_version": "1", "confirmation": "typed", "to": "on", "chosen": "b-one 1 1", "team": "team-b",
    "namespace": "workspace", "application": "shop",
}  # fmt: skip


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was looked at, by the names of the functions that did."""
    found: list[str] = []

    def recording(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            found.append(name)
            return real(*args, **options)

        return call

    for holder, name in PARSERS:
        made: Any = recording(name, getattr(holder, name))
        monkeypatch.setattr(holder, name, staticmethod(made) if holder is App else made)
    return found


def bodies(name: str, chosen: str) -> list[dict[str, Any]]:
    """Return what to send: a form or JSON, and the ways in which a form can be sent."""
    if name.startswith("api"):
        return [{"data": json.dumps({"app": "x/y", "password": "typed-pass"}), "content_type": "application/json"}]
    form = {**FIELDS, "chosen": f"{chosen} 1 1"}
    return [{"data": {**form, **more}} for more in ({}, {"show": "preview"}, {"check": "1"})]


def is_theirs(name: str, role: str, kind: str) -> bool:
    """Say whether somebody may do this, by the table's rights and the world's teams."""
    right = TABLE[name]["POST"]
    about_one = "{name}" in addresses()[name] or name in BY_NAME
    if role == "administrator":
        return kind != "missing" or not about_one
    if right is Right.ADMINISTER or role not in CHANGES:
        return False
    return kind in CHANGES[role] or not about_one


def status(name: str, role: str, kind: str) -> int:
    """Return what somebody is told of what is not theirs: 404 for what does not exist for them."""
    if role != "administrator" and TABLE[name]["POST"] is Right.ADMINISTER:
        return 403
    if "{name}" not in addresses()[name] and name != "checks" and role not in CHANGES:
        return 403
    return 403 if kind in SEES[role] else 404


@pytest.mark.parametrize("role", world.ROLES)
@pytest.mark.parametrize("name", sorted(TAKING))
def test_nothing_is_parsed_for_what_is_not_theirs(
    people: InMemoryCluster, parsed: list[str], name: str, role: str
) -> None:
    assert people.get_secret("a-one").name == "a-one"
    client, address = world.sign_in(role), addresses()[name]
    account: dict[str, Any] = {"HTTP_AUTHORIZATION": world.basic(role)} if name.startswith("api") else {}
    for kind in KINDS if "{name}" in address or name in BY_NAME else KINDS[:1]:
        for body in bodies(name, named(role, kind)):
            parsed.clear()
            answer = client.post(address.format(name=named(role, kind)), **body, **account)
            if name == "switch" and role == "administrator":
                assert answer.status_code in {303, 404, 409}  # each of the chosen is looked for on its own
            elif is_theirs(name, role, kind):
                assert parsed or name in WITHOUT_A_BODY, (name, role, kind)
            else:
                allowed = BY_NAME.get(name, set()) if role in CHANGES else set()
                assert set(parsed) <= allowed, (name, role, kind)
                assert answer.status_code == status(name, role, kind), (name, role, kind)


@pytest.mark.parametrize("name", sorted(TAKING))
def test_nothing_is_parsed_of_somebody_unknown_or_in_a_portal_that_is_read_only(
    people: InMemoryCluster, parsed: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert people.get_secret("a-one").name == "a-one"
    address = addresses()[name].format(name="a-one")
    for body in bodies(name, "a-one"):
        assert Client().post(address, **body).status_code == 401
    assert parsed == []
    if not permissions.writes(name, "POST"):
        return
    client = world.sign_in("administrator")
    account: dict[str, Any] = {"HTTP_AUTHORIZATION": world.basic("administrator")} if name.startswith("api") else {}
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, read_only=True))
    for body in bodies(name, "a-one"):
        assert client.post(address, **body, **account).status_code == 403
    assert parsed == []


def test_every_address_that_takes_a_form_is_walked() -> None:
    assert TAKING | {"signin", "signout", "demo-signin"} == {
        name for name, methods in TABLE.items() if "POST" in methods
    }
    assert set(addresses()) == set(TABLE)
