"""Passwords never travel in clear: without TLS in front nobody signs in, and the page says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from edrportal.configuration.environment import Environment
from edrportal.signin import passwords
from tests.signin import world

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster

pytestmark = pytest.mark.people


def test_without_tls_nobody_signs_in_and_everybody_reads_why(
    people: InMemoryCluster, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stated = {"EDRPORTAL_PUBLIC_URL": "http://portal.example.com", "EDRPORTAL_OIDC_CLIENT_ID": "portal"}
    settings.ENVIRONMENT = Environment.read(stated)
    monkeypatch.setattr(passwords, "matches", pytest.fail)
    client = Client()
    typed = {"username": "administrator", "password": world.PASSWORD, "next": "/"}
    for answer in (client.get("/signin"), client.post("/signin", typed)):
        assert answer.status_code == 403
        assert "there is no TLS" in answer.content.decode()
        assert 'name="password"' not in answer.content.decode()
    assert client.get("/oidc/start").status_code == 404
    answer = client.get("/api/me", HTTP_AUTHORIZATION=world.basic("administrator"))
    assert answer.status_code == 403
    assert "there is no TLS" in answer.json()["error"]
    settings.ENVIRONMENT = Environment.read({**stated, "EDRPORTAL_ALLOW_PLAIN_HTTP": "true"})
    assert 'name="password"' in client.get("/signin").content.decode()
    assert people is not None


HERE = {"REMOTE_ADDR": "127.0.0.1"}


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"])
def test_without_tls_a_forwarded_port_is_still_a_way_in(people: InMemoryCluster, settings: Any, host: str) -> None:
    settings.ENVIRONMENT = Environment.read({"EDRPORTAL_PUBLIC_URL": "http://portal.example.com"})
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "[::1]"]
    client = Client(headers={"Host": host, "Origin": f"http://{host}"})
    assert 'name="password"' in client.get("/signin", **HERE).content.decode()  # type: ignore[arg-type]
    typed = {"username": "administrator", "password": world.PASSWORD, "next": "/"}
    assert client.post("/signin", typed, **HERE).status_code == 302  # type: ignore[arg-type]
    me = client.get("/api/me", HTTP_AUTHORIZATION=world.basic("administrator"), **HERE)  # type: ignore[arg-type]
    assert me.status_code == 200
    assert people is not None


@pytest.mark.parametrize(
    "stated",
    [
        {"HTTP_HOST": "portal.example.com"},
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "2001:db8::7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_ORIGIN": "http://portal.example.com"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_FORWARDED_PROTO": "http"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
)
def test_who_only_looks_like_a_forwarded_port_is_refused(
    people: InMemoryCluster, settings: Any, stated: dict[str, str]
) -> None:
    settings.ENVIRONMENT = Environment.read({"EDRPORTAL_PUBLIC_URL": "http://portal.example.com"})
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "portal.example.com"]
    typed = {"username": "administrator", "password": world.PASSWORD, "next": "/"}
    answer = Client().post("/signin", typed, **{"HTTP_HOST": "localhost:8080", **HERE, **stated})  # type: ignore[arg-type]
    assert answer.status_code == 403
    assert people is not None


def test_the_refusal_names_the_values_of_the_chart(people: InMemoryCluster, settings: Any) -> None:
    settings.ENVIRONMENT = Environment.read({"EDRPORTAL_PUBLIC_URL": "http://portal.example.com"})
    told = Client().get("/signin").content.decode()
    for name in (
        "EDRPORTAL_PUBLIC_URL",
        "ingress.tls.enabled=true",
        "ingress.tls.external=true",
        "kubectl port-forward",
    ):
        assert name in told
    assert people is not None
