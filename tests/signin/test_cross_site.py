"""A page of another site cannot have a browser call the JSON interface, whatever password the browser remembers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, override_settings

from edrportal.configuration.environment import Environment
from tests.signin import world
from tests.signin.test_permissions import addresses

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster
    from edrportal.signin.attempts import Attempts

pytestmark = pytest.mark.people
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
API = {name: path.format(name="a-one") for name, path in addresses().items() if path.startswith("/api/")}
ELSEWHERE = [
    {"HTTP_SEC_FETCH_SITE": "cross-site"},
    {"HTTP_SEC_FETCH_SITE": "same-site"},
    {"HTTP_SEC_FETCH_SITE": " Cross-Site "},
    {"HTTP_SEC_FETCH_SITE": "cross-site, none"},
    {"HTTP_SEC_FETCH_SITE": ""},
    {"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_ORIGIN": "http://testserver"},
    {"HTTP_ORIGIN": "https://evil.example"},
    {"HTTP_ORIGIN": "null"},
    {"HTTP_ORIGIN": ""},
    {"HTTP_ORIGIN": "https://testserver"},
    {"HTTP_ORIGIN": "http://testserver.evil.example"},
    {"HTTP_ORIGIN": "http://testserver:8000"},
    {"HTTP_ORIGIN": "http://["},
    {"HTTP_ORIGIN": "http://testserver:99999"},
]
OURS = [
    {},
    {"HTTP_SEC_FETCH_SITE": "same-origin"},
    {"HTTP_SEC_FETCH_SITE": "none"},
    {"HTTP_ORIGIN": "http://testserver"},
    {"HTTP_ORIGIN": "http://testserver:80"},
    {"HTTP_ORIGIN": "https://portal.example.com"},
]
BODIES = [(b"", "application/x-www-form-urlencoded"), (b"{}", "application/json"), (b"app=a/b", "text/plain")]
PUBLIC = {"EDRPORTAL_PUBLIC_URL": "https://portal.example.com:443", "EDRPORTAL_REGISTRY_LOOPBACK": "true"}


def state(people: InMemoryCluster) -> list[tuple[str, str]]:
    kept = [*people.list_secrets(), *people.config_maps.list_with_version(lambda one: one).secrets]
    return [(one.name, one.resource_version) for one in kept]


def test_the_table_has_addresses_of_the_json_interface() -> None:
    assert {"api", "api-rotate", "api-check", "api-me"} <= set(API)


@pytest.mark.parametrize("headers", ELSEWHERE)
@pytest.mark.parametrize("name", sorted(API))
def test_no_unsafe_call_comes_through_from_another_site(
    people: InMemoryCluster, name: str, headers: dict[str, Any]
) -> None:
    before = state(people)
    for method in UNSAFE:
        for body, kind in BODIES:
            client = Client()
            answer = client.generic(
                method, API[name], body, kind, HTTP_AUTHORIZATION=world.basic("administrator"), **headers
            )
            assert answer.status_code == 403, (method, kind)
            assert set(answer.json()) == {"error", "fix"}
            assert "another site" in answer.json()["error"]
    assert state(people) == before


@pytest.mark.parametrize("headers", OURS)
def test_scripts_and_the_portals_own_pages_call_it(people: InMemoryCluster, headers: dict[str, Any]) -> None:
    with override_settings(ENVIRONMENT=Environment.read(PUBLIC)):
        answer = Client().post(
            "/api/destinations/a-one/rotate",
            json.dumps({"password": "next"}),
            content_type="application/json",
            HTTP_AUTHORIZATION=world.basic("administrator"),
            **headers,
        )
    assert answer.status_code == 200, answer.json()
    assert people.get_secret("a-one").name == "a-one"


def test_the_origin_is_compared_with_what_a_trusted_proxy_says(people: InMemoryCluster) -> None:
    stated = {"EDRPORTAL_PROXY_HOPS": "1"}
    with override_settings(ENVIRONMENT=Environment.read(stated)):
        for proto, expected in (("https", 400), ("http", 403)):
            answer = Client().post(
                "/api/destinations",
                b"{}",
                content_type="application/json",
                HTTP_AUTHORIZATION=world.basic("administrator"),
                HTTP_X_FORWARDED_PROTO=proto,
                HTTP_ORIGIN="https://testserver",
            )
            assert answer.status_code == expected, proto
    assert people.get_secret("shared").name == "shared"


def test_another_site_closes_no_account_by_wrong_passwords(people: InMemoryCluster, fresh_attempts: Attempts) -> None:
    for _ in range(10):
        answer = Client().post(
            "/api/destinations/a-one/check",
            HTTP_AUTHORIZATION=world.basic("manager", "wrong"),
            HTTP_SEC_FETCH_SITE="cross-site",
        )
        assert answer.status_code == 403
    assert fresh_attempts.charge("manager", "127.0.0.1") is None
    assert people.get_secret("shared").name == "shared"


def test_a_link_from_another_site_still_reads(people: InMemoryCluster) -> None:
    answer = Client().get(
        "/api/me", HTTP_AUTHORIZATION=world.basic("manager"), HTTP_SEC_FETCH_SITE="cross-site", HTTP_ORIGIN="null"
    )
    assert answer.status_code == 200
    assert people.get_secret("shared").name == "shared"
