"""No key, no server: whatever server takes the application, and only a server (M5)."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from tests.services.portals import KEY, status
from tests.services.processes import free_port, running

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = {"DJANGO_SETTINGS_MODULE": "edrportal.settings", "EDRPORTAL_CLUSTER": "memory"}
WSGIREF = "from wsgiref.simple_server import make_server; from edrportal.wsgi import application"
WHY = "EDRPORTAL_SECRET_KEY (or EDRPORTAL_SECRET_KEY_FILE) needs at least 32 characters"


def command(server: str, port: int) -> list[str]:
    address = f"127.0.0.1:{port}"
    return {
        "gunicorn": [sys.executable, "-m", "gunicorn", "-b", address, "edrportal.wsgi"],
        "runserver": [sys.executable, "manage.py", "runserver", "--noreload", address],
        "wsgiref": [
            sys.executable,
            "-c",
            f"{WSGIREF}; make_server('127.0.0.1', {port}, application).serve_forever()",
        ],
        "serve": [sys.executable, "manage.py", "serve", "--bind", address],
    }[server]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EDRPORTAL_", "DJANGO_"))}
    return {**kept, **SETTINGS, **more}


@pytest.mark.parametrize("server", ["gunicorn", "runserver", "wsgiref", "serve"])
@pytest.mark.parametrize("key", ["", "k" * 31], ids=["none", "short"])
def test_no_server_starts_without_a_key(server: str, key: str) -> None:
    port = free_port()
    more = {"EDRPORTAL_SECRET_KEY": key} if key else {}
    ran = subprocess.run(
        command(server, port),
        env=environment(**more),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode != 0
    assert WHY in ran.stderr + ran.stdout
    assert status(f"http://127.0.0.1:{port}", "/healthz") == 0


@pytest.mark.parametrize("server", ["gunicorn", "runserver", "wsgiref"])
def test_with_a_key_any_server_will_do(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("EDRPORTAL_", "DJANGO_")):
            monkeypatch.delenv(name)
    for name, value in {**SETTINGS, "EDRPORTAL_SECRET_KEY": KEY}.items():
        monkeypatch.setenv(name, value)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running(command(server, port), log=tmp_path / "log", ready=lambda: status(url, "/healthz") == 200, seconds=30):
        assert status(url, "/signin") == 200


@pytest.mark.parametrize("what", [["verdict", "--help"], ["collectstatic", "--noinput", "--dry-run"], ["check"]])
def test_what_signs_nothing_needs_no_key(what: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "manage.py", *what],
        env=environment(),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
