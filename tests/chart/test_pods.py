"""Pod security on the real API server: the chart's pods where `restricted` is enforced, and what it is worth."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tests.services import charts

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = pytest.mark.cluster
MODES = ("enforce", "warn", "audit")
FULL = {
    "oidc": {"clientId": "edrportal", "existingSecret": "edrportal-oidc", "caConfigMap": "dex-ca"},
    "image": {"pullSecrets": ["mirror"]},
    "optional": {"events": True, "namespaces": True, "epinioVersion": True, "exports": True},
}


@pytest.fixture(scope="module")
def restricted(api_server: ApiServer) -> str:
    namespace = api_server.new_namespace()
    found = api_server.request("GET", f"/api/v1/namespaces/{namespace}")
    found["metadata"]["labels"] |= {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in MODES}
    api_server.request("PUT", f"/api/v1/namespaces/{namespace}", found)
    return namespace


def pods(home: Path, values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the pod of the Deployment and that of `helm test`, as somebody would create them."""
    objects = charts.render(home, values)
    template = charts.one(objects, "Deployment")["spec"]["template"]
    hook = charts.one(objects, "Pod")
    assert hook["metadata"]["annotations"]["helm.sh/hook"] == "test"
    return {
        name: {"metadata": {"name": name}, "spec": one["spec"]} for name, one in (("portal", template), ("test", hook))
    }


@pytest.mark.parametrize("which", ["portal", "test"])
@pytest.mark.parametrize("values", [{}, FULL], ids=["defaults", "everything"])
def test_a_pod_of_the_chart_is_admitted_where_restricted_is_enforced(
    api_server: ApiServer, helm_home: Path, restricted: str, values: dict[str, Any], which: str
) -> None:
    pod = pods(helm_home, values)[which]
    path = f"/api/v1/namespaces/{restricted}/pods?dryRun=All"
    assert api_server.request("POST", path, pod)["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("which", ["portal", "test"])
@pytest.mark.parametrize("taken", ["pod", "container", "both"])
def test_the_same_pod_without_its_security_context_is_refused(
    api_server: ApiServer, helm_home: Path, restricted: str, which: str, taken: str
) -> None:
    pod = deepcopy(pods(helm_home, {})[which])
    if taken in {"pod", "both"}:
        del pod["spec"]["securityContext"]
    if taken in {"container", "both"}:
        del pod["spec"]["containers"][0]["securityContext"]
    with pytest.raises(RuntimeError, match="403"):
        api_server.request("POST", f"/api/v1/namespaces/{restricted}/pods?dryRun=All", pod)


@pytest.mark.parametrize("which", ["portal", "test"])
def test_a_pod_writes_nowhere_and_the_test_has_no_token(helm_home: Path, which: str) -> None:
    spec = pods(helm_home, FULL)[which]["spec"]
    (container,) = spec["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not [one for one in spec.get("volumes", []) if {"emptyDir", "hostPath"} & set(one)]
    assert all(one["readOnly"] for one in container.get("volumeMounts", []))
    assert spec["automountServiceAccountToken"] is (which == "portal")
    assert {"hostNetwork", "hostPID", "hostIPC"}.isdisjoint(spec)
