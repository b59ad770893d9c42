"""The chart as text: what every set of values gives, and what it refuses."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from destinations import names
from destinations.cluster.services import ServiceAddress
from edrportal import __version__
from edrportal.configuration.registry import RegistryEnvironment
from edrportal.management import server
from tests.services import charts
from tests.services.charts import HelmError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACED = {"ConfigMap", "Deployment", "Ingress", "NetworkPolicy", "Pod", "PodDisruptionBudget", "Role", "RoleBinding",
              "PrometheusRule", "Secret", "Service", "ServiceAccount", "ServiceMonitor"}  # fmt: skip
OIDC = {"clientId": "edrportal", "existingSecret": "edrportal-oidc", "caConfigMap": "dex-ca"}
WATCHED = {
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "alerts": {"enabled": True},
    "names": True,
}
PARTS: dict[str, list[dict[str, Any]]] = {
    "policy": [{}, {"policy": {"enabled": False}}],
    "network": [{}, {"networkPolicy": {"enabled": False}}, {"networkPolicy": {"registries": {"ports": []}}}],
    "ingress": [
        {},
        {"ingress": {"enabled": False}},
        {"ingress": {"tls": {"enabled": False}}},
        {"ingress": {"tls": {"secretName": "portal-tls"}, "ingressClassName": "nginx", "annotations": {"a": "b"}}},
    ],
    "rest": [
        {},
        {
            "readOnly": True,
            "optional": {
                "events": True,
                "namespaces": True,
                "epinioVersion": True,
                "exports": True,
                "sealedSecretsController": "kube-system/sealed-secrets:http",
            },
            "metrics": {"enabled": False},
        },
        {
            "webhook": {"enabled": True},
            "oidc": OIDC,
            "replicaCount": 1,
            "signingKey": {"existingSecret": "key", "fallbacksKey": "old"},
        },
        {
            "serviceAccount": {"create": False, "name": "there"},
            "rbac": {"create": False},
            "replicaCount": 5,
            "metrics": WATCHED,
        },
    ],
}
MATRIX = list(itertools.product(*PARTS.values()))


def merged(*values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in values:
        found = charts.merged(found, one)
    return found


def container(objects: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = charts.one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


def environment(objects: list[dict[str, Any]]) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container(objects)["env"]}


def test_helm_finds_nothing_to_say_about_the_chart(helm_home: Path) -> None:
    assert "0 chart(s) failed" in charts.helm("lint", "--strict", str(charts.CHART), home=helm_home, values={})


@pytest.mark.parametrize("values", MATRIX, ids=lambda values: "-".join(str(len(str(one))) for one in values))
def test_every_set_of_values_gives_whole_objects(helm_home: Path, values: tuple[dict[str, Any], ...]) -> None:
    given = merged(*values)
    objects = charts.render(helm_home, given)
    assert len({(one["kind"], one["metadata"]["name"]) for one in objects}) == len(objects)
    for one in objects:
        assert (one["metadata"].get("namespace") in {"epinio", "kube-system"}) is (one["kind"] in NAMESPACED)
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == charts.RELEASE
    kinds = {one["kind"] for one in objects}
    assert ("ValidatingAdmissionPolicy" in kinds) is given.get("policy", {}).get("enabled", True)
    assert ("NetworkPolicy" in kinds) is given.get("networkPolicy", {}).get("enabled", True)
    assert ("Ingress" in kinds) is given.get("ingress", {}).get("enabled", True)
    assert ("PodDisruptionBudget" in kinds) is (given.get("replicaCount", 2) > 1)
    pod = charts.one(objects, "Deployment")["spec"]["template"]["spec"]
    mounted = {one["name"]: one["mountPath"] for one in container(objects)["volumeMounts"]}
    assert set(mounted) == {one["name"] for one in pod["volumes"]}
    files = [value for name, value in environment(objects).items() if name.endswith("_FILE")]
    for path in files:
        assert any(path.startswith(f"{mount}/") for mount in mounted.values()), path


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no registry for the image": ({"image": {"registry": ""}}, "Set image.registry"),
    "a registry with a scheme": ({"image": {"registry": "https://registry.example.com"}}, "image/registry"),
    "no host": ({"global": {"domain": ""}}, "Set global.domain"),
    "a host that is an address": ({"host": "https://portal.example.com"}, "/host"),
    "no issuer": ({"global": {"tlsIssuer": ""}}, "Set global.tlsIssuer"),
    "no digest": ({"image": {"digest": "sha256:abc"}}, "image/digest"),
    "a setting that there is not": ({"settings": {"EDRPORTAL_EPINIO_VERSON": "1"}}, "EDRPORTAL_EPINIO_VERSON"),
    "a key as a setting": ({"settings": {"EDRPORTAL_SECRET_KEY": "x"}}, "EDRPORTAL_SECRET_KEY"),
    "what the chart sets, past it": ({"extraEnv": [{"name": "EDRPORTAL_NAMESPACE", "value": "x"}]}, "extraEnv"),
    "a word that is misspelt": ({"replicas": 3}, "replicas"),
    "half a replica": ({"replicaCount": "2"}, "replicaCount"),
    "a port that is none": ({"service": {"port": 70000}}, "service/port"),
    "a ServiceAccount without a name": ({"serviceAccount": {"create": False}}, "Set serviceAccount.name"),
    "the port of the pages for the metrics": ({"metrics": {"port": 8000}}, "metrics/port"),
    "alerts without metrics": ({"metrics": {"enabled": False, "alerts": {"enabled": True}}}, "need metrics.enabled=true"),
    "a range that is none": ({"clusterNetworks": ["10.0.0.1"]}, "clusterNetworks/0"),
    "ranges in one text": ({"clusterNetworks": ["10.0.0.0/16,10.1.0.0/16"]}, "clusterNetworks/0"),
    "the cluster's ranges in two places": (
        {"clusterNetworks": ["10.0.0.0/16"], "settings": {"EDRPORTAL_CLUSTER_NETWORKS": "none"}},
        "Set clusterNetworks or settings.EDRPORTAL_CLUSTER_NETWORKS",
    ),
    "a controller without a namespace": ({"optional": {"sealedSecretsController": "sealed-secrets"}}, "sealedSecretsController"),
    "a controller in two places": (
        {"optional": {"sealedSecretsController": "a/b"}, "settings": {"EDRPORTAL_SEALED_SECRETS_CONTROLLER": "a/b"}},
        "Set optional.sealedSecretsController or settings.EDRPORTAL_SEALED_SECRETS_CONTROLLER",
    ),
    "a key of no generation": ({"signingKey": {"generation": 0}}, "generation"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_work_is_refused_with_words(helm_home: Path, case: str) -> None:
    values, word = REFUSED[case]
    with pytest.raises(HelmError, match=re.escape(word)):
        charts.render(helm_home, values)


@pytest.mark.parametrize("version", ["1.27.0", "1.29.9"])
def test_a_cluster_without_the_policys_kind_is_told(helm_home: Path, version: str) -> None:
    with pytest.raises(HelmError, match=r"needs Kubernetes 1\.30 or newer.*policy\.enabled=false"):
        charts.render(helm_home, kubernetes=version)
    assert charts.render(helm_home, {"policy": {"enabled": False}}, kubernetes=version)


@pytest.mark.parametrize("version", ["1.30.0", "v1.30.4+k3s1", "1.31.0-rc.1", "1.36.3"])
def test_a_cluster_with_it_is_enough(helm_home: Path, version: str) -> None:
    assert charts.one(charts.render(helm_home, kubernetes=version), "ValidatingAdmissionPolicy")


def settings() -> set[str]:
    return set(re.findall(r"^\| `(EDRPORTAL_[A-Z_]+)`", Path("docs/configuration.md").read_text(), re.MULTILINE))


def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((charts.CHART / "values.schema.json").read_text())["properties"]
    return found


MADE = {
    "EDRPORTAL_SECRET_KEY_FILE", "EDRPORTAL_SECRET_KEY_FALLBACKS_FILE", "EDRPORTAL_NAMESPACE", "EDRPORTAL_PUBLIC_URL",
    "EDRPORTAL_PROXY_HOPS", "EDRPORTAL_READ_ONLY", "EDRPORTAL_KUBERNETES_EVENTS", "EDRPORTAL_OIDC_CLIENT_ID",
    "EDRPORTAL_OIDC_CLIENT_SECRET_FILE", "EDRPORTAL_OIDC_CA_FILE", "EDRPORTAL_METRICS_PORT", "EDRPORTAL_METRICS_NAMES",
    "EDRPORTAL_WEBHOOK_PORT", "EDRPORTAL_WEBHOOK_CERTIFICATE_FILE", "EDRPORTAL_WEBHOOK_KEY_FILE",
}  # fmt: skip
"""What the chart makes of other values."""
SENSELESS = {
    "EDRPORTAL_SECRET_KEY", "EDRPORTAL_SECRET_KEY_FALLBACKS", "EDRPORTAL_OIDC_CLIENT_SECRET",  # come as files
    "EDRPORTAL_CLUSTER", "EDRPORTAL_KUBE_CONTEXT", "EDRPORTAL_REGISTRY_LOOPBACK",  # not in a pod
}  # fmt: skip


def test_every_setting_can_be_reached_by_values(helm_home: Path) -> None:
    free = set(schema()["settings"]["properties"])
    assert free | MADE | SENSELESS == settings()
    assert not free & (MADE | SENSELESS)
    values = {
        "readOnly": True,
        "optional": {"events": True},
        "oidc": OIDC,
        "metrics": {"names": True},
        "webhook": {"enabled": True},
        "settings": dict.fromkeys(free, 7),
    }
    found = environment(charts.render(helm_home, values))
    assert set(found) == free | MADE
    assert {found[name] for name in free} == {"7"}
    refused = schema()["extraEnv"]["items"]["properties"]["name"]["not"]["enum"]
    assert set(refused) == MADE | SENSELESS - {"EDRPORTAL_REGISTRY_LOOPBACK"}


def test_every_value_is_in_the_schema_and_no_other() -> None:
    def compare(values: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
        assert set(values) == set(properties)
        for key, value in values.items():
            if isinstance(value, dict) and value and "properties" in properties[key] and key != "settings":
                compare(value, properties[key]["properties"])

    compare(yaml.safe_load((charts.CHART / "values.yaml").read_text()), schema())


def test_the_clusters_ranges_reach_the_live_check(helm_home: Path) -> None:
    stated = ["10.0.0.0/16", "10.244.0.0/16", "fd00:10:96::/112"]
    found = environment(charts.render(helm_home, {"clusterNetworks": stated}))
    read = RegistryEnvironment.read(found).cluster_networks
    assert [str(one) for one in read] == stated
    assert "EDRPORTAL_CLUSTER_NETWORKS" not in environment(charts.render(helm_home))


def test_what_is_false_or_zero_is_set_all_the_same(helm_home: Path) -> None:
    found = environment(charts.render(helm_home, {"settings": {"EDRPORTAL_CHECK_INTERVAL_MINUTES": 0}, "proxyHops": 0}))
    assert (found["EDRPORTAL_CHECK_INTERVAL_MINUTES"], found["EDRPORTAL_PROXY_HOPS"]) == ("0", "0")


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ({}, f"registry.example.com/edrportal:{__version__}"),
        (
            {"registry": "registry.example.com:5000/mirror/", "tag": "v1"},
            "registry.example.com:5000/mirror/edrportal:v1",
        ),
        ({"digest": "sha256:" + "a" * 64, "tag": "v1"}, f"registry.example.com/edrportal@sha256:{'a' * 64}"),
    ],
)
def test_an_image_is_named_as_a_mirror_needs_it(helm_home: Path, image: dict[str, str], told: str) -> None:
    objects = charts.render(helm_home, {"image": {**image, "pullSecrets": ["mirror"]}})
    for pod in (charts.one(objects, "Deployment")["spec"]["template"], charts.one(objects, "Pod")):
        assert [one["image"] for one in pod["spec"]["containers"]] == [told]
        assert pod["spec"]["imagePullSecrets"] == [{"name": "mirror"}]


@pytest.mark.parametrize(
    ("values", "issuer", "secret"),
    [
        ({}, "epinio-ca", "edrportal-tls"),
        ({"global": {"tlsIssuer": "letsencrypt-production"}}, "letsencrypt-production", "edrportal-tls"),
        ({"global": {"customTlsIssuer": "ours"}}, "ours", "edrportal-tls"),
        ({"ingress": {"tls": {"secretName": "there"}}}, None, "there"),
    ],
)
def test_tls_comes_as_epinios_own_does(
    helm_home: Path, values: dict[str, Any], issuer: str | None, secret: str
) -> None:
    objects = charts.render(helm_home, values)
    ingress = charts.one(objects, "Ingress")
    assert ingress["metadata"]["annotations"].get("cert-manager.io/cluster-issuer") == issuer
    assert ingress["spec"]["tls"] == [{"hosts": ["edrportal.example.com"], "secretName": secret}]
    assert environment(objects)["EDRPORTAL_PUBLIC_URL"] == "https://edrportal.example.com"


def test_without_tls_the_portal_is_told_so(helm_home: Path) -> None:
    objects = charts.render(helm_home, {"ingress": {"tls": {"enabled": False}}, "host": "portal.example.com"})
    assert environment(objects)["EDRPORTAL_PUBLIC_URL"] == "http://portal.example.com"
    assert "tls" not in charts.one(objects, "Ingress")["spec"]


def test_the_global_values_of_epinios_chart_do_for_the_portal(helm_home: Path) -> None:
    values = {"global": {"domain": "epinio.example.com", "tlsIssuer": "ours", "dex": {"enabled": True}}}
    objects = charts.render(helm_home, values)
    assert charts.one(objects, "Ingress")["spec"]["rules"][0]["host"] == "edrportal.epinio.example.com"


def test_the_network_policy_lets_in_and_out_what_it_says(helm_home: Path) -> None:
    def ports(values: dict[str, Any]) -> list[list[int]]:
        egress = charts.one(charts.render(helm_home, values), "NetworkPolicy")["spec"]["egress"]
        return [[one["port"] for one in rule["ports"]] for rule in egress]

    assert ports({}) == [[53, 53], [443, 6443], [443, 5000, 5443, 8443]]
    assert ports({"oidc": OIDC, "networkPolicy": {"registries": {"ports": []}}}) == [[53, 53], [443, 6443], [5556, 443]]
    spec = charts.one(charts.render(helm_home), "NetworkPolicy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert [[one["port"] for one in rule["ports"]] for rule in spec["ingress"]] == [["http"], ["metrics"]]
    stated = yaml.safe_load((charts.CHART / "values.yaml").read_text())
    assert spec["ingress"][1]["from"] == stated["networkPolicy"]["scraper"]
    closings: tuple[dict[str, Any], ...] = ({"metrics": {"enabled": False}}, {"networkPolicy": {"scraper": []}})
    for closed in closings:
        rules = charts.one(charts.render(helm_home, closed), "NetworkPolicy")["spec"]["ingress"]
        assert [[one["port"] for one in rule["ports"]] for rule in rules] == [["http"]]
    test_labels = charts.one(charts.render(helm_home), "Pod")["metadata"]["labels"]
    wanted = spec["ingress"][0]["from"][-1]["podSelector"]["matchLabels"]
    assert wanted.items() <= test_labels.items()
    assert not spec["podSelector"]["matchLabels"].items() <= test_labels.items()


def test_the_selectors_select_the_pods(helm_home: Path) -> None:
    objects = charts.render(helm_home, {"podLabels": {"team": "platform"}})
    labels = charts.one(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    spread = charts.one(objects, "Deployment")["spec"]["template"]["spec"]["topologySpreadConstraints"]
    for selector in (
        charts.one(objects, "Deployment")["spec"]["selector"]["matchLabels"],
        *(one["spec"]["selector"] for one in objects if one["kind"] == "Service"),
        charts.one(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        *(one["labelSelector"]["matchLabels"] for one in spread),
    ):
        assert selector.items() <= labels.items()
        assert "app.kubernetes.io/component" in selector


def test_a_rollout_takes_no_pod_away_before_another_serves(helm_home: Path) -> None:
    spec = charts.one(charts.render(helm_home), "Deployment")["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    pod = spec["template"]["spec"]
    assert pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "5"]
    assert pod["terminationGracePeriodSeconds"] > 5 + server.DRAIN_SECONDS
    assert pod["enableServiceLinks"] is False
    assert "emptyDir" not in json.dumps(pod)


def test_liveness_never_asks_the_cluster(helm_home: Path) -> None:
    made = container(charts.render(helm_home))
    paths = {probe: made[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


@pytest.mark.parametrize(("enabled", "port"), [(True, "metrics"), (False, "http")])
def test_probes_go_where_an_answer_waits_for_no_page(helm_home: Path, *, enabled: bool, port: str) -> None:
    objects = charts.render(helm_home, {"metrics": {"enabled": enabled, "port": 9999}})
    made = container(objects)
    assert {made[f"{probe}Probe"]["httpGet"]["port"] for probe in ("startup", "liveness", "readiness")} == {port}
    assert ({"name": "metrics", "containerPort": 9999} in made["ports"]) is enabled
    assert environment(objects).get("EDRPORTAL_METRICS_PORT", "") == ("9999" if enabled else "")
    assert {one["metadata"]["name"] for one in objects if one["kind"] == "Service"} == (
        {"edrportal", "edrportal-metrics"} if enabled else {"edrportal"}
    )


def test_no_ingress_leads_to_the_metrics(helm_home: Path) -> None:
    objects = charts.render(helm_home)
    (path,) = charts.one(objects, "Ingress")["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"]["service"]["name"] == "edrportal"
    assert [one["name"] for one in charts.one(objects, "Service", "edrportal")["spec"]["ports"]] == ["http"]


def test_prometheus_finds_the_metrics_and_the_alert_rules_as_they_are(helm_home: Path) -> None:
    objects = charts.render(helm_home, {"metrics": WATCHED})
    monitor, service = charts.one(objects, "ServiceMonitor"), charts.one(objects, "Service", "edrportal-metrics")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    pages = charts.one(objects, "Service", "edrportal")["metadata"]["labels"]
    assert not monitor["spec"]["selector"]["matchLabels"].items() <= pages.items()
    assert [one["port"] for one in monitor["spec"]["endpoints"]] == [service["spec"]["ports"][0]["name"]]
    rules = yaml.safe_load((charts.CHART / "files" / "alerts.yaml").read_text())
    assert charts.one(objects, "PrometheusRule")["spec"] == rules
    assert environment(objects)["EDRPORTAL_METRICS_NAMES"] == "true"
    assert not [one for one in charts.render(helm_home) if one["kind"] in {"ServiceMonitor", "PrometheusRule"}]


def test_the_chart_makes_the_portals_own_config_maps_without_data(helm_home: Path) -> None:
    maps = [one for one in charts.render(helm_home) if one["kind"] == "ConfigMap"]
    assert {one["metadata"]["name"] for one in maps} >= names.CONFIG_MAPS
    assert not [one for one in maps if "data" in one]
    assert {one["metadata"]["annotations"]["helm.sh/resource-policy"] for one in maps} == {"keep"}


@pytest.mark.parametrize(
    ("stated", "proxied"),
    [("kube-system/sealed-secrets-controller", "http:sealed-secrets-controller:"), ("a/b:http", "http:b:http")],
)
def test_the_controllers_service_gives_the_setting_and_a_role_where_it_is(
    helm_home: Path, stated: str, proxied: str
) -> None:
    objects = charts.render(helm_home, {"optional": {"sealedSecretsController": stated}})
    assert environment(objects)["EDRPORTAL_SEALED_SECRETS_CONTROLLER"] == stated
    address = ServiceAddress.parse(stated)
    assert address
    assert address.proxied == proxied
    role, bound = (charts.one(objects, kind, "epinio-edrportal") for kind in ("Role", "RoleBinding"))
    assert role["metadata"]["namespace"] == bound["metadata"]["namespace"] == stated.partition("/")[0]
    assert [(one["resources"], one["resourceNames"], one["verbs"]) for one in role["rules"]] == [
        (["services/proxy"], [proxied], ["get"])
    ]
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": "edrportal", "namespace": "epinio"}]
    assert "EDRPORTAL_SEALED_SECRETS_CONTROLLER" not in environment(charts.render(helm_home))
