"""By which names the portal answers: platforms ask pods by address, people by the public address."""

from __future__ import annotations

import pytest
from django.test import Client

NAMES = ["10.42.0.17:8000", "[fd00::17]:8000", "ip-10-42-0-17.ec2.internal", "portal_1:8000", "x" * 300, "", "a b"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("name", NAMES)
def test_a_health_check_is_answered_by_whatever_name_it_asks(path: str, name: str) -> None:
    assert Client().get(path, HTTP_HOST=name).status_code == 200
    assert Client().head(path, HTTP_HOST=name).status_code == 200
    assert Client().post(path, HTTP_HOST=name).status_code in {403, 405}


@pytest.mark.parametrize(
    "path", ["/", "/signin", "/api/me", "/api/destinations", "/static/css/base.css", "/healthz/", "/none"]
)
@pytest.mark.parametrize("name", NAMES[:3])
def test_a_page_asked_for_by_another_name_says_which_setting_has_the_name(path: str, name: str) -> None:
    answer = Client().get(path, HTTP_HOST=name)
    assert answer.status_code == 400
    assert "EDRPORTAL_PUBLIC_URL" in answer.content.decode()
    assert name not in answer.content.decode()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"].startswith("application/json" if path.startswith("/api/") else "text/plain")
