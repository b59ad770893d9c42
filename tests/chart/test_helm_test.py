"""`helm test`: it asks again until a pod answers, says what is wrong, and leaves its log to be read."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.services import charts
from tests.services.processes import free_port
from tests.services.web import Handler, web_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD = {"/healthz": (200, "ok\n"), "/readyz": (200, '{"ready": true, "server": "ok"}'), "/signin": (200, "<h1>Sign in")}


@dataclass
class Portal:
    """A portal that answers as stated, and remembers by which paths and names it was asked."""

    answers: dict[str, tuple[int, str]] = field(default_factory=lambda: dict(GOOD))
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def listening(self, port: int = 0) -> Iterator[None]:
        """Answer on loopback while the block runs."""
        portal = self

        class Answers(Handler):
            def do_GET(self) -> None:  # noqa: N802 - the name is the base class's
                portal.asked.append((self.path, self.headers["Host"]))
                status, text = portal.answers[self.path]
                self.answer(status, text.encode())

        with web_server(Answers, port=port) as served:
            self.url = f"http://127.0.0.1:{served}"
            yield


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal()
    with made.listening():
        yield made


def pod(home: Path, values: dict[str, Any] | None = None) -> dict[str, Any]:
    return charts.one(charts.render(home, values or {}), "Pod")


def run(
    home: Path, portal: str, *, seconds: float = 30, values: dict[str, Any] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command of the pod with its environment; only where the portal is, and how long it waits, are told."""
    (container,) = pod(home, values)["spec"]["containers"]
    environment = {one["name"]: one["value"] for one in container["env"]}
    environment |= {"PORTAL": portal, "SECONDS_TO_WAIT": str(seconds), "PATH": os.environ["PATH"]}
    command = [sys.executable, *container["command"][1:]]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_pod_stays_for_its_log_and_the_next_test_replaces_it(helm_home: Path) -> None:
    annotations = pod(helm_home)["metadata"]["annotations"]
    assert annotations["helm.sh/hook-delete-policy"] == "before-hook-creation"
    assert annotations["helm.sh/hook-output-log-policy"] == "hook-failed"
    (container,) = pod(helm_home)["spec"]["containers"]
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert {"name": "SECONDS_TO_WAIT", "value": "30"} in container["env"]
    assert pod(helm_home)["spec"]["activeDeadlineSeconds"] > 30


def test_it_asks_by_the_name_of_the_portal_and_once_where_all_is_well(helm_home: Path, portal: Portal) -> None:
    ran = run(helm_home, portal.url, values={"host": "portal.example.com:8443"})
    assert (ran.returncode, ran.stdout) == (0, "/healthz ok\n/readyz ok\n/signin ok\n"), ran.stderr
    assert portal.asked == [(path, "portal.example.com") for path in GOOD]


def test_it_asks_again_until_somebody_listens(helm_home: Path) -> None:
    """As it is where a NetworkPolicy learns of the pod's address after the pod's start."""
    port, begun, ended = free_port(), time.monotonic(), threading.Event()

    def listen() -> None:
        time.sleep(3)
        with Portal().listening(port):
            ended.wait(30)

    late = threading.Thread(target=listen)
    late.start()
    try:
        ran = run(helm_home, f"http://127.0.0.1:{port}")
    finally:
        ended.set()
        late.join()
    assert ran.returncode == 0, ran.stderr
    assert time.monotonic() - begun > 3


def test_it_asks_again_while_a_pod_is_not_ready(helm_home: Path, portal: Portal) -> None:
    portal.answers["/readyz"] = (503, '{"ready": false}')
    threading.Timer(3, lambda: portal.answers.update(GOOD)).start()
    ran = run(helm_home, portal.url)
    assert (ran.returncode, ran.stdout) == (0, "/healthz ok\n/readyz ok\n/signin ok\n"), ran.stderr


@pytest.mark.parametrize(
    ("path", "answer", "told", "final"),
    [
        ("/readyz", (503, '{"ready": false, "server": "not ready"}'), ["/readyz: 503", "not ready", "kubectl get pods"], False),
        ("/healthz", (400, "unknown host"), ["/healthz: 400 unknown host"], True),
        ("/signin", (403, "no"), ["/signin: 403", "ingress.tls.enabled=true", "ingress.tls.external=true"], True),
        ("/signin", (200, "Welcome to nginx"), ["not the portal's", "labels that the Service selects"], False),
        ("/signin", (429, "slow down"), ["/signin: 429"], False),
    ],
)  # fmt: skip
def test_a_failure_says_what_came_and_what_to_look_at(
    helm_home: Path,
    portal: Portal,
    path: str,
    answer: tuple[int, str],
    told: list[str],
    *,
    final: bool,
) -> None:
    portal.answers[path] = answer
    ran = run(helm_home, portal.url, seconds=2)
    assert ran.returncode == 1
    for word in told:
        assert word in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ([one for one, _ in portal.asked].count(path) == 1) is final


@pytest.mark.parametrize(
    ("portal", "told"),
    [
        ("http://edrportal.invalid", "cluster's DNS"),
        ("http://127.0.0.1:{port}", "NetworkPolicy"),
    ],
)
def test_without_an_answer_it_says_which_way_is_closed(helm_home: Path, portal: str, told: str) -> None:
    ran = run(helm_home, portal.format(port=free_port()), seconds=1)
    assert (ran.returncode, told in ran.stderr, "Traceback" in ran.stderr) == (1, True, False), ran.stderr
