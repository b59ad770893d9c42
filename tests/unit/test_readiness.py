"""Readiness tells what is missing, part by part; liveness never asks the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Forbidden, Unreachable
from edrportal.configuration.environment import NO_KEY
from edrportal.serving.drain import STOPPING
from tests.metrics.scraping import answer
from tests.metrics.test_gauges import watched
from tests.services import composition

if TYPE_CHECKING:
    from django.test import Client


GOOD = {"ready": True, "cluster": "ok", "watch": "ok", "key": "ok", "server": "ok", "pages": "ok"}


class Refusing(InMemoryCluster):
    """Answers every question with one error."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def ready(self) -> None:
        raise self.error

    def list_secrets(self) -> Any:
        raise self.error


def test_all_is_well(client: Client) -> None:
    with watched(InMemoryCluster()):
        found = client.get("/readyz")
        assert (found.status_code, found.json()) == (200, GOOD)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (Unreachable("NoUsableAnswer", status=503), "503 NoUsableAnswer"),
        (Unreachable("NoUsableAnswer"), "NoUsableAnswer"),
        (Forbidden("Forbidden", status=401), "401 Forbidden"),
    ],
)
def test_a_cluster_that_does_not_answer_is_named_and_the_process_lives(
    client: Client, error: Exception, word: str
) -> None:
    with composition.use(Refusing(error)):
        found = client.get("/readyz")
        assert found.status_code == 503
        assert found.json() == {**GOOD, "ready": False, "cluster": word, "watch": "none"}
        assert client.get("/healthz").status_code == 200
        assert answer("/readyz")[0].startswith("503")
        assert answer("/healthz")[0] == "200 OK"


def test_a_missing_key_is_named(client: Client, settings: Any) -> None:
    with watched(InMemoryCluster()):
        settings.SECRET_KEY = NO_KEY
        found = client.get("/readyz")
    assert (found.status_code, found.json()) == (503, {**GOOD, "ready": False, "key": "missing"})


def test_a_watch_that_is_behind_is_named_and_pages_still_work(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched(InMemoryCluster()):
        monkeypatch.setattr("destinations.cluster.reflector.Reflector.age", lambda _: 42.4)
        found = client.get("/readyz")
    assert (found.status_code, found.json()) == (200, {**GOOD, "watch": "42 s old"})


def test_a_process_that_is_ending_is_not_ready() -> None:
    with watched(InMemoryCluster()):
        STOPPING.set()
        try:
            assert answer("/readyz")[0].startswith("503")
        finally:
            STOPPING.clear()
