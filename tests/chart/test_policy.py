"""The admission policy on the real API server (T13): what RBAC would let the portal do, and the policy does not."""

from __future__ import annotations

import re
from base64 import b64encode
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from tests.services import charts
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.charts import Installed

pytestmark = pytest.mark.cluster
OWNER = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "name": "edrportal-teams",
    "uid": "00000000-0000-0000-0000-000000000001",
}


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def certificate(**metadata: Any) -> dict[str, Any]:
    labels = {names.KIND_LABEL: names.KIND_CERTIFICATE, names.MANAGED_BY_LABEL: names.MANAGED_BY_PORTAL}
    return {"metadata": {"name": "fresh", "labels": labels, **metadata}, "stringData": {names.BUNDLE_KEY: "PEM"}}


def destination(**changed: Any) -> dict[str, Any]:
    return {**world.destination("fresh"), **changed}


def with_metadata(secret: dict[str, Any], part: str, **more: Any) -> dict[str, Any]:
    """Return the Secret with more labels or annotations, their names written with __ for a dot and _in_ for a slash."""
    plain = {key.replace("__", ".").replace("_in_", "/").replace("_", "-"): value for key, value in more.items()}
    metadata = secret["metadata"]
    return {**secret, "metadata": {**metadata, part: {**metadata.get(part, {}), **plain}}}


CREATIONS: dict[str, dict[str, Any]] = {
    "a Secret that is neither": {"metadata": {"name": "fresh"}, "stringData": {"certs": "x"}},
    "a token of a ServiceAccount": with_metadata(
        destination(type="kubernetes.io/service-account-token"), "annotations",
        kubernetes__io_in_service_account__name="default",
    ),
    "another type": destination(type="kubernetes.io/dockerconfigjson"),
    "a destination that is an Epinio user": with_metadata(
        destination(), "labels", epinio__io_in_api_user_credentials="true"
    ),
    "a foreign label": with_metadata(destination(), "labels", app="web"),
    "a foreign annotation": with_metadata(destination(), "annotations", epinio__io_in_roles="admin"),
    "kubectl's copy": with_metadata(
        destination(), "annotations", kubectl__kubernetes__io_in_last_applied_configuration="{}"
    ),
    "a foreign key": destination(stringData={**destination()["stringData"], "tls.key": "x"}),
    "an owner": certificate(ownerReferences=[OWNER]),
    "a finalizer": certificate(finalizers=["example.com/held"]),
    "one that nobody can change": {**certificate(), "immutable": True},
    "another kind": with_metadata(certificate(), "labels", edrportal_in_kind="other"),
}  # fmt: skip


@pytest.mark.parametrize("case", CREATIONS)
def test_what_is_not_the_portals_is_not_created(installed: Installed, case: str) -> None:
    path = f"/api/v1/namespaces/{installed.namespace}/secrets"
    assert_denied(installed.ask("POST", path, CREATIONS[case]))
    assert installed.ask("GET", f"{path}/fresh")[0] == 404


def assert_denied(answer: tuple[int, str]) -> None:
    status, message = answer
    assert status == 403
    assert "ValidatingAdmissionPolicy" in message
    assert "denied request" in message


CHANGES: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "make it an Epinio user": ("one", lambda one: one["metadata"]["labels"].update({names.USER_LABEL: "true"})),
    "add a label": ("one", lambda one: one["metadata"]["labels"].update({"app": "web"})),
    "change a label": ("one", lambda one: one["metadata"]["labels"].update({"tier": "back"})),
    "remove a label": ("one", lambda one: one["metadata"]["labels"].pop("tier")),
    "add an annotation": ("one", lambda one: one["metadata"]["annotations"].update({names.ROLES_ANNOTATION: "admin"})),
    "change an annotation": ("one", lambda one: one["metadata"]["annotations"].update({"example.com/note": "b"})),
    "remove an annotation": ("one", lambda one: one["metadata"]["annotations"].pop("example.com/note")),
    "change kubectl's copy": (
        "one", lambda one: one["metadata"]["annotations"].update({names.LAST_APPLIED_ANNOTATION: "{}"}),
    ),
    "add a key": ("one", lambda one: one["data"].update({"username": encoded("x")})),
    "change a key": ("one", lambda one: one["data"].update({"notes": encoded("b")})),
    "remove a key": ("one", lambda one: one["data"].pop("notes")),
    "take the owner away": ("one", lambda one: one["metadata"].pop("ownerReferences")),
    "add a finalizer": ("one", lambda one: one["metadata"].update(finalizers=["example.com/held"])),
    "freeze it": ("one", lambda one: one.update(immutable=True)),
    "make it no destination": ("one", lambda one: one["metadata"]["labels"].pop(names.REGISTRY_LABEL)),
    "rotate one that is an Epinio user, too": ("both", lambda one: one["data"].update({names.CERTS_KEY: encoded("x")})),
    "take the label of a user away": ("both", lambda one: one["metadata"]["labels"].pop(names.USER_LABEL)),
    "change a user": ("user-administrator", lambda one: one["data"].update({"password": encoded("x")})),
    "make a user a destination": (
        "user-administrator", lambda one: one["metadata"]["labels"].update({names.REGISTRY_LABEL: "true"}),
    ),
    "change the registry of Epinio": ("registry-creds", lambda one: one["data"].update({"password": encoded("x")})),
    "make Dex's Secret a destination": (
        "dex-config", lambda one: one["metadata"].update(labels={names.REGISTRY_LABEL: "true"}),
    ),
    "change the portal's own key": ("edrportal-key", lambda one: one["data"].update({"key": encoded("x" * 64)})),
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(installed: Installed) -> Installed:
    """Beside the chart: a destination with foreign parts, one that is a user, a user, and Secrets of Epinio's own."""
    path = f"/api/v1/namespaces/{installed.namespace}/secrets"
    one = with_metadata(world.destination("one"), "labels", tier="front")
    one["metadata"]["annotations"] |= {"example.com/note": "a", names.LAST_APPLIED_ANNOTATION: '{"a": 1}'}
    one["metadata"]["ownerReferences"] = [OWNER]
    one["stringData"]["notes"] = "a"
    both = with_metadata(world.destination("both"), "labels", epinio__io_in_api_user_credentials="true")
    plain = [{"metadata": {"name": name}, "stringData": {"password": "a"}} for name in ("registry-creds", "dex-config")]
    for secret in (one, both, world.user("administrator", "admin"), *plain):
        installed.server.request("POST", path, secret)
    return installed


@pytest.mark.parametrize("case", CHANGES)
def test_what_is_not_the_portals_is_not_changed(filled: Installed, case: str) -> None:
    name, change = CHANGES[case]
    stored = filled.get(f"secrets/{name}")
    wanted = deepcopy(stored)
    change(wanted)
    path = f"/api/v1/namespaces/{filled.namespace}/secrets/{name}"
    assert_denied(filled.ask("PUT", path, wanted))
    assert filled.get(f"secrets/{name}") == stored
    assert filled.server.request("PUT", f"{path}?dryRun=All", wanted)  # anybody else may, if RBAC lets them


@pytest.mark.parametrize("name", ["registry-creds", "dex-config", "user-administrator", "both", "edrportal-key"])
def test_what_is_not_the_portals_is_not_deleted(filled: Installed, name: str) -> None:
    assert_denied(filled.ask("DELETE", f"/api/v1/namespaces/{filled.namespace}/secrets/{name}"))
    assert filled.get(f"secrets/{name}")


def test_the_type_is_not_changed(filled: Installed) -> None:
    """Kubernetes itself looks first, and keeps everybody from that."""
    stored = filled.get("secrets/one")
    path = f"/api/v1/namespaces/{filled.namespace}/secrets/one"
    assert filled.ask("PUT", path, {**stored, "type": "kubernetes.io/service-account-token"})[0] in {403, 422}
    assert filled.get("secrets/one") == stored


def test_kubectls_copy_may_go_with_whatever_is_the_portals(filled: Installed) -> None:
    wanted = filled.get("secrets/one")
    del wanted["metadata"]["annotations"][names.LAST_APPLIED_ANNOTATION]
    wanted["metadata"]["labels"] |= {names.REGISTRY_LABEL: "false", names.TEAM_LABEL: "team-a"}
    wanted["metadata"]["annotations"] |= dict.fromkeys(own_annotations(), "x")
    wanted["data"] |= {names.CERTS_KEY: encoded("bundle"), names.CONFIG_KEY: encoded("{}"), names.BUNDLE_KEY: ""}
    path = f"/api/v1/namespaces/{filled.namespace}/secrets/one?dryRun=All"
    assert filled.ask("PUT", path, wanted) == (200, "")


def test_a_destination_as_large_as_kubernetes_takes_is_not_too_much_to_look_at(filled: Installed) -> None:
    path = f"/api/v1/namespaces/{filled.namespace}/secrets"
    large = world.destination("large")
    large["stringData"]["notes"] = "a" * 700_000
    large["metadata"]["annotations"] |= {f"example.com/note-{number}": "b" * 2000 for number in range(100)}
    wanted = filled.server.request("POST", path, large)
    wanted["metadata"]["annotations"][names.DESCRIPTION_ANNOTATION] = "changed"
    assert filled.ask("PUT", f"{path}/large", wanted) == (200, "")


def own_annotations() -> set[str]:
    """Return the annotations that the portal's code writes on Secrets."""
    found = re.findall(
        r'^[A-Z_]+_ANNOTATION = "(edrportal/[^"]+)"', Path("destinations/names.py").read_text(), re.MULTILINE
    )
    return {*found, names.ORGANIZATION_ANNOTATION}


def test_the_lists_of_the_policy_are_those_of_the_code(helm_home: Path) -> None:
    policy = charts.one(charts.render(helm_home), "ValidatingAdmissionPolicy")["spec"]
    lists = {one["name"]: set(re.findall("'([^']+)'", one["expression"])) for one in policy["variables"]}
    assert lists["ownAnnotations"] == own_annotations()
    assert lists["ownLabels"] == {names.REGISTRY_LABEL, names.MANAGED_BY_LABEL, names.KIND_LABEL, names.TEAM_LABEL}
    assert lists["ownKeys"] == {names.CONFIG_KEY, names.CERTS_KEY, names.BUNDLE_KEY}
    assert policy["failurePolicy"] == "Fail"


def test_the_policy_binds_the_portal_alone(helm_home: Path) -> None:
    objects = charts.render(helm_home, {"serviceAccount": {"name": "somebody"}})
    (condition,) = charts.one(objects, "ValidatingAdmissionPolicy")["spec"]["matchConditions"]
    assert condition["expression"] == "request.userInfo.username == 'system:serviceaccount:epinio:somebody'"
    assert charts.one(objects, "ValidatingAdmissionPolicyBinding")["spec"]["validationActions"] == ["Deny"]
