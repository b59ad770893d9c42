"""What tests of several rooms share: a cluster in memory, and a real one."""

from __future__ import annotations

import os
from socketserver import TCPServer
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from destinations.cluster.memory import InMemoryCluster
from edrportal.signin.middleware import AuthenticationMiddleware
from edrportal.signin.roles import ADMIN
from edrportal.signin.users import Principal
from tests.services import composition
from tests.services.apiserver import ApiServer
from tests.services.apiserver import api_server as run_api_server
from tests.services.parts import Missing
from tests.services.scripted import Scripted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.cluster.kube.adapter import KubernetesCluster
    from destinations.cluster.port import Cluster

_PATIENT = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
settings.register_profile(
    "short", max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=_PATIENT
)
settings.register_profile("soak", max_examples=5_000, deadline=None, database=None, suppress_health_check=_PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))

TCPServer.request_queue_size = 128
"""The usual 5 of the servers that tests start drop a burst of connections, whose next try comes a second later, or three."""

pytest_plugins = ["tests.services.limits", "tests.services.printed", "tests.services.workers"]


@pytest.fixture(autouse=True)
def administrator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every request come from an administrator who has signed in, but in the tests of the sign-in itself."""
    if not request.node.get_closest_marker("people"):
        person = Principal("root", "epinio", (ADMIN,), ())
        monkeypatch.setattr(AuthenticationMiddleware, "find", lambda *_: person)


@pytest.fixture(autouse=True)
def registries() -> Iterator[Scripted]:
    """The registries that a live check asks: scripted ones, and no check of another test counts."""
    scripted = Scripted()
    with composition.use_registries(scripted):
        yield scripted
        composition.checks().finish(20)


@pytest.fixture
def memory_cluster() -> InMemoryCluster:
    """An empty cluster in memory."""
    return InMemoryCluster()


@pytest.fixture
def portal(memory_cluster: InMemoryCluster) -> Iterator[InMemoryCluster]:
    """The cluster that the pages use: an empty one in memory."""
    with composition.use(memory_cluster):
        yield memory_cluster


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A real API server for the whole run: `url`, `ca`, `token`, `kubeconfig`; see tests/services/apiserver.py."""
    try:
        with run_api_server(tmp_path_factory.mktemp("kubernetes")) as server:
            yield server
    except Missing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def kubernetes_cluster(api_server: ApiServer) -> KubernetesCluster:
    """The real cluster's adapter on a namespace that no other test has."""
    from destinations.cluster.kube.adapter import KubernetesCluster  # noqa: PLC0415 - the client is slow to import

    return KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=api_server.new_namespace())


@pytest.fixture(params=["memory", pytest.param("kubernetes", marks=pytest.mark.cluster)])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Each of the two adapters, empty."""
    found: Cluster = request.getfixturevalue(f"{request.param}_cluster")
    return found
