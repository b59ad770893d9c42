"""Least privilege, measured (T13): the whole portal as the chart's ServiceAccount, and what the audit log says it used."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from destinations import names
from destinations.actions import bundles
from destinations.cluster import verbs
from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.reflector import Reflector
from destinations.cluster.services import ServiceAddress
from destinations.secret import codec
from destinations.secret.trim import trim_config_map
from edrportal.configuration.environment import Environment
from edrportal.demo import exports
from edrportal.demo.cluster import certificate
from tests.services import charts, composition
from tests.services.charts import Installed
from tests.services.exports import post
from tests.signin import world
from tests.web.test_daily_work import form

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.people, pytest.mark.cluster]
OPTIONAL = {"events": True, "namespaces": True, "epinioVersion": True, "exports": True}
CONTROLLER = ServiceAddress("kube-system", "sealed-secrets-controller")
PEM = certificate(datetime.now(UTC), days=300).decode()
NEW_PEM = certificate(datetime.now(UTC), days=200).decode()


@pytest.fixture(scope="module")
def release(api_server: ApiServer, helm_home: Path) -> Installed:
    """The chart with the optional rights that pages use, and Epinio's people and destinations beside it."""
    made = Installed.new(
        api_server, helm_home, {"optional": {**OPTIONAL, "sealedSecretsController": str(CONTROLLER)}}
    ).guarded()
    filling = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=made.namespace)
    maps = [one for one in world.config_maps() if one["metadata"]["name"] not in names.CONFIG_MAPS]
    world.fill(filling, world.secrets({"team-a": "", "team-b": "", "gone": ""}), maps)
    return made


@pytest.fixture
def portal(release: Installed, settings: Any) -> Iterator[KubernetesCluster]:
    """The portal as the ServiceAccount, with its watches."""
    settings.ENVIRONMENT = Environment.read(
        {"EDRPORTAL_KUBERNETES_EVENTS": "true", "EDRPORTAL_SEALED_SECRETS_CONTROLLER": str(CONTROLLER)}
    )
    cluster = KubernetesCluster.from_kubeconfig(str(release.kubeconfig), namespace=release.namespace)
    watches = Reflector(cluster), Reflector(cluster.config_maps, shrink=trim_config_map)
    with composition.use(cluster, *watches):
        yield cluster
    for watch in watches:
        watch.close()


def posts(client: Client, path: str, *, at: str = "", **typed: Any) -> None:
    """Fill in the form of a page and send it; it has to be written."""
    answer = client.post(at or path, {**form(client, path), **typed})
    assert answer.status_code == 303, (path, answer.status_code, answer.content.decode()[-3000:])


def work(release: Installed) -> None:
    """Do everything that people do in the portal, once."""
    root, address = world.sign_in("administrator"), {"host": "registry.example.com", "organization": "org"}
    account = {**address, "username": "robot", "password": "pw"}
    leave_an_export(release)
    for path in ("/", "/team/", "/teams", "/destinations/shared", "/readyz", "/api/destinations"):
        assert root.get(path).status_code == 200
    release.server.request("POST", "/api/v1/namespaces", {"metadata": {"name": release.namespace + "-team"}})
    assert root.post("/teams", {"team": release.namespace + "-team", "to": "on"}).status_code == 303
    posts(root, "/destinations/new", name="one", bundle_text=PEM, **account)
    posts(root, "/destinations/one/rotate", password="new", bundle_choice="replace", bundle_text=NEW_PEM)
    posts(root, "/destinations/one/edit", description="edited", **{**address, "organization": "other"})
    posts(root, "/destinations/one/assign", team=release.namespace + "-team")
    for to in ("off", "on"):
        posts(root, "/destinations/one", at="/switch", to=to)
    posts(root, "/destinations/new?from=one", name="copied", **account)
    break_it(release, "one")
    posts(root, "/destinations/one/repair")
    assert root.post("/destinations/copied/check", {"namespace": "workspace", "application": "shop"}).status_code == 303
    assert "copied" in json.dumps(release.get("configmaps/edrportal-checks")["data"])
    assert "no Service" in root.post("/certificates/controller", {"show": "controller"}).content.decode()
    rotate = json.dumps({"password": "by a script"})
    basic: dict[str, Any] = {"HTTP_AUTHORIZATION": world.basic("administrator")}
    assert Client().post("/api/destinations/one/rotate", rotate, "application/json", **basic).status_code == 200
    age(release)
    assert root.post("/certificates/remove").status_code == 303
    posts(root, "/destinations/one/delete", confirmation="one")
    assert root.post("/signout").status_code == 303


def leave_an_export(release: Installed) -> None:
    """Leave what Epinio leaves of an export that failed."""
    began = datetime.now(UTC) - timedelta(minutes=30)
    failed = exports.job("shared", "registry.example.com/team/workspace-shop-image:1", began, outcome="Failed")
    post(release.server, f"/apis/batch/v1/namespaces/{release.namespace}/jobs", failed)
    post(release.server, f"/api/v1/namespaces/{release.namespace}/pods", exports.pod(failed, "Failed", "Error"))


def break_it(release: Installed, name: str) -> None:
    """Leave what people leave by kubectl: credentials under another key, kubectl's copy, an upper-case organization."""
    stored = release.get(f"secrets/{name}")
    stored["data"]["config.json"] = stored["data"].pop(names.CONFIG_KEY)
    stored["metadata"]["annotations"] |= {names.LAST_APPLIED_ANNOTATION: "{}", names.ORGANIZATION_ANNOTATION: "Org"}
    stored["metadata"]["labels"][names.REGISTRY_LABEL] = "True"
    release.server.request("PUT", f"/api/v1/namespaces/{release.namespace}/secrets/{name}", stored)


def age(release: Installed) -> None:
    """Let the certificate secrets that were released look so old that nothing can need them."""
    long_ago = codec.rfc3339(datetime.now(UTC) - bundles.GRACE - timedelta(minutes=1))
    for one in release.get("secrets")["items"]:
        if names.RELEASED_AT_ANNOTATION in one["metadata"].get("annotations", {}):
            one["metadata"]["annotations"][names.RELEASED_AT_ANNOTATION] = long_ago
            path = f"/api/v1/namespaces/{release.namespace}/secrets/{one['metadata']['name']}"
            release.server.request("PUT", path, one)


def asked(release: Installed) -> list[dict[str, Any]]:
    """Return what the API server's audit log has of the portal, without what these tests ask in its name."""
    lines = map(json.loads, release.server.audit_log.read_text().splitlines())
    ours = (one for one in lines if one["user"].get("username") == release.user)
    return [one for one in ours if one["userAgent"] != charts.OUTSIDE]


def resource(ref: dict[str, str]) -> str:
    """Return a resource as a Role names it."""
    return "/".join(ref[part] for part in ("resource", "subresource") if part in ref)


def granted(release: Installed) -> tuple[set[tuple[str, str, str]], dict[tuple[str, str], set[str]]]:
    """Return verb, group and resource of everything that its roles allow, and the names they narrow a verb to."""
    roles = "rbac.authorization.k8s.io/v1"
    rules = release.get(f"{roles}:roles/{charts.RELEASE}")["rules"]
    cluster = f"/apis/{roles}/clusterroles/{release.namespace}-{charts.RELEASE}"
    rules += release.server.request("GET", cluster)["rules"]
    beside = f"/apis/{roles}/namespaces/{CONTROLLER.namespace}/roles/{release.namespace}-{charts.RELEASE}"
    rules += release.server.request("GET", beside)["rules"]
    every = {
        (verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    narrowed = {
        (verb, resource): set(rule["resourceNames"])
        for rule in rules
        if "resourceNames" in rule
        for verb in rule["verbs"]
        for resource in rule["resources"]
    }
    return every, narrowed


def test_the_portal_uses_every_right_it_has_and_misses_none(release: Installed, portal: KubernetesCluster) -> None:
    work(release)
    for _ in range(100):  # the watches ask in their own time
        used = [(one["verb"], one["objectRef"]) for one in asked(release)]
        found = {(verb, ref.get("apiGroup", ""), resource(ref)) for verb, ref in used}
        if ("watch", "", "configmaps") in found and ("watch", "", "secrets") in found:
            break
        time.sleep(0.1)
    rights, narrowed = granted(release)
    assert found == rights
    for verb, ref in used:
        if (verb, resource(ref)) in narrowed:
            assert ref["name"] in narrowed[verb, resource(ref)]
        elsewhere = {"namespaces": ref.get("namespace"), "services/proxy": CONTROLLER.namespace}
        assert ref.get("namespace", release.namespace) == elsewhere.get(resource(ref), release.namespace)
    refused = [one for one in asked(release) if one["responseStatus"]["code"] in {401, 403, 422}]
    assert not refused
    assert portal.get_secret("copied").name == "copied"


FORBIDDEN = [
    ("PUT", "secrets/registry-creds"), ("DELETE", "secrets/registry-creds"),
    ("PUT", "secrets/dex-config"), ("DELETE", "secrets/dex-config"),
    ("PUT", "secrets/user-administrator"), ("DELETE", "secrets/user-administrator"),
    ("PATCH", "secrets/a-one"), ("DELETE", "secrets"),
    ("POST", "configmaps"), ("PUT", "configmaps/role-exporter"), ("PATCH", "configmaps/role-exporter"),
    ("DELETE", "configmaps/role-exporter"), ("DELETE", "configmaps/edrportal-sessions"), ("DELETE", "configmaps"),
    ("GET", "pods/any"), ("POST", "pods"), ("DELETE", "pods/any"), ("POST", "pods/any/exec"), ("GET", "pods/any/exec"),
    ("POST", "pods/any/attach"), ("POST", "pods/any/portforward"), ("POST", "pods/any/ephemeralcontainers"),
    ("GET", "serviceaccounts"), ("POST", "serviceaccounts/edrportal/token"), ("POST", "serviceaccounts"),
    ("GET", "events"), ("GET", "services"),
    ("POST", "rbac.authorization.k8s.io/v1:roles"), ("POST", "rbac.authorization.k8s.io/v1:rolebindings"),
    ("PUT", "rbac.authorization.k8s.io/v1:roles/edrportal"),
    ("GET", "apps/v1:deployments"), ("PUT", "apps/v1:deployments/edrportal"), ("GET", "batch/v1:jobs/any"),
    ("POST", "batch/v1:jobs"), ("DELETE", "batch/v1:jobs/any"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "what"), FORBIDDEN)
def test_what_the_portal_never_needs_is_refused(release: Installed, method: str, what: str) -> None:
    group, _, rest = what.rpartition(":")
    root = f"/apis/{group}" if group else "/api/v1"
    name = rest.split("/")[1] if "/" in rest else "any"
    bodies = {"configmaps": {"metadata": {"name": "role-mine", "labels": {names.ROLE_LABEL: "true"}}}}
    body = bodies.get(rest, {"metadata": {"name": name}, "data": {}}) if method in {"POST", "PUT"} else None
    status, message = release.ask(method, f"{root}/namespaces/{release.namespace}/{rest}", body)
    assert (status, "forbidden" in message) == (403, True), message


@pytest.mark.parametrize("actions", ["namespace\napp\nexport_registries_read", ""])
@pytest.mark.parametrize("read_only", [False, True])
def test_no_config_map_of_the_portal_becomes_a_role_of_epinios(
    api_server: ApiServer, helm_home: Path, actions: str, *, read_only: bool
) -> None:
    made = Installed.new(api_server, helm_home, {"readOnly": read_only}).guarded()
    for name in names.CONFIG_MAPS:
        wanted = made.get(f"configmaps/{name}")
        wanted["metadata"]["labels"][names.ROLE_LABEL] = "true"
        wanted["data"] = {"id": "user", "default": "true", "actions": actions}
        assert made.ask("PUT", f"/api/v1/namespaces/{made.namespace}/configmaps/{name}", wanted)[0] == 403
        assert names.ROLE_LABEL not in made.get(f"configmaps/{name}")["metadata"]["labels"]


@pytest.fixture(scope="module", autouse=True)
def foreign(release: Installed) -> None:
    """Secrets of Epinio's own."""
    for name in ("registry-creds", "dex-config"):
        path = f"/api/v1/namespaces/{release.namespace}/secrets"
        release.server.request("POST", path, {"metadata": {"name": name}, "stringData": {"password": "x"}})


@pytest.mark.parametrize(
    ("method", "rest"), [("GET", ""), ("GET", "/any"), ("POST", ""), ("PUT", "/any"), ("DELETE", "/any")]
)
@pytest.mark.parametrize("resource", ["secrets", "configmaps", "events"])
def test_nothing_is_allowed_in_another_namespace(release: Installed, method: str, rest: str, resource: str) -> None:
    body = world.destination("any") if method in {"POST", "PUT"} else None
    assert release.ask(method, f"/api/v1/namespaces/default/{resource}{rest}", body)[0] == 403


def test_of_the_controllers_namespace_one_service_may_be_asked_and_nothing_else(release: Installed) -> None:
    root = f"/api/v1/namespaces/{CONTROLLER.namespace}"
    asks = f"{root}/services/{CONTROLLER.proxied}/proxy/v1/cert.pem"
    assert release.ask("GET", asks)[0] == 404  # there is none, and that may be found out
    for method, path in (
        ("POST", asks),
        ("GET", f"{root}/services/{CONTROLLER.name}/proxy/v1/cert.pem"),
        ("GET", f"{root}/services/http:another:/proxy/v1/cert.pem"),
        ("GET", f"{root}/services/{CONTROLLER.name}"),
        ("GET", f"{root}/services"),
        ("GET", f"{root}/secrets"),
        ("GET", f"/api/v1/namespaces/{release.namespace}/services/{CONTROLLER.proxied}/proxy/v1/cert.pem"),
    ):
        assert release.ask(method, path)[0] == 403, (method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces", "/api/v1/secrets", "/api/v1/nodes",
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    ],
)  # fmt: skip
def test_nothing_is_allowed_across_the_cluster(release: Installed, path: str) -> None:
    assert release.ask("GET", path)[0] == 403


def test_the_portal_cannot_speak_for_somebody_else(release: Installed) -> None:
    for somebody in ("admin", f"system:serviceaccount:{release.namespace}:default"):
        status, message = release.ask("GET", f"/api/v1/namespaces/{release.namespace}/secrets", impersonate=somebody)
        assert (status, "impersonate" in message) == (403, True)


@pytest.fixture
def pods_denied(api_server: ApiServer, helm_home: Path) -> Installed:
    """The chart with its defaults."""
    return Installed.new(api_server, helm_home, {}).guarded()


def test_pods_and_jobs_are_out_of_reach_unless_enabled(pods_denied: Installed) -> None:
    namespace = f"namespaces/{pods_denied.namespace}"
    for path in (f"/api/v1/{namespace}/pods", f"/api/v1/{namespace}/pods/any/log", f"/apis/batch/v1/{namespace}/jobs"):
        assert pods_denied.ask("GET", path)[0] == 403


def test_kubernetes_lists_for_the_portal_what_its_role_says_and_nothing_else(pods_denied: Installed) -> None:
    """What `kubectl auth can-i --list` would show."""
    spec = {"spec": {"namespace": pods_denied.namespace}}
    _, review = pods_denied.answer("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", spec)
    listed = {
        (verb, resource, *sorted(rule.get("resourceNames", ())))
        for rule in review["status"]["resourceRules"]
        for verb in rule["verbs"]
        for resource in rule["resources"]
    }
    about_oneself = {
        ("create", "selfsubjectreviews"),
        ("create", "selfsubjectaccessreviews"),
        ("create", "selfsubjectrulesreviews"),
    }
    own = ("edrportal-checks", "edrportal-sessions", "edrportal-teams")
    assert listed - about_oneself == {
        *((verb, "secrets") for verb in ("get", "list", "watch", "create", "update", "delete")),
        *((verb, "configmaps") for verb in ("list", "watch")),
        *((verb, "configmaps", *own) for verb in ("get", "update")),
    }


NEVER_GIVEN = {("create", "", "configmaps")}
"""A new ConfigMap can be a role of Epinio's, and the chart makes the portal's own."""


def test_the_roles_are_the_one_table_of_verbs(release: Installed) -> None:
    rights, _ = granted(release)
    assert rights == {(use.verb, use.group, use.resource) for use in verbs.TABLE} - NEVER_GIVEN


def test_the_defaults_give_no_right_beyond_the_namespace(helm_home: Path) -> None:
    objects = charts.render(helm_home)
    assert not [one for one in objects if one["kind"] in {"ClusterRole", "ClusterRoleBinding"}]
    rules = charts.one(objects, "Role")["rules"]
    assert {resource for rule in rules for resource in rule["resources"]} == {"secrets", "configmaps"}


def test_read_only_leaves_the_portal_no_write_but_signing_out(helm_home: Path) -> None:
    rules = charts.one(charts.render(helm_home, {"readOnly": True}), "Role")["rules"]
    writes = [
        (rule["resources"], rule.get("resourceNames"))
        for rule in rules
        if {"create", "update", "delete"} & {*rule["verbs"]}
    ]
    assert writes == [(["configmaps"], [names.SESSIONS_CONFIG_MAP])]
