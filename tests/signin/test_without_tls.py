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
