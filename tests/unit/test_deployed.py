"""The version of Epinio that its Deployment states: asked seldom, never in the way, and said why where it is unknown."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from destinations.cluster.lookups import VERSION_LIFE_SECONDS, Deployed
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Forbidden, NotFound, Unreachable
from destinations.model import EpinioVersion
from destinations.web import installation
from edrportal.configuration.environment import Environment
from tests.services import composition
from tests.services.stopwatch import Stopwatch


class Slow(InMemoryCluster):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.answered = threading.Event()

    def server_version(self) -> str:
        self.asked += 1
        assert self.may_answer.wait(5)
        try:
            return super().server_version()
        finally:
            self.answered.set()


def test_it_is_asked_once_a_minute_and_nobody_waits_for_the_second_answer() -> None:
    cluster, now = Slow(), [0.0]
    cluster.epinio_version = "v1.13.2"
    deployed = Deployed(cluster, clock=lambda: now[0])
    assert [deployed.last().label for _ in range(3)] == ["v1.13.2"] * 3
    assert cluster.asked == 1
    cluster.epinio_version = "v1.14.1"
    cluster.may_answer.clear()
    cluster.answered.clear()
    now[0] += VERSION_LIFE_SECONDS + 1
    assert deployed.last().label == "v1.13.2"
    cluster.may_answer.set()
    assert cluster.answered.wait(5)
    for thread in threading.enumerate():
        if thread.name == "epinio-version":
            thread.join(5)
    assert deployed.last().label == "v1.14.1"
    assert cluster.asked == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NotFound, "no Deployment"),
        (Forbidden, "the portal has no permission to read"),
        (Unreachable, "could not be read"),
    ],
)
def test_what_keeps_it_unknown_is_said(error: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> str:
        raise error("Why")

    cluster = InMemoryCluster()
    monkeypatch.setattr(InMemoryCluster, "server_version", refuse)
    with composition.use(cluster):
        assert composition.portal().version() is None
        assert words in installation.rules("", Deployed(cluster).last())


def test_a_stated_version_goes_before_the_deployments(settings: Any) -> None:
    cluster = InMemoryCluster()
    cluster.epinio_version = "v1.13.2"
    with composition.use(cluster):
        assert composition.portal().version() == EpinioVersion(1, 13, 2)
        settings.ENVIRONMENT = Environment.read({"EDRPORTAL_EPINIO_VERSION": "1.12.0"})
        assert composition.portal().version() == EpinioVersion(1, 12, 0)


def test_a_silent_cluster_holds_nobody_up() -> None:
    cluster = Slow()
    cluster.epinio_version = "v1.13.2"
    cluster.may_answer.clear()
    deployed, began = Deployed(cluster), Stopwatch()
    assert "has not been read yet" in deployed.last().why
    assert began.seconds < 2
    cluster.may_answer.set()
    assert cluster.answered.wait(5)
    for thread in threading.enumerate():
        if thread.name == "epinio-version":
            thread.join(5)
    assert deployed.last().label == "v1.13.2"
