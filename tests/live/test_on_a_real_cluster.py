"""A real API server: what kubectl does there shows in an open page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from destinations import names
from tests.live.page import Page, event, listed
from tests.services import composition
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.cluster.kube.adapter import KubernetesCluster
    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.people, pytest.mark.cluster]
PLAIN = {"team-a": "", "team-b": ""}


@pytest.fixture
def watched(kubernetes_cluster: KubernetesCluster) -> Iterator[KubernetesCluster]:
    """The world on the API server, without uids of namespaces that are not there."""
    world.fill(kubernetes_cluster, world.secrets(PLAIN), world.config_maps(PLAIN))
    watches = composition.watches_over(kubernetes_cluster)
    with composition.use(kubernetes_cluster, *watches):
        listed(watches)
        yield kubernetes_cluster
        composition.end_streams()
    for one in watches:
        one.close()


def test_what_kubectl_does_is_told_and_the_row_is_of_the_new_state(
    watched: KubernetesCluster, api_server: ApiServer
) -> None:
    page = Page("viewer")
    secrets = f"/api/v1/namespaces/{watched.namespace}/secrets"
    shared = api_server.request("GET", f"{secrets}/shared")
    shared["metadata"]["labels"][names.REGISTRY_LABEL] = "false"
    api_server.request("PUT", f"{secrets}/shared", shared)
    assert page.told() == event("changed", "shared")
    assert "Disabled" in page.client.get("/destinations/shared/row").content.decode()
    api_server.request("DELETE", f"{secrets}/shared")
    assert page.told() == event("gone", "shared")
    user = api_server.request("GET", f"{secrets}/user-viewer")
    api_server.request("DELETE", f"{secrets}/{user['metadata']['name']}")
    assert page.told() == "event: end\ndata: signed out\n\n"
