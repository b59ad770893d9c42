"""What other people's clusters ask of the chart: OpenShift, mounts, ports, annotations, charts that include it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from edrportal.configuration.environment import Environment
from tests.services import charts
from tests.services.charts import HelmError

if TYPE_CHECKING:
    from tests.services.apiserver import ApiServer

FIELD = Path(__file__).parent.parent / "data" / "field"
FIXED = {"runAsUser", "runAsGroup", "fsGroup"}


def reported(number: str) -> dict[str, Any]:
    (file,) = FIELD.glob(f"{number}-*.values.yaml")
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def pods(home: Path, values: dict[str, Any]) -> list[dict[str, Any]]:
    objects = charts.render(home, values)
    return [charts.one(objects, "Deployment")["spec"]["template"]["spec"], charts.one(objects, "Pod")["spec"]]


def test_openshift_gives_user_and_group_where_the_values_are_null(helm_home: Path) -> None:
    for pod in pods(helm_home, reported("21")):
        assert not FIXED & pod["securityContext"].keys()
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert "runAsUser" not in pod["containers"][0]["securityContext"]
    for pod in pods(helm_home, {}):
        assert pod["securityContext"].keys() >= FIXED


@pytest.mark.parametrize("which", ["podSecurityContext", "containerSecurityContext"])
def test_a_whole_security_context_may_be_null_or_one_of_your_own(helm_home: Path, which: str) -> None:
    for pod in pods(helm_home, {which: None}):
        assert (pod if which.startswith("pod") else pod["containers"][0])["securityContext"] == {}
    for pod in pods(helm_home, {which: {"runAsUser": 1234}}):
        assert (pod if which.startswith("pod") else pod["containers"][0])["securityContext"]["runAsUser"] == 1234


def test_a_file_that_a_setting_names_can_be_mounted(helm_home: Path) -> None:
    pod = pods(helm_home, reported("23"))[0]
    assert {"name": "roots", "configMap": {"name": "company-roots"}} in pod["volumes"]
    assert {"name": "roots", "mountPath": "/etc/company", "readOnly": True} in pod["containers"][0]["volumeMounts"]


@pytest.mark.parametrize(
    "values",
    [
        {"extraVolumes": [{"name": "key", "emptyDir": {}}]},
        {"extraVolumeMounts": [{"name": "x", "mountPath": "/etc/edrportal/key"}]},
        {"extraVolumeMounts": [{"name": "x", "mountPath": "relative"}]},
        {"extraVolumes": [{"emptyDir": {}}]},
    ],
)
def test_a_mount_over_the_charts_own_is_refused(helm_home: Path, values: dict[str, Any]) -> None:
    with pytest.raises(HelmError, match="extraVolume"):
        charts.render(helm_home, values)


def test_annotations_that_are_no_text_are_quoted(helm_home: Path) -> None:
    template = charts.one(charts.render(helm_home, reported("33")), "Deployment")["spec"]["template"]
    assert (
        template["metadata"]["annotations"] | {"prometheus.io/scrape": "true", "prometheus.io/port": "9090"}
        == (template["metadata"]["annotations"])
    )


@pytest.mark.parametrize(
    "where",
    ["podAnnotations", "podLabels", "nodeSelector", "deploymentAnnotations", "service", "serviceAccount", "ingress"],
)
def test_every_map_of_texts_takes_switches_and_whole_numbers_as_they_stand(helm_home: Path, where: str) -> None:
    given = {"a/on": True, "a/many": 12345678, "a/text": "yes: no", "a/number": "1.10", "a/empty": ""}
    values = {where: {"annotations": given} if where in {"service", "serviceAccount", "ingress"} else given}
    objects = charts.render(helm_home, values)
    template = charts.one(objects, "Deployment")["spec"]["template"]
    found = {
        "podAnnotations": template["metadata"]["annotations"],
        "podLabels": template["metadata"]["labels"],
        "nodeSelector": template["spec"].get("nodeSelector"),
        "deploymentAnnotations": charts.one(objects, "Deployment")["metadata"].get("annotations"),
        "ingress": charts.one(objects, "Ingress")["metadata"].get("annotations"),
        "service": charts.one(objects, "Service", charts.RELEASE)["metadata"].get("annotations"),
        "serviceAccount": charts.one(objects, "ServiceAccount")["metadata"].get("annotations"),
    }[where]
    wanted = {"a/on": "true", "a/many": "12345678", "a/text": "yes: no", "a/number": "1.10", "a/empty": ""}
    assert wanted.items() <= found.items()


@pytest.mark.parametrize("value", [1.10, ["a"], {"a": "b"}])
@pytest.mark.parametrize("where", ["podAnnotations", "podLabels", "nodeSelector"])
def test_what_would_change_on_its_way_into_text_is_refused(helm_home: Path, where: str, value: object) -> None:
    with pytest.raises(HelmError, match=where):
        charts.render(helm_home, {where: {"a": value}})


@pytest.mark.cluster
def test_the_api_server_takes_what_was_reported(api_server: ApiServer, helm_home: Path) -> None:
    namespace = api_server.new_namespace()
    for number in ("21", "23", "25", "33"):
        deployment = charts.one(charts.render(helm_home, reported(number)), "Deployment")
        deployment["metadata"]["namespace"] = namespace
        api_server.request("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments?dryRun=All", deployment)


@pytest.mark.parametrize(
    ("values", "url", "name"),
    [
        ({"host": "portal.example.com:8443"}, "https://portal.example.com:8443", "portal.example.com"),
        ({"host": "portal.example.com"}, "https://portal.example.com", "portal.example.com"),
        ({}, "https://edrportal.example.com", "edrportal.example.com"),
    ],
)
def test_a_port_stands_in_the_public_address_and_in_no_host_of_the_ingress(
    helm_home: Path, values: dict[str, Any], url: str, name: str
) -> None:
    objects = charts.render(helm_home, values)
    (container,) = charts.one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    stated = {one["name"]: one.get("value", "") for one in container["env"]}
    assert stated["EDRPORTAL_PUBLIC_URL"] == url
    assert Environment.read({"EDRPORTAL_PUBLIC_URL": url}).public_url == url
    ingress = charts.one(objects, "Ingress")["spec"]
    assert [ingress["rules"][0]["host"], *ingress["tls"][0]["hosts"]] == [name, name]


def included(
    home: Path, tmp_path: Path, values: dict[str, Any], *, condition: str = "edrportal.enabled"
) -> list[dict[str, Any]]:
    """Render a chart that includes this one, as an installation of several products does."""
    parent = tmp_path / "platform"
    shutil.copytree(charts.CHART, parent / "charts" / "edrportal")
    dependency = {"name": "edrportal", "version": "*"} | ({"condition": condition} if condition else {})
    about = {"apiVersion": "v2", "name": "platform", "version": "1.0.0", "dependencies": [dependency]}
    (parent / "Chart.yaml").write_text(yaml.safe_dump(about))
    (parent / "values.yaml").write_text(yaml.safe_dump(values))
    text = charts.helm(
        "template", "platform", str(parent), "-n", "epinio", "--kube-version", charts.KUBERNETES, home=home
    )
    return [one for one in yaml.safe_load_all(text) if one]


@pytest.mark.parametrize("condition", ["edrportal.enabled", ""])
def test_a_chart_that_includes_this_one_switches_it_on_and_off(helm_home: Path, tmp_path: Path, condition: str) -> None:
    shared: dict[str, Any] = {"domain": "example.com", "imageRegistry": "registry.example.com", "other": {"a": 1}}
    shared["imagePullSecrets"] = [{"name": "everywhere"}]
    own = {"image": {"registry": "registry.example.com"}, "podSecurityContext": {"runAsUser": None, "runAsGroup": None}}

    def render(name: str, *, enabled: bool, **more: Any) -> list[dict[str, Any]]:
        values = {"global": shared, "edrportal": {"enabled": enabled, **own, **more}}
        return included(helm_home, tmp_path / name, values, condition=condition)

    spec = charts.one(render("on", enabled=True), "Deployment")["spec"]["template"]["spec"]
    assert ("runAsUser" in spec["securityContext"], spec["securityContext"]["fsGroup"]) == (False, 10001)
    assert spec["imagePullSecrets"] == [{"name": "everywhere"}]
    assert render("off", enabled=False) == []
    everything = {"webhook": {"enabled": True}, "metrics": {"alerts": {"enabled": True}}}
    assert render("all-off", enabled=False, **everything) == []


def test_switched_off_by_itself_it_says_where_that_belongs(helm_home: Path) -> None:
    with pytest.raises(HelmError, match=r"condition: edrportal\.enabled"):
        charts.render(helm_home, {"enabled": False})
