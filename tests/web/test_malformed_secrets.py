"""Every odd Secret made by hand: each page answers, a rotation works or says why not, a deletion deletes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from tests.malformed import stored as stored_secrets
from tests.malformed.asking import PASSWORD, encoded, rotation, text_of
from tests.malformed.stored import MISSING, ROTATED, STORED, Stored
from tests.services import composition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from destinations.cluster.kube.adapter import KubernetesCluster
    from destinations.cluster.memory import InMemoryCluster
    from destinations.cluster.port import Cluster

every_secret = pytest.mark.parametrize("stored", STORED, ids=stored_secrets.label)
really_stored = pytest.mark.parametrize("stored", [one for one in STORED if one.real], ids=stored_secrets.label)
OLD = ("old-pass", encoded("robot:old-pass"))


@pytest.fixture
def real_portal(kubernetes_cluster: KubernetesCluster) -> Iterator[KubernetesCluster]:
    with composition.use(kubernetes_cluster):
        yield kubernetes_cluster


def rotate(client: Client, cluster: Cluster) -> Any:
    return client.post("/destinations/one/rotate", rotation(cluster))


def delete(client: Client, cluster: Cluster) -> Any:
    secret = cluster.get_secret("one")
    seen = {"uid": secret.uid, "resource_version": secret.resource_version}
    return client.post("/destinations/one/delete", {"confirmation": "one", **seen})


def walk(client: Client, cluster: Cluster, stored: Stored) -> None:
    """Look at every page, rotate, and delete: what is said is true, and what is refused changes nothing."""
    look(client, stored)
    before = cluster.get_secret("one")
    answer = rotate(client, cluster)
    after = cluster.get_secret("one")
    if stored.rotated == ROTATED:
        assert answer.status_code == 303
        check_rotated(before.data, after.data)
    else:
        assert answer.status_code == (404 if stored.rotated == MISSING else 409)
        assert stored.rotated == MISSING or stored.rotated in text_of(answer)
        assert PASSWORD not in text_of(answer)
        assert after == before
    look_after_deletion(client, cluster, stored)


def look(client: Client, stored: Stored) -> None:
    overview, rows = client.get("/"), client.get("/api/destinations")
    assert (overview.status_code, rows.status_code) == (200, 200)
    there = [client.get(f"/destinations/one{path}") for path in ("", "/rotate", "/delete")]
    assert {answer.status_code for answer in there} == {404 if stored.page == MISSING else 200}
    assert stored.page == MISSING or stored.page in text_of(there[0])
    for answer in (overview, rows, *there):
        assert not any(secret in text_of(answer) for secret in OLD)


def check_rotated(before: Any, after: Any) -> None:
    (written,) = json.loads(after[names.CONFIG_KEY].decode())["auths"].values()
    assert (written["username"], written["password"]) == ("robot", PASSWORD)
    assert written["auth"] == encoded(f"robot:{PASSWORD}")
    assert {key: value for key, value in after.items() if key != names.CONFIG_KEY} == {
        key: value for key, value in before.items() if key != names.CONFIG_KEY
    }


def look_after_deletion(client: Client, cluster: Cluster, stored: Stored) -> None:
    others = [secret for secret in cluster.list_secrets() if secret.name != "one"]
    answer = delete(client, cluster)
    left = {secret.name: secret for secret in cluster.list_secrets()}
    assert [left[other.name] for other in others] == others
    refused = stored.page == MISSING or (stored.rotated.endswith("manages") or "Secrets" in stored.rotated)
    assert answer.status_code == ((404 if stored.page == MISSING else 409) if refused else 303)
    assert ("one" in left) is (refused or stored.number == 120)
    assert client.get("/").status_code == 200


@every_secret
def test_in_memory(client: Client, portal: InMemoryCluster, stored: Stored) -> None:
    portal.load(stored.manifests)
    walk(client, portal, stored)


@pytest.mark.cluster
@really_stored
def test_on_a_real_api_server(client: Client, real_portal: KubernetesCluster, stored: Stored) -> None:
    for manifest in stored.manifests:
        real_portal.create_secret(manifest)
    walk(client, real_portal, stored)
    for left in real_portal.list_secrets():  # the namespace could not go with a finalizer in it
        cleared = dict(left.manifest)
        cleared["metadata"] = {**cleared["metadata"], "finalizers": []}
        real_portal.replace_secret(cleared)


def test_one_broken_secret_among_all_of_them_breaks_nothing(client: Client, portal: InMemoryCluster) -> None:
    for number, stored in enumerate(STORED):
        first, *others = stored.manifests
        portal.load([{**first, "metadata": {**first["metadata"], "name": f"d-{number}"}}, *others])
    page = "".join(text_of(client.get("/", {"page": number})) for number in (1, 2))
    shown = [number for number in range(len(STORED)) if f'/destinations/d-{number}"' in page]
    assert len(shown) == len(STORED) - sum(stored.page == MISSING for stored in STORED)
    assert len(client.get("/api/destinations").json()) == len(shown)
