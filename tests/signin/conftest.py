"""Every test here signs in by itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from destinations.cluster.memory import InMemoryCluster
from edrportal.signin import accounts
from edrportal.signin.attempts import Attempts
from edrportal.signin.oidc import flow
from tests.services import composition
from tests.services.oidc_provider import OidcProvider, oidc_provider
from tests.services.parts import Missing
from tests.signin import world
from tests.signin.liar import Liar, lying

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def fresh_attempts(monkeypatch: pytest.MonkeyPatch) -> Attempts:
    """Let no test suffer from another one's failed sign-ins."""
    fresh = Attempts()
    monkeypatch.setattr(accounts, "ATTEMPTS", fresh)
    return fresh


@pytest.fixture
def people() -> Iterator[InMemoryCluster]:
    """The world in memory."""
    cluster = InMemoryCluster()
    cluster.namespaces = {"team-a": "uid-a", "team-b": "uid-b"}
    world.fill(cluster, world.secrets(), world.config_maps())
    with composition.use(cluster):
        yield cluster


@pytest.fixture
def liar() -> Iterator[Liar]:
    """A provider that says what a test wants it to, and of which nothing is known yet."""
    flow.forget()
    with lying() as made:
        yield made


@pytest.fixture(scope="module")
def dex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    """A certified provider in Dex's clothes."""
    try:
        with oidc_provider(tmp_path_factory.mktemp("oidc")) as provider:
            yield provider
    except Missing as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
