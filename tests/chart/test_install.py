"""The real Helm on a real API server: install, upgrade, roll back, uninstall. There is no kubelet: the objects are the proof."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest

from tests.services import charts
from tests.services.charts import HelmError, Installed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = pytest.mark.cluster
DEPLOYMENT = f"apps/v1:deployments/{charts.RELEASE}"


@pytest.fixture
def release(api_server: ApiServer, helm_home: Path) -> Installed:
    return Installed.new(api_server, helm_home, {})


def key(release: Installed) -> dict[str, str]:
    data = release.get("secrets/edrportal-key")["data"]
    return {name: b64decode(value).decode() for name, value in data.items()}


def note(release: Installed, name: str, data: dict[str, str]) -> None:
    """Let the portal keep something."""
    stored = release.get(f"configmaps/{name}")
    path = f"/api/v1/namespaces/{release.namespace}/configmaps/{name}"
    assert release.ask("PUT", path, {**stored, "data": data})[0] == 200


def test_every_object_is_there_after_an_install(release: Installed, helm_home: Path) -> None:
    for one in charts.render(helm_home):
        if one["kind"] == "Pod":
            continue
        group, kind = one["apiVersion"] if "/" in one["apiVersion"] else "", one["kind"].lower()
        plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}es" if kind.endswith("s") else f"{kind}s"
        if "namespace" in one["metadata"]:
            assert release.get(
                f"{group}:{plural}/{one['metadata']['name']}" if group else f"{plural}/{one['metadata']['name']}"
            )
        else:
            name = f"{release.namespace}-{charts.RELEASE}"
            assert release.server.request("GET", f"/apis/{group}/{plural}/{name}")


def test_the_key_is_long_random_and_kept_by_every_upgrade(release: Installed) -> None:
    first = key(release)
    assert len(first["key"]) == 64
    assert first["fallbacks"] == ""
    release.helm("upgrade", {"replicaCount": 3})
    release.helm("upgrade", {})
    assert key(release) == first


def test_a_new_generation_of_the_key_honours_the_one_before(release: Installed) -> None:
    before = release.get(DEPLOYMENT)["spec"]["template"]
    keys = [key(release)["key"]]
    for generation in (2, 3):
        release.helm("upgrade", {"signingKey": {"generation": generation}})
        found = key(release)
        assert found["fallbacks"] == keys[-1]
        assert found["key"] not in keys
        keys.append(found["key"])
        release.helm("upgrade", {"signingKey": {"generation": generation}})
        assert key(release) == found
    assert release.get(DEPLOYMENT)["spec"]["template"] != before  # so that pods are made anew and read it


def test_what_the_portal_keeps_survives_upgrade_rollback_and_uninstall(release: Installed) -> None:
    note(release, "edrportal-teams", {"team-a": "uid-a", "team-b": "uid-b"})
    release.helm("upgrade", {"replicaCount": 3})
    note(release, "edrportal-teams", {"team-a": "uid-a"})  # team-b was disabled since
    note(release, "edrportal-sessions", {"x": "1"})
    release.helm("rollback", None, "--wait=false")
    assert release.get("configmaps/edrportal-teams")["data"] == {"team-a": "uid-a"}
    assert release.get("configmaps/edrportal-sessions")["data"] == {"x": "1"}
    assert release.get(DEPLOYMENT)["spec"]["replicas"] == 2
    release.helm("uninstall")
    assert release.get("configmaps/edrportal-teams")["data"] == {"team-a": "uid-a"}
    release.helm("install", {})
    assert release.get("configmaps/edrportal-teams")["data"] == {"team-a": "uid-a"}
    release.helm("upgrade", {"replicaCount": 1})
    assert release.get("configmaps/edrportal-teams")["data"] == {"team-a": "uid-a"}


def test_config_maps_that_the_portal_made_before_are_left_to_it(release: Installed) -> None:
    release.helm("uninstall")
    path = f"/api/v1/namespaces/{release.namespace}/configmaps"
    for name in ("edrportal-sessions", "edrportal-teams", "edrportal-checks"):
        release.server.request("DELETE", f"{path}/{name}")
    made = {"metadata": {"name": "edrportal-teams", "labels": {"app.kubernetes.io/managed-by": "edrportal"}}}
    release.server.request("POST", path, {**made, "data": {"team-a": "uid-a"}})
    release.helm("install", {})
    release.helm("upgrade", {})
    assert release.get("configmaps/edrportal-teams")["data"] == {"team-a": "uid-a"}
    assert "data" not in release.get("configmaps/edrportal-sessions")


def test_an_uninstall_leaves_nothing_but_the_key_and_what_the_portal_kept(release: Installed) -> None:
    release.helm("uninstall")
    assert [one["metadata"]["name"] for one in release.get("secrets")["items"]] == ["edrportal-key"]
    for resource in ("serviceaccounts", "services", "rbac.authorization.k8s.io/v1:roles",
                     "rbac.authorization.k8s.io/v1:rolebindings", "apps/v1:deployments", "networking.k8s.io/v1:ingresses",
                     "networking.k8s.io/v1:networkpolicies", "policy/v1:poddisruptionbudgets"):  # fmt: skip
        assert release.get(resource)["items"] == [], resource
    kept = {one["metadata"]["name"] for one in release.get("configmaps")["items"]}
    assert kept == {"edrportal-sessions", "edrportal-teams", "edrportal-checks"}
    for kind in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
        found = release.server.request("GET", f"/apis/admissionregistration.k8s.io/v1/{kind}")["items"]
        assert f"{release.namespace}-{charts.RELEASE}" not in {one["metadata"]["name"] for one in found}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "https://edrportal.example.com/"),
        ({"ingress": {"tls": {"enabled": False}}}, "nobody can sign in"),
        ({"readOnly": True}, "It is read-only"),
        ({"policy": {"enabled": False}}, "RBAC alone lets the portal write every Secret"),
        ({}, "clusterNetworks is empty"),
        ({"oidc": {"clientId": "edrportal"}}, "https://edrportal.example.com/oidc/callback"),
    ],
)
def test_the_notes_say_the_next_step(release: Installed, values: dict[str, Any], told: str) -> None:
    notes = release.helm("upgrade", values)
    assert told in notes
    assert f"helm test edrportal -n {release.namespace}" in notes


@pytest.mark.parametrize(
    "values",
    [{"clusterNetworks": ["10.0.0.0/16"]}, {"settings": {"EDRPORTAL_CLUSTER_NETWORKS": "10.0.0.0/16"}}],
)
def test_the_notes_ask_for_the_clusters_ranges_until_they_are_stated(
    release: Installed, values: dict[str, Any]
) -> None:
    assert "clusterNetworks" not in release.helm("upgrade", values)


def test_an_install_with_senseless_values_leaves_nothing(api_server: ApiServer, helm_home: Path) -> None:
    namespace = api_server.new_namespace()
    where = ["-n", namespace]
    with pytest.raises(HelmError, match="replicaCount"):
        charts.helm(
            "install", charts.RELEASE, str(charts.CHART), *where,
            kubeconfig=api_server.kubeconfig, home=helm_home, values={"replicaCount": -1},
        )  # fmt: skip
    assert api_server.request("GET", f"/api/v1/namespaces/{namespace}/secrets")["items"] == []
