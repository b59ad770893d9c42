"""The admission policy for ConfigMaps on the real API server: nothing that the portal writes becomes a role of Epinio's.

RBAC refuses most of it as well. Here the ServiceAccount may do everything with ConfigMaps, so that the policy alone is seen.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from tests.chart.test_policy import OWNER, assert_denied, encoded
from tests.services import charts
from tests.services.charts import Installed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = pytest.mark.cluster
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLE = {"id": "user", "default": "true", "actions": "namespace\napp\nexport_registries_read"}
"""What takes every user of Epinio without a role over, where a ConfigMap with the label holds it."""
NO_ROLE = {"id": "user", "actions": ""}
"""What keeps Epinio's server from starting."""


@pytest.fixture(scope="module", params=[False, True], ids=["", "readOnly"])
def allowed(request: pytest.FixtureRequest, api_server: ApiServer, helm_home: Path) -> Installed:
    """The chart, with every verb on ConfigMaps given by somebody to its ServiceAccount."""
    made = Installed.new(api_server, helm_home, {"readOnly": request.param})
    role = {"metadata": {"name": "config-maps"}, "rules": [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]},
    ]}  # fmt: skip
    subject = {"kind": "ServiceAccount", "name": charts.RELEASE, "namespace": made.namespace}
    to = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "config-maps"}
    binding = {"metadata": {"name": "config-maps"}, "roleRef": to, "subjects": [subject]}
    api_server.request("POST", f"{RBAC}/namespaces/{made.namespace}/roles", role)
    api_server.request("POST", f"{RBAC}/namespaces/{made.namespace}/rolebindings", binding)
    epinios = {"metadata": {"name": "role-user", "labels": {names.ROLE_LABEL: "true"}}, "data": {"id": "user"}}
    for one in (epinios, {"metadata": {"name": "dex-theme"}}):
        api_server.request("POST", path(made), one)
    return made.guarded()


def path(release: Installed, name: str = "") -> str:
    return f"/api/v1/namespaces/{release.namespace}/configmaps" + (f"/{name}" if name else "")


def own(release: Installed) -> set[str]:
    """Return the names that the Role lets the portal change."""
    rules = release.get("rbac.authorization.k8s.io/v1:roles/edrportal")["rules"]
    (found,) = (rule["resourceNames"] for rule in rules if "resourceNames" in rule and "update" in rule["verbs"])
    return set(found)


def labels(**more: str) -> Callable[[dict[str, Any]], object]:
    def change(one: dict[str, Any]) -> None:
        one["metadata"]["labels"] |= {key.replace("_in_", "/").replace("__", "."): value for key, value in more.items()}

    return change


def metadata(**more: Any) -> Callable[[dict[str, Any]], object]:
    return lambda one: one["metadata"].update(more)


def as_role(data: dict[str, str]) -> Callable[[dict[str, Any]], object]:
    return lambda one: (labels(epinio__io_in_role="true")(one), one.update(data=data))


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "make it the default role": as_role(ROLE),
    "make it a role without actions": as_role(NO_ROLE),
    "label it a role, and no more": labels(epinio__io_in_role="true"),
    "label it no role": labels(epinio__io_in_role="false"),
    "label it a role in another spelling": labels(epinio__io_in_role="True"),
    "label it with nothing": labels(epinio__io_in_role=""),
    "add a label": labels(app="web"),
    "change a label": lambda one: one["metadata"]["labels"].update({"app.kubernetes.io/part-of": "other"}),
    "remove a label": lambda one: one["metadata"]["labels"].pop("app.kubernetes.io/part-of"),
    "remove every label": lambda one: one["metadata"].pop("labels"),
    "add an annotation": lambda one: one["metadata"]["annotations"].update({"example.com/note": "a"}),
    "let Helm delete it": lambda one: one["metadata"]["annotations"].pop("helm.sh/resource-policy"),
    "let another release take it": lambda one: one["metadata"]["annotations"].update(
        {"meta.helm.sh/release-name": "x"}
    ),
    "remove every annotation": lambda one: one["metadata"].pop("annotations"),
    "give it an owner": metadata(ownerReferences=[OWNER]),
    "add a finalizer": metadata(finalizers=["example.com/held"]),
    "freeze it": lambda one: one.update(immutable=True),
    "write binary data": lambda one: one.update(binaryData={"id": encoded("user")}),
}


@pytest.mark.parametrize("case", CHANGES)
def test_the_portals_own_config_maps_keep_what_is_not_text(allowed: Installed, case: str) -> None:
    for name in sorted(own(allowed)):
        stored = allowed.get(f"configmaps/{name}")
        wanted = deepcopy(stored)
        CHANGES[case](wanted)
        assert_denied(allowed.ask("PUT", path(allowed, name), wanted))
        assert allowed.get(f"configmaps/{name}") == stored
        assert allowed.server.request("PUT", f"{path(allowed, name)}?dryRun=All", wanted)  # anybody else may


def test_text_in_them_is_the_portals(allowed: Installed) -> None:
    for name in sorted(own(allowed)):
        wanted = {**allowed.get(f"configmaps/{name}"), "data": {"key": "text" * 200_000}}
        assert allowed.ask("PUT", f"{path(allowed, name)}?dryRun=All", wanted) == (200, "")


@pytest.mark.parametrize("name", ["role-user", "dex-theme"])
def test_no_other_config_map_is_changed(allowed: Installed, name: str) -> None:
    stored = allowed.get(f"configmaps/{name}")
    for data in (ROLE, NO_ROLE, {"key": "text"}):
        assert_denied(allowed.ask("PUT", path(allowed, name), {**stored, "data": data}))
    assert allowed.get(f"configmaps/{name}") == stored


def test_read_only_leaves_the_sessions_alone_to_it(allowed: Installed) -> None:
    for name in sorted(names.CONFIG_MAPS - own(allowed)):
        assert_denied(
            allowed.ask("PUT", path(allowed, name), {**allowed.get(f"configmaps/{name}"), "data": {"a": "b"}})
        )


@pytest.mark.parametrize("name", ["role-mine", "edrportal-sessions-2", "edrportal-teams"])
def test_no_config_map_is_created(allowed: Installed, name: str) -> None:
    if name in names.CONFIG_MAPS:
        allowed.server.request("DELETE", path(allowed, name))
    plain = {"metadata": {"name": name}}
    for body in (plain, {**plain, "metadata": {"name": name, "labels": {names.ROLE_LABEL: "true"}}, "data": ROLE}):
        assert_denied(allowed.ask("POST", path(allowed), body))
    if name in names.CONFIG_MAPS:
        allowed.helm("upgrade", {"readOnly": own(allowed) == {names.SESSIONS_CONFIG_MAP}})


@pytest.mark.parametrize("name", ["role-user", "dex-theme", *sorted(names.CONFIG_MAPS)])
def test_no_config_map_is_deleted(allowed: Installed, name: str) -> None:
    assert_denied(allowed.ask("DELETE", path(allowed, name)))
    assert allowed.get(f"configmaps/{name}")


def test_no_patch_does_what_a_put_may_not(allowed: Installed) -> None:
    for name in ("role-user", names.SESSIONS_CONFIG_MAP):
        patch = {"metadata": {"labels": {names.ROLE_LABEL: "true"}}, "data": ROLE}
        assert_denied(allowed.patch(path(allowed, name), patch))


def test_the_names_of_the_policy_are_those_of_the_code(helm_home: Path) -> None:
    for read_only, expected in ((False, names.CONFIG_MAPS), (True, {names.SESSIONS_CONFIG_MAP})):
        policy = charts.one(charts.render(helm_home, {"readOnly": read_only}), "ValidatingAdmissionPolicy")["spec"]
        (found,) = (one["expression"] for one in policy["variables"] if one["name"] == "ownConfigMaps")
        assert set(re.findall("'([^']+)'", found)) == expected
        (rule,) = policy["matchConstraints"]["resourceRules"]
        assert (rule["resources"], rule["operations"]) == (["secrets", "configmaps"], ["CREATE", "UPDATE", "DELETE"])
