"""What both adapters promise: the one in memory, and the real one on a real API server."""

from __future__ import annotations

import dataclasses
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.cluster.kube import adapter
from destinations.cluster.port import AlreadyExists, Conflict, Forbidden, Invalid, NotFound, Unreachable, WatchEvent
from tests.services.stopwatch import Stopwatch

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster
    from destinations.cluster.port import Cluster
    from tests.services.apiserver import ApiServer


def manifest(name: str = "one", **members: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", **members}


def replaced(cluster: Cluster, name: str, **data: str) -> dict[str, Any]:
    old = dict(cluster.get_secret(name).manifest)
    return {**old, "data": {key: b64encode(value.encode()).decode() for key, value in data.items()}}


def test_what_is_created_can_be_read_and_listed_by_name(cluster: Cluster) -> None:
    for name in ("b", "a", "c"):
        cluster.create_secret(manifest(name, stringData={"key": name}))
    assert [secret.name for secret in cluster.list_secrets()] == ["a", "b", "c"]
    found = cluster.get_secret("b")
    assert found.data == {"key": b"b"}
    assert found.uid
    assert found.resource_version
    assert found.created_at.endswith("Z")
    assert found.namespace == cluster.namespace


def test_helm_releases_are_left_out(cluster: Cluster) -> None:
    cluster.create_secret({**manifest("release"), "type": "helm.sh/release.v1"})
    assert cluster.list_secrets() == []
    assert list(cluster.list_unread()) == []


def test_what_is_listed_unread_is_what_is_listed_read(cluster: Cluster) -> None:
    large = b64encode(b"x" * 70_000).decode()
    for name in ("c", "a", "b"):
        cluster.create_secret(manifest(name, data={"key": large}))
    labels = {names.REGISTRY_LABEL: "true"}
    cluster.create_secret({**manifest("d", data={"key": large}), "metadata": {"name": "d", "labels": labels}})
    unread, read = cluster.list_unread(), cluster.list_secrets()
    assert [one.read() for one in unread] == read
    assert [one.read().manifest for one in unread] == [one.manifest for one in read]
    assert [(one.name, one.uid, one.resource_version) for one in unread] == [
        (one.name, one.uid, one.resource_version) for one in read
    ]
    assert large not in repr(unread)


def test_a_name_is_taken_once(cluster: Cluster) -> None:
    cluster.create_secret(manifest())
    with pytest.raises(AlreadyExists):
        cluster.create_secret(manifest())


def test_a_replacement_counts_the_version_up_and_a_second_from_the_same_page_conflicts(cluster: Cluster) -> None:
    cluster.create_secret(manifest())
    stale = replaced(cluster, "one", key="second")
    written = cluster.replace_secret(replaced(cluster, "one", key="first"))
    assert cluster.get_secret("one").resource_version == written.resource_version
    with pytest.raises(Conflict):
        cluster.replace_secret(stale)
    assert cluster.get_secret("one").data == {"key": b"first"}


def test_a_recreated_secret_is_another_one(cluster: Cluster) -> None:
    old = cluster.create_secret(manifest())
    stale = replaced(cluster, "one", key="x")
    cluster.delete_secret("one", uid=old.uid, resource_version=old.resource_version)
    cluster.create_secret(manifest())
    with pytest.raises(Conflict):
        cluster.replace_secret(stale)
    with pytest.raises(Conflict):
        cluster.delete_secret("one", uid=old.uid, resource_version=old.resource_version)
    assert cluster.get_secret("one").uid != old.uid


def test_only_the_seen_version_is_deleted(cluster: Cluster) -> None:
    old = cluster.create_secret(manifest())
    new = cluster.replace_secret(replaced(cluster, "one", key="x"))
    with pytest.raises(Conflict):
        cluster.delete_secret("one", uid=old.uid, resource_version=old.resource_version)
    cluster.delete_secret("one", uid=new.uid, resource_version=new.resource_version)
    with pytest.raises(NotFound):
        cluster.get_secret("one")


@pytest.mark.parametrize("name", ["missing", "..", "a/b", "%2e", "UPPER"])
def test_what_is_not_there_is_not_found(cluster: Cluster, name: str) -> None:
    with pytest.raises(NotFound):
        cluster.get_secret(name)


@pytest.mark.parametrize(
    "refused",
    [
        manifest("Upper_Case"),
        manifest(data={"key": "no base64!"}),
        manifest(data={"bad key": ""}),
        manifest(stringData={"key": "x" * (1024 * 1024 + 1)}),
        {**manifest(), "metadata": {"name": "one", "labels": {"a": "not a label value!"}}},
    ],
)
def test_what_kubernetes_does_not_store_is_invalid(cluster: Cluster, refused: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        cluster.create_secret(refused)
    assert cluster.list_secrets() == []


def test_an_immutable_secret_stays_as_it_is(cluster: Cluster) -> None:
    cluster.create_secret(manifest(immutable=True, stringData={"key": "old"}))
    assert cluster.get_secret("one").immutable
    with pytest.raises(Invalid):
        cluster.replace_secret(replaced(cluster, "one", key="new"))


def test_a_replacement_without_a_version_is_never_sent(cluster: Cluster) -> None:
    cluster.create_secret(manifest())
    with pytest.raises(Invalid):
        cluster.replace_secret(manifest())


def watching(cluster: Cluster, version: str, seconds: int = 1) -> list[tuple[str, bytes | None, bool]]:
    seen = cluster.watch(version, seconds=seconds)
    return [(one.secret.name, one.secret.data.get("key"), one.gone) for one in seen if one.secret]


def test_a_watch_tells_what_happened_since_the_list(cluster: Cluster) -> None:
    cluster.create_secret(manifest("before"))
    listing = cluster.list_with_version(lambda secret: secret)
    assert [secret.name for secret in listing.secrets] == ["before"]
    old = cluster.create_secret(manifest("one"))
    new = cluster.replace_secret(replaced(cluster, "one", key="x"))
    cluster.create_secret({**manifest("release"), "type": "helm.sh/release.v1"})
    cluster.delete_secret("one", uid=new.uid, resource_version=new.resource_version)
    assert watching(cluster, listing.resource_version) == [
        ("one", None, False),
        ("one", b"x", False),
        ("one", b"x", True),
    ]
    assert watching(cluster, old.resource_version) == [("one", b"x", False), ("one", b"x", True)]


def test_a_list_with_its_version_is_cut_down_on_arrival(cluster: Cluster) -> None:
    cluster.create_secret(manifest("one", stringData={"key": "x"}))
    (secret,) = cluster.list_with_version(lambda found: dataclasses.replace(found, data={})).secrets
    assert (secret.name, secret.data) == ("one", {})


def test_a_watch_shows_at_once_that_it_lives_and_ends_in_time(cluster: Cluster) -> None:
    version = cluster.list_with_version(lambda secret: secret).resource_version
    started = Stopwatch()
    seen = cluster.watch(version, seconds=2)
    assert next(seen) == WatchEvent(version)
    assert started.seconds < 1
    assert all(one.secret is None for one in seen)
    assert started.clock > 1
    assert started.seconds < 4


def test_a_watch_hears_of_a_change_while_it_listens(cluster: Cluster) -> None:
    seen = cluster.watch(cluster.list_with_version(lambda secret: secret).resource_version, seconds=5)
    next(seen)
    written = cluster.create_secret(manifest("one"))
    heard = next(one for one in seen if one.secret)
    assert heard.secret
    assert (heard.secret.uid, heard.resource_version) == (written.uid, written.resource_version)
    seen.close()  # type: ignore[attr-defined]


def test_every_successful_write_is_told_and_no_other(cluster: Cluster) -> None:
    told: list[tuple[str, str]] = []
    cluster.on_write(lambda uid, version: told.append((uid, version)))
    made = cluster.create_secret(manifest())
    with pytest.raises(AlreadyExists):
        cluster.create_secret(manifest())
    new = cluster.replace_secret(replaced(cluster, "one", key="x"))
    with pytest.raises(Conflict):
        cluster.delete_secret("one", uid=made.uid, resource_version=made.resource_version)
    cluster.delete_secret("one", uid=new.uid, resource_version=new.resource_version)
    assert told == [(made.uid, made.resource_version), (made.uid, new.resource_version), (made.uid, "")]


def test_a_deletion_that_waits_for_a_finalizer_is_told_with_its_version(cluster: Cluster) -> None:
    made = cluster.create_secret({**manifest(), "metadata": {"name": "one", "finalizers": ["example.com/wait"]}})
    told: list[tuple[str, str]] = []
    cluster.on_write(lambda uid, version: told.append((uid, version)))
    cluster.delete_secret("one", uid=made.uid, resource_version=made.resource_version)
    assert told == [(made.uid, cluster.get_secret("one").resource_version)]


def test_a_watch_from_a_forgotten_version_says_so(memory_cluster: InMemoryCluster) -> None:
    for number in range(1001):
        memory_cluster.load([manifest(f"s{number}")])
    with pytest.raises(Unreachable) as forgotten:
        list(memory_cluster.watch("0", seconds=1))
    assert forgotten.value.status == 410


def test_a_ready_cluster_says_nothing(cluster: Cluster) -> None:
    cluster.ready()


@pytest.mark.cluster
def test_a_list_comes_in_pages(kubernetes_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_cluster, "_page", 2)
    for number in range(5):
        kubernetes_cluster.create_secret(manifest(f"s{number}"))
    assert len(kubernetes_cluster.list_secrets()) == 5


@pytest.mark.cluster
def test_who_has_no_rights_is_forbidden(api_server: ApiServer) -> None:
    outsider = adapter.KubernetesCluster.from_kubeconfig(
        str(api_server.kubeconfig), namespace=api_server.new_namespace(), context="outsider"
    )
    with pytest.raises(Forbidden):
        outsider.list_secrets()
    with pytest.raises(Forbidden):
        outsider.create_secret(manifest())
    with pytest.raises(Forbidden):
        list(outsider.watch("1", seconds=1))


def deploy(cluster: Cluster, request: pytest.FixtureRequest, version: str | None) -> None:
    """Put Epinio's Deployment there, with or without a version."""
    if not isinstance(cluster, adapter.KubernetesCluster):
        cluster.epinio_version = version or ""  # type: ignore[attr-defined] # the one in memory
        return
    server: ApiServer = request.getfixturevalue("api_server")
    labels = {"app": "epinio-server"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "server", "image": "epinio-server"}]}}
    metadata = {"name": names.SERVER, "labels": {names.VERSION_LABEL: version} if version else {}}
    body = {"metadata": metadata, "spec": {"selector": {"matchLabels": labels}, "template": pod}}
    server.request("POST", f"/apis/apps/v1/namespaces/{cluster.namespace}/deployments", body)


@pytest.mark.parametrize(("stated", "told"), [("v1.13.2", "v1.13.2"), (None, "")])
def test_the_version_is_the_one_that_epinios_deployment_states(
    cluster: Cluster, request: pytest.FixtureRequest, stated: str | None, told: str
) -> None:
    with pytest.raises(NotFound):
        cluster.server_version()
    deploy(cluster, request, stated)
    assert cluster.server_version() == told
