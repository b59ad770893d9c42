"""Behind a TLS proxy: cookies, origins and hosts follow EDRPORTAL_PUBLIC_URL (T19, T26)."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.people


@pytest.mark.parametrize("public_url", ["https://portal.example.com", " HTTPS://Portal.Example.com:443/ "])
def test_cookies_origins_and_hosts_follow_the_public_url(public_url: str) -> None:
    stated = {
        "DJANGO_SETTINGS_MODULE": "edrportal.settings",
        "EDRPORTAL_SECRET_KEY": "k" * 40,
        "EDRPORTAL_CLUSTER": "memory",
        "EDRPORTAL_PUBLIC_URL": public_url,
        "EDRPORTAL_PROXY_HOPS": "1",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EDRPORTAL_")}
    asked = [sys.executable, "-m", "tests.signin.behind_tls"]
    run = subprocess.run(
        asked, env=kept | stated, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True, timeout=60
    )
    found = json.loads(run.stdout)
    assert found["hsts"] == "max-age=31536000"
    assert found["statuses"] == [403, 403, 403, 403, 302]
    assert (found["changed"], found["other"]) == (303, 400)
    assert set(found["cookies"]) == {"__Host-edrportal-csrf", "__Host-edrportal-session", "messages"}
    for name, cookie in found["cookies"].items():
        assert cookie == [True, True, "/", "", "Strict"], name
