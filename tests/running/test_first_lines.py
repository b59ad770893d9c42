"""What `serve` says before it serves: a line of the log for a machine, a readable one for a person in a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.leaks import canary
from tests.services.portals import KEY
from tests.services.processes import free_port

GOOD = {"EDRPORTAL_SECRET_KEY": KEY, "EDRPORTAL_CLUSTER": "memory"}


def said(stated: dict[str, str], bind: str, *, terminal: bool = False, lines: int = 1) -> list[str]:
    """Return the first lines that a process says: where it is, or why it does not start."""
    command = ["env", "-i", f"PATH={os.environ['PATH']}", *(f"{name}={value}" for name, value in stated.items())]
    near, far = pty.openpty() if terminal else os.pipe()
    with subprocess.Popen(
        [*command, sys.executable, "manage.py", "serve", "--bind", bind], stdout=far, stderr=far
    ) as one:
        os.close(far)
        found = b""
        while found.count(b"\n") < lines:
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


CONFIG = """
kind: Config
current-context: {context}
contexts: [{{name: kind-dev, context: {{cluster: k, user: u}}}}, {{name: lost, context: {{cluster: gone, user: u}}}}]
clusters: [{{name: k, cluster: {{server: "https://somebody:{password}@127.0.0.1:1/path?q={password}"}}}}]
users: [{{name: u, user: {{token: {password}}}}}]
"""


def ended(stated: dict[str, str], home: Path) -> subprocess.CompletedProcess[str]:
    """Return how a process ended that has no cluster to serve."""
    command = ["env", "-i", f"PATH={os.environ['PATH']}", f"HOME={home}", f"EDRPORTAL_SECRET_KEY={KEY}"]
    command += [*(f"{name}={value}" for name, value in stated.items()), sys.executable, "manage.py", "serve"]
    return subprocess.run(
        [*command, "--bind", f"127.0.0.1:{free_port()}"], capture_output=True, text=True, timeout=120, check=False
    )


def test_the_second_line_names_context_api_server_and_namespace_and_no_secret(tmp_path: Path) -> None:
    password = canary("kubeconfig", special=False)
    (tmp_path / "config").write_text(CONFIG.format(context="kind-dev", password=password))
    stated = {"EDRPORTAL_SECRET_KEY": KEY, "EDRPORTAL_NAMESPACE": "exports", "KUBECONFIG": str(tmp_path / "config")}
    port = free_port()
    lines = said(stated, f"127.0.0.1:{port}", terminal=True, lines=2)
    assert lines[:2] == [
        f"The portal is at http://127.0.0.1:{port}/",
        "It manages the namespace exports of the cluster at https://127.0.0.1:1 (context kind-dev of your kubeconfig)",
    ]
    assert password not in "".join(lines)


@pytest.mark.parametrize(
    ("config", "stated", "message"),
    [
        ("", {}, "No cluster is configured"),
        ("kind: Config", {}, "kubectl config use-context"),
        ("a: [", {}, "No cluster is configured"),
        (CONFIG.format(context="lost", password="x"), {}, "No cluster is configured"),
        (CONFIG.format(context="''", password="x"), {}, "No cluster is configured"),
        (
            CONFIG.format(context="kind-dev", password="x"),
            {"EDRPORTAL_KUBE_CONTEXT": "prod"},
            "EDRPORTAL_KUBE_CONTEXT is prod",
        ),
    ],
)
def test_without_a_cluster_it_exits_with_2_and_says_what_to_do(
    tmp_path: Path, config: str, stated: dict[str, str], message: str
) -> None:
    (tmp_path / ".kube").mkdir()
    if config:
        (tmp_path / ".kube" / "config").write_text(config)
    ran = ended(stated, tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    (line,) = [json.loads(one) for one in ran.stderr.splitlines()]
    assert line["level"] == "ERROR"
    assert message in line["message"]


def test_a_pod_needs_no_kubeconfig(tmp_path: Path) -> None:
    """Its service account may not be mounted yet: the pages say so, and the process stays."""
    stated = {
        "EDRPORTAL_SECRET_KEY": KEY,
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": "1",
        "HOME": str(tmp_path),
    }
    port = free_port()
    assert said(stated, f"127.0.0.1:{port}", terminal=True) == [f"The portal is at http://127.0.0.1:{port}/"]
