"""What `serve` says before it serves: a line of the log for a machine, a readable one for a person in a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from tests.services.portals import KEY
from tests.services.processes import free_port

GOOD = {"EDRPORTAL_SECRET_KEY": KEY, "EDRPORTAL_CLUSTER": "memory"}


def said(stated: dict[str, str], bind: str, *, terminal: bool = False) -> list[str]:
    """Return what a process says until it has said where it is, or why it does not start."""
    command = ["env", "-i", f"PATH={os.environ['PATH']}", *(f"{name}={value}" for name, value in stated.items())]
    near, far = pty.openpty() if terminal else os.pipe()
    with subprocess.Popen(
        [*command, sys.executable, "manage.py", "serve", "--bind", bind], stdout=far, stderr=far
    ) as one:
        os.close(far)
        found = b""
        while b"\n" not in found:
            found += os.read(near, 65536)
        one.terminate()
    os.close(near)
    return found.decode().splitlines()


@pytest.mark.parametrize(
    ("stated", "host", "message"),
    [
        ({}, "127.0.0.1", "The portal is at http://127.0.0.1:{port}/"),
        (
            {"EDRPORTAL_PUBLIC_URL": "https://portal.example.com"},
            "0.0.0.0",
            "The portal is at https://portal.example.com/ and listens on 0.0.0.0:{port}",
        ),
        (
            {"EDRPORTAL_ALLOW_PLAIN_HTTP": "true"},
            "0.0.0.0",
            "The portal is served over plain HTTP on port {port} of every address",
        ),
    ],
)
def test_the_first_line_says_something_true(stated: dict[str, str], host: str, message: str) -> None:
    port = free_port()
    for terminal in (False, True):
        line = said({**GOOD, **stated}, f"{host}:{port}", terminal=terminal)[0]
        if not terminal:
            told = json.loads(line)
            assert (told["level"], told["logger"]) == ("INFO", "edrportal")
            assert told["time"].endswith("Z")
            line = told["message"]
        assert line == message.format(port=port)


def test_a_wrong_setting_is_a_line_of_the_log_too() -> None:
    wrong = {**GOOD, "EDRPORTAL_SECRET_KEY": "short"}
    lines = [json.loads(line) for line in said(wrong, f"127.0.0.1:{free_port()}")]
    assert [(one["level"], one["message"].partition(": ")[0]) for one in lines] == [("ERROR", "CommandError")]
    assert "EDRPORTAL_SECRET_KEY" in lines[0]["message"]
    assert "CommandError: EDRPORTAL_SECRET_KEY" in said(wrong, f"127.0.0.1:{free_port()}", terminal=True)[0]
