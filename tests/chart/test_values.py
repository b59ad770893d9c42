"""Every value of the chart: where it arrives, null, and of a wrong type."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.services import charts
from tests.services.charts import HelmError
from tests.services.parts import KUBECTL, program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.services.apiserver import ApiServer

VALUES: dict[str, Any] = yaml.safe_load((charts.CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((charts.CHART / "values.schema.json").read_text())
NEEDED = {("image", "registry"), ("global", "domain"), ("global", "tlsIssuer")}
"""What the templates ask for in words of their own where it is empty."""
OPERATOR = {"ServiceMonitor", "PrometheusRule"}
"""Kinds that a plain API server does not have."""
EVERYTHING: dict[str, Any] = {
    "commonLabels": {"team": "platform"},
    "imagePullSecrets": [{"name": "mirror"}],
    "global": {"imagePullSecrets": ["shared", {"name": "mirror"}]},
    "image": {"pullSecrets": ["own"], "digest": "sha256:" + "a" * 64},
    "revisionHistoryLimit": 1,
    "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
    "deploymentAnnotations": {"reloader.example.com/auto": True},
    "extraEnv": [
        {"name": "A", "value": True},
        {"name": "B", "value": 12345678},
        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ],
    "extraVolumes": [{"name": "scratch", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
    "initContainers": [{"name": "first", "image": "registry.example.com/busybox:1", "command": ["true"]}],
    "priorityClassName": "system-cluster-critical",
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "platform", "effect": "NoSchedule"}],
    "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "edrportal"}}}
    ]}},
    "topologySpreadConstraints": [{"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}],
    "hostAliases": [{"ip": "10.1.2.3", "hostnames": ["registry.example.com"]}],
    "dnsPolicy": "None",
    "dnsConfig": {"nameservers": ["10.96.0.10"], "options": [{"name": "ndots", "value": "2"}]},
    "service": {"trafficDistribution": "PreferSameZone", "annotations": {"a": 1}},
    "ingress": {"annotations": {"a": True}},
    "podLabels": {"a": 1},
    "podAnnotations": {"a": False},
    "webhook": {"enabled": True},
    "resources": {"requests": {"cpu": 1, "memory": 268435456}, "limits": {"cpu": "1500m", "memory": "0.5Gi"}},
}  # fmt: skip


def paths(values: dict[str, Any], schema: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any], bool]]:
    """Yield each value's path, its schema, and whether the schema lets it be null or absent."""
    for name, given in values.items():
        found = schema["properties"][name]
        found = SCHEMA["definitions"][found["$ref"].rpartition("/")[2]] if "$ref" in found else found
        yield (name,), found, name not in schema.get("required", [])
        if isinstance(given, dict) and "properties" in found:
            for path, inner, optional in paths(given, found):
                yield (name, *path), inner, optional


ALL = [one for one in paths(VALUES, SCHEMA) if one[0] not in NEEDED]


def nested(path: tuple[str, ...], value: object) -> dict[str, Any]:
    return {path[0]: nested(path[1:], value) if path[1:] else value}


def together(given: Sequence[tuple[tuple[str, ...], object]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in given:
        found = charts.merged(found, nested(path, value))
    return found


def pod(home: Path, values: dict[str, Any], **how: str) -> dict[str, Any]:
    found: dict[str, Any] = charts.one(charts.render(home, values, **how), "Deployment")["spec"]["template"]["spec"]
    return found


def take(server: ApiServer, namespace: str, objects: list[dict[str, Any]]) -> None:
    """Have the API server judge the objects, unknown fields included, and store none of them."""
    plain = [one for one in objects if one["kind"] not in OPERATOR]
    for one in plain:
        if "namespace" in one["metadata"]:
            one["metadata"]["namespace"] = namespace
        else:
            one["metadata"]["name"] += f"-{namespace}"  # another test may have installed one of the same name
    command = [str(program(KUBECTL)), f"--kubeconfig={server.kubeconfig}", "create", "--dry-run=server"]
    text = yaml.safe_dump_all(plain)
    ran = subprocess.run(
        [*command, "--validate=strict", "-f", "-"], input=text, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.splitlines()) == len(plain)


@pytest.mark.cluster
@pytest.mark.parametrize(
    "values", [{}, EVERYTHING, {"strategy": {"type": "Recreate"}}], ids=["defaults", "all", "recreate"]
)
def test_the_api_server_takes_the_objects_of_every_value(
    api_server: ApiServer, helm_home: Path, values: dict[str, Any]
) -> None:
    take(api_server, api_server.new_namespace(), charts.render(helm_home, values))


@pytest.mark.cluster
def test_what_may_be_null_may_be_null_all_at_once(api_server: ApiServer, helm_home: Path) -> None:
    """As it is after `helm upgrade --reuse-values` from a release whose chart did not have the values yet."""
    nulls = [(path, None) for path, _, optional in ALL if optional]
    assert len(nulls) > 60
    objects = charts.render(helm_home, together(nulls))
    spec = charts.one(objects, "Deployment")["spec"]
    assert ("replicas" in spec, "revisionHistoryLimit" in spec) == (False, False)
    assert "tolerations" not in spec["template"]["spec"]
    assert "trafficDistribution" not in charts.one(objects, "Service", "edrportal")["spec"]
    assert "ConfigMap" in {one["kind"] for one in objects}
    take(api_server, api_server.new_namespace(), objects)


@pytest.mark.parametrize("path", [path for path, _, optional in ALL if optional and path[0] in VALUES], ids=".".join)
def test_a_null_alone_gives_whole_objects(helm_home: Path, path: tuple[str, ...]) -> None:
    for values in ({}, EVERYTHING) if path[0] in EVERYTHING else ({},):
        given = charts.merged(values, nested(path, None))
        if path[0] == "dnsConfig":
            given = {**given, "dnsPolicy": "Default"}
        assert charts.one(charts.render(helm_home, given), "Deployment")


def test_what_may_not_be_null_is_refused_by_name(helm_home: Path) -> None:
    required = [path for path, _, optional in ALL if not optional]
    sections = [path for path in required if len(path) == 1]
    above = {path[:-1] for path in required}
    for chosen in (sections, [path for path in required if len(path) > 1 and path not in above]):
        with pytest.raises(HelmError) as refused:
            charts.render(helm_home, together([(path, None) for path in chosen]))
        for path in chosen:
            assert f"'{path[-1]}'" in str(refused.value), path


def wrong(schema: dict[str, Any]) -> object:
    """Return a value of a type that the schema does not take."""
    types = schema.get("type", [])
    return ["x"] if "array" not in ([types] if isinstance(types, str) else types) else "x"


def test_a_value_of_a_wrong_type_is_refused_by_name(helm_home: Path) -> None:
    leaves = [one for one in ALL if not (one[1].get("properties") and one[0] != ("settings",))]
    assert len(leaves) > 80
    with pytest.raises(HelmError) as refused:
        charts.render(helm_home, together([(path, wrong(schema)) for path, schema, _ in leaves]))
    for path, _, _ in leaves:
        assert f"'/{'/'.join(path)}'" in str(refused.value), path


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "a toleration that is misspelt": ({"tolerations": [{"efect": "NoSchedule"}]}, "'efect' not allowed"),
    "an effect that is none": ({"tolerations": [{"effect": "NoExec"}]}, "/tolerations/0/effect"),
    "a strategy that is none": ({"strategy": {"type": "recreate"}}, "'RollingUpdate', 'Recreate'"),
    "a strategy that cannot move": ({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}}, "cannot both be 0"),
    "a percentage without its sign": ({"strategy": {"rollingUpdate": {"maxSurge": "25"}}}, "maxSurge"),
    "an affinity that is misspelt": ({"affinity": {"podAffinty": {}}}, "'podAffinty' not allowed"),
    "a constraint without its key": ({"topologySpreadConstraints": [{"maxSkew": 1}]}, "'topologyKey'"),
    "a label that is a list": ({"commonLabels": {"a": ["b"]}}, "/commonLabels/a"),
    "a label with a space": ({"commonLabels": {"a": "b c"}}, "/commonLabels/a"),
    "a label that the selector has": ({"podLabels": {"app.kubernetes.io/name": "x"}}, "podLabels: the chart sets app"),
    "a common label that the chart has": ({"commonLabels": {"helm.sh/chart": "x"}}, "commonLabels: the chart sets helm.sh/chart"),
    "an annotation that the chart has": ({"podAnnotations": {"edrportal/signing-key": "x"}}, "podAnnotations: the chart sets"),
    "a pull secret without a name": ({"imagePullSecrets": [{"nam": "a"}]}, "/imagePullSecrets/0"),
    "an amount with a space": ({"resources": {"limits": {"memory": "256 Mi"}}}, "/resources/limits/memory"),
    "a resource that is misspelt": ({"resources": {"limit": {"memory": "256Mi"}}}, "/resources/limit"),
    "no name server at all": ({"dnsPolicy": "None"}, "dnsConfig.nameservers"),
    "an alias without names": ({"hostAliases": [{"ip": "10.0.0.1"}]}, "'hostnames'"),
    "an init container without an image": ({"initContainers": [{"name": "a"}]}, "'image'"),
    "an init container in the portal's place": ({"initContainers": [{"name": "portal", "image": "a"}]}, "/initContainers/0/name"),
    "a fraction as a variable": ({"extraEnv": [{"name": "A", "value": 1.10}]}, "/extraEnv/0/value"),
    "a peer that is misspelt": ({"networkPolicy": {"scraper": [{"podSelektor": {}}]}}, "'podSelektor' not allowed"),
    "a peer whose label is no text": (
        {"networkPolicy": {"ingressController": [{"podSelector": {"matchLabels": {"a": True}}}]}}, "matchLabels/a"),
    "traffic to nowhere": ({"service": {"trafficDistribution": "SameNode"}}, "PreferSameNode"),
    "half a second of patience": ({"lostNodeTolerationSeconds": 0.5}, "/lostNodeTolerationSeconds"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(helm_home: Path, mistake: str) -> None:
    values, word = MISTAKES[mistake]
    with pytest.raises(HelmError) as refused:
        charts.render(helm_home, values)
    assert word in str(refused.value)


def test_every_value_arrives_where_it_belongs(helm_home: Path) -> None:
    objects = charts.render(helm_home, EVERYTHING)
    deployment = charts.one(objects, "Deployment")
    template, spec = deployment["spec"]["template"], deployment["spec"]["template"]["spec"]
    assert deployment["metadata"]["annotations"] == {"reloader.example.com/auto": "true"}
    assert (deployment["spec"]["revisionHistoryLimit"], deployment["spec"]["strategy"]["rollingUpdate"]) == (
        1, {"maxSurge": "25%", "maxUnavailable": 1})  # fmt: skip
    (container,) = spec["containers"]
    assert [one for one in container["env"] if len(one["name"]) == 1] == [
        {"name": "A", "value": "true"}, {"name": "B", "value": "12345678"}, EVERYTHING["extraEnv"][2]]  # fmt: skip
    for name in (
        "initContainers",
        "priorityClassName",
        "nodeSelector",
        "affinity",
        "hostAliases",
        "dnsPolicy",
        "dnsConfig",
    ):
        assert spec[name] == EVERYTHING[name], name
    assert container["resources"] == EVERYTHING["resources"]
    assert EVERYTHING["tolerations"][0] in spec["tolerations"]
    assert template["metadata"]["labels"].items() >= {"a": "1", "team": "platform"}.items()
    service = charts.one(objects, "Service", "edrportal")
    assert (service["spec"]["trafficDistribution"], service["metadata"]["annotations"]) == (
        "PreferSameZone",
        {"a": "1"},
    )
    assert charts.one(objects, "Ingress")["metadata"]["annotations"]["a"] == "true"
    assert {one["metadata"]["labels"].get("team") for one in objects} == {"platform"}


def test_the_pod_of_the_test_is_pulled_and_placed_as_the_portal_is(helm_home: Path) -> None:
    objects = charts.render(helm_home, EVERYTHING)
    portal, test = charts.one(objects, "Deployment")["spec"]["template"]["spec"], charts.one(objects, "Pod")["spec"]
    for name in ("imagePullSecrets", "nodeSelector", "priorityClassName"):
        assert test[name] == portal[name]
    assert test["tolerations"] == EVERYTHING["tolerations"]
    assert portal["imagePullSecrets"] == [{"name": name} for name in ("own", "mirror", "shared")]


def test_a_label_of_the_pods_takes_precedence_over_a_common_one(helm_home: Path) -> None:
    values = {"commonLabels": {"team": "all", "x": "z"}, "podLabels": {"team": "own"}}
    deployment = charts.one(charts.render(helm_home, values), "Deployment")
    assert deployment["spec"]["template"]["metadata"]["labels"].items() >= {"team": "own", "x": "z"}.items()
    assert deployment["metadata"]["labels"]["team"] == "all"
    assert deployment["spec"]["selector"]["matchLabels"].keys().isdisjoint({"team", "x"})


def test_names_of_what_is_there_make_the_chart_create_none(helm_home: Path) -> None:
    values = {
        "configMaps": {"create": False},
        "serviceAccount": {"create": False, "name": "there"},
        "rbac": {"create": False},
        "signingKey": {"existingSecret": "key"},
        "oidc": {"clientId": "x", "existingSecret": "oidc", "caConfigMap": "ca"},
        "webhook": {"enabled": True, "existingSecret": "hook", "caBundle": "-----BEGIN CERTIFICATE-----\n"},
        "ingress": {"tls": {"secretName": "tls"}},
    }
    objects = charts.render(helm_home, values)
    assert {one["kind"] for one in objects}.isdisjoint({"ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding"})
    spec = charts.one(objects, "Deployment")["spec"]["template"]["spec"]
    named = {one.get("secret", {}).get("secretName") or one["configMap"]["name"] for one in spec["volumes"]}
    assert (spec["serviceAccountName"], named) == ("there", {"key", "oidc", "ca", "hook"})


@pytest.mark.parametrize("count", [None, 0, 1, 2, 7])
def test_the_number_of_pods_may_be_an_autoscalers(helm_home: Path, count: int | None) -> None:
    objects = charts.render(helm_home, {"replicaCount": count})
    assert charts.one(objects, "Deployment")["spec"].get("replicas") == count
    assert ("PodDisruptionBudget" in {one["kind"] for one in objects}) is (count is None or count > 1)


def test_a_large_number_in_a_setting_keeps_its_digits(helm_home: Path) -> None:
    (container,) = pod(helm_home, {"settings": {"EDRPORTAL_INSTALLATION_NAME": 12345678}})["containers"]
    assert {"name": "EDRPORTAL_INSTALLATION_NAME", "value": "12345678"} in container["env"]
