"""Every test here signs in by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from destinations import current
from destinations.cluster.memory import InMemoryCluster
from edrportal.signin import attempts, middleware, views
from edrportal.signin.limits import Attempts
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def fresh_attempts(monkeypatch: pytest.MonkeyPatch) -> Attempts:
    """Let no test suffer from another one's failed sign-ins."""
    fresh = Attempts()
    for module in (attempts, middleware, views):
        monkeypatch.setattr(module, "ATTEMPTS", fresh)
    return fresh


@pytest.fixture
def people() -> Iterator[InMemoryCluster]:
    """The world in memory."""
    cluster = InMemoryCluster()
    cluster.namespaces = {"team-a": "uid-a", "team-b": "uid-b"}
    world.fill(cluster, world.secrets(), world.config_maps())
    with current.use(cluster):
        yield cluster
