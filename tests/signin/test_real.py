"""Everything once on a real API server: sign in as each role, enable a team, add and rotate, be refused."""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from destinations import names
from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.reflector import Reflector
from destinations.secret.trim import trim_config_map
from edrportal.signin import sessions
from tests.services import composition
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.people, pytest.mark.cluster]
NEW = {"host": "registry.example.com", "organization": "org", "username": "robot", "password": "pw"}


@pytest.fixture
def uids(api_server: ApiServer) -> Iterator[dict[str, str]]:
    """Three namespaces of teams; real ones, whose names no other test has."""
    found = {}
    for team in ("team-a", "team-b"):
        made = api_server.request("POST", "/api/v1/namespaces", {"metadata": {"name": team}})
        found[team] = made["metadata"]["uid"]
    yield {**found, "gone": ""}
    for team in found:
        remove(api_server, team)


def remove(server: ApiServer, namespace: str) -> None:
    """Delete a namespace as its controller would, which does not run here."""
    server.request("DELETE", f"/api/v1/namespaces/{namespace}")
    found = server.request("GET", f"/api/v1/namespaces/{namespace}")
    server.request("PUT", f"/api/v1/namespaces/{namespace}/finalize", {**found, "spec": {"finalizers": []}})
    for _ in range(100):
        if namespace not in {one["metadata"]["name"] for one in server.request("GET", "/api/v1/namespaces")["items"]}:
            return
        time.sleep(0.05)


@contextmanager
def replica(server: ApiServer, namespace: str) -> Iterator[KubernetesCluster]:
    """A portal of its own: another client, other watches."""
    cluster = KubernetesCluster.from_kubeconfig(str(server.kubeconfig), namespace=namespace)
    watches = Reflector(cluster), Reflector(cluster.config_maps, shrink=trim_config_map)
    with composition.use(cluster, *watches):
        for watch in watches:
            watch.secrets()
        time.sleep(0.3)
        yield cluster
    for watch in watches:
        watch.close()


@pytest.fixture
def portal(api_server: ApiServer, uids: dict[str, str]) -> Iterator[KubernetesCluster]:
    namespace = api_server.new_namespace()
    filling = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace)
    world.fill(filling, world.secrets(uids), world.config_maps(uids))
    with replica(api_server, namespace) as cluster:
        yield cluster


def typed(client: Client, path: str, **form: Any) -> Any:
    return client.post(path, {**NEW, "nonce": f"n{time.monotonic_ns()}".ljust(24, "x"), **form})


def test_each_role_signs_in_and_does_what_is_theirs(portal: KubernetesCluster, uids: dict[str, str]) -> None:
    clients = {role: world.sign_in(role) for role in world.ROLES}
    shown = {role: {row["name"] for row in client.get("/api/destinations").json()} for role, client in clients.items()}
    assert shown == {
        "administrator": {"a-one", "b-one", "shared", "orphaned"},
        "viewer": {"a-one", "b-one", "shared", "orphaned"},
        "manager": {"a-one", "shared"},
        "exporter": {"b-one", "shared"},
        "nobody": set(),
    }
    manager, exporter, administrator = clients["manager"], clients["exporter"], clients["administrator"]
    assert typed(manager, "/destinations/new", name="fresh", team="team-a").status_code == 303
    stored = portal.get_secret("team-a-fresh")
    assert (stored.labels[names.TEAM_LABEL], stored.annotations[names.TEAM_UID_ANNOTATION]) == (
        "team-a",
        uids["team-a"],
    )
    seen = {"uid": stored.uid, "resource_version": stored.resource_version, "bundle_choice": "keep"}
    assert typed(manager, "/destinations/team-a-fresh/rotate", password="next", **seen).status_code == 303
    assert portal.get_secret("team-a-fresh").annotations[names.CHANGED_BY_ANNOTATION] == "manager"
    other = portal.get_secret("b-one")
    seen = {"uid": other.uid, "resource_version": other.resource_version, "bundle_choice": "keep"}
    assert typed(manager, "/destinations/b-one/rotate", **seen).status_code == 404
    assert typed(exporter, "/destinations/b-one/rotate", **seen).status_code == 403
    assert portal.get_secret("b-one").resource_version == other.resource_version
    assert administrator.post("/teams", {"team": "team-b", "to": "on"}).status_code == 303
    assert typed(exporter, "/destinations/b-one/rotate", **seen).status_code == 303
    assert administrator.post("/teams", {"team": "team-b", "to": "off"}).status_code == 303
    assert exporter.get("/destinations/b-one/rotate").status_code == 403


def test_an_administrator_gives_a_destination_and_takes_it_back(portal: KubernetesCluster) -> None:
    administrator, manager = world.sign_in("administrator"), world.sign_in("manager")
    for team, code in (("team-a", 200), ("", 403)):
        shared = portal.get_secret("shared")
        seen = {"uid": shared.uid, "resource_version": shared.resource_version}
        assert typed(administrator, "/destinations/shared/assign", team=team, **seen).status_code == 303
        assert manager.get("/destinations/shared/rotate").status_code == code
    shared = portal.get_secret("shared")
    seen = {"uid": shared.uid, "resource_version": shared.resource_version}
    assert typed(administrator, "/destinations/shared/assign", team="no-such-namespace", **seen).status_code == 422


def test_a_namespace_that_was_made_anew_is_another_team(
    portal: KubernetesCluster, api_server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("destinations.cluster.lookups.LIFE_SECONDS", 0.0)
    manager = world.sign_in("manager")
    assert manager.get("/destinations/a-one/rotate").status_code == 200
    remove(api_server, "team-a")
    assert manager.get("/destinations/a-one").status_code == 404
    api_server.request("POST", "/api/v1/namespaces", {"metadata": {"name": "team-a"}})
    assert manager.get("/destinations/a-one").status_code == 404
    assert manager.get("/destinations/new").status_code == 403
    assert world.sign_in("administrator").get("/destinations/a-one/rotate").status_code == 200
    assert "was recreated after self-service was enabled" in manager.get("/team/").content.decode()
    assert portal.get_secret("a-one").name == "a-one"


def test_every_replica_forgets_who_is_gone(portal: KubernetesCluster, api_server: ApiServer) -> None:
    signed, deleted, changed = world.sign_in("manager"), world.sign_in("viewer"), world.sign_in("exporter")
    with replica(api_server, portal.namespace):  # from here on, another process answers
        assert [one.get("/team/").status_code for one in (signed, deleted, changed)] == [200, 200, 200]
        stolen = sessions.decode(signed.cookies["edrportal-session"].value, _now())
        assert stolen
        sessions.end(portal.config_maps, stolen, _now())  # signed out at the first
        stored = portal.get_secret("user-viewer")
        portal.delete_secret(stored.name, uid=stored.uid, resource_version=stored.resource_version)
        manifest = dict(portal.get_secret("user-exporter").manifest)
        annotated = {**manifest["metadata"], "annotations": {names.ROLES_ANNOTATION: "view_only"}}
        portal.replace_secret({**manifest, "metadata": annotated})
        began = time.monotonic()
        waiting = [signed, deleted, changed]
        while waiting and time.monotonic() - began < 5:
            waiting = [one for one in waiting if one.get("/team/").status_code == 200]
        assert not waiting
        assert time.monotonic() - began < 5


def _now() -> Any:
    from datetime import UTC, datetime  # noqa: PLC0415 - one use

    return datetime.now(UTC)


def test_many_sign_outs_at_once_are_all_kept(portal: KubernetesCluster) -> None:
    found = [sessions.Session(f"somebody-{number}", "epinio", 1, 1, "") for number in range(12)]
    barrier = threading.Barrier(len(found))

    def end(session: sessions.Session) -> None:
        barrier.wait()
        sessions.end(portal.config_maps, session, _now())

    with ThreadPoolExecutor(len(found)) as threads:
        list(threads.map(end, found))
    stored = portal.config_maps.list_with_version(lambda one: one).secrets
    assert all(sessions.ended_at(stored, session.subject) for session in found)


@pytest.mark.parametrize("role", ["administrator", "manager", "viewer"])
def test_what_the_portal_may_not_do_is_told_to_administrators_alone(
    api_server: ApiServer, uids: dict[str, str], role: str
) -> None:
    """F15: the portal's own rights are gone, or were never given."""
    namespace = api_server.new_namespace()
    filling = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace)
    world.fill(filling, world.secrets(uids), world.config_maps(uids))
    base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rules = [{"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "list", "watch"]}]
    api_server.request("POST", f"{base}/roles", {"metadata": {"name": "reader"}, "rules": rules})
    subject = {"kind": "User", "name": "outsider", "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "Role", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
    binding = {"metadata": {"name": "reader"}, "subjects": [subject], "roleRef": reference}
    api_server.request("POST", f"{base}/rolebindings", binding)
    weak = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace, context="outsider")
    with composition.use(weak):
        client = signed_in_when_allowed(role)
        stored = filling.get_secret("a-one")
        seen = {"uid": stored.uid, "resource_version": stored.resource_version, "bundle_choice": "keep"}
        answer = typed(client, "/destinations/a-one/rotate", **seen)
        page = answer.content.decode()
        out = client.post("/signout")
    if role == "viewer":
        assert answer.status_code == 403
    else:
        assert answer.status_code == 502
        assert ("The portal has no permission to update Secrets" in page) is (role == "administrator")
        assert ("Ask a portal administrator" in page) is (role == "manager")
    assert out.status_code == 502
    assert "You are not signed out yet" in out.content.decode()
    assert filling.get_secret("a-one").resource_version == stored.resource_version


def signed_in_when_allowed(role: str) -> Client:
    """Sign in; a new role acts after a moment only."""
    for _ in range(100):
        client = Client()
        answer = client.post("/signin", {"username": role, "password": world.PASSWORD})
        if answer.status_code == 302:
            return client
        time.sleep(0.1)
    raise AssertionError(answer.status_code)


def test_where_namespaces_cannot_be_read_an_administrator_confirms(api_server: ApiServer, uids: dict[str, str]) -> None:
    namespace = api_server.new_namespace()
    filling = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace)
    world.fill(filling, world.secrets(uids), world.config_maps(uids))
    base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    verbs = ["get", "list", "watch", "create", "update", "delete"]
    rules = [{"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": verbs}]
    api_server.request("POST", f"{base}/roles", {"metadata": {"name": "portal"}, "rules": rules})
    subject = {"kind": "User", "name": "outsider", "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "Role", "name": "portal", "apiGroup": "rbac.authorization.k8s.io"}
    api_server.request(
        "POST", f"{base}/rolebindings", {"metadata": {"name": "portal"}, "subjects": [subject], "roleRef": reference}
    )
    weak = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace, context="outsider")
    with composition.use(weak):
        client = signed_in_when_allowed("administrator")
        answer = client.post("/teams", {"team": "team-b", "to": "on"})
        assert answer.status_code == 422
        assert "The portal has no permission to read namespaces" in answer.content.decode()
        assert client.post("/teams", {"team": "team-b", "to": "on", "confirmed": "on"}).status_code == 303
        assert world.sign_in("exporter").get("/destinations/b-one/rotate").status_code == 200


def test_an_event_is_left_on_the_secret_where_that_is_wanted(
    portal: KubernetesCluster, api_server: ApiServer, settings: Any
) -> None:
    from edrportal.configuration.environment import Environment  # noqa: PLC0415 - one use

    settings.ENVIRONMENT = Environment.read({"EDRPORTAL_KUBERNETES_EVENTS": "true"})
    assert typed(world.sign_in("manager"), "/destinations/new", name="noted", team="team-a").status_code == 303
    (event,) = api_server.request("GET", f"/api/v1/namespaces/{portal.namespace}/events")["items"]
    assert event["involvedObject"]["uid"] == portal.get_secret("team-a-noted").uid
    assert (event["reason"], event["message"]) == ("Add", "Added by epinio:manager")


def test_kubernetes_is_told_of_the_portal_and_people_of_the_person(
    portal: KubernetesCluster, api_server: ApiServer
) -> None:
    began = api_server.audit_log.stat().st_size
    client = world.sign_in("manager")
    assert typed(client, "/destinations/new", name="noted", team="team-a").status_code == 303
    path = f"/api/v1/namespaces/{portal.namespace}/secrets/team-a-noted"
    assert {one["manager"] for one in api_server.request("GET", path)["metadata"]["managedFields"]} == {"edrportal"}
    page = client.get("/destinations/team-a-noted").content.decode()
    (told,) = re.findall(r"<dt>Last change</dt><dd>.* by (.*?)</dd>", page)
    assert told == "manager", "the person, not the field manager"
    with api_server.audit_log.open(encoding="utf-8") as log:
        log.seek(began)
        found = [json.loads(line) for line in log if line.endswith("\n")]
    ours = [one for one in found if (one.get("objectRef") or {}).get("namespace") == portal.namespace]
    agents = {one["userAgent"] for one in ours if not one["userAgent"].startswith("python-urllib3")}
    assert agents == {"edrportal"}
