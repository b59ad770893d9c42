"""The key that signs sessions, through wrong values, a change to a Secret of one's own, and back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import pytest

from tests.services import charts
from tests.services.charts import HelmError, Installed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = pytest.mark.cluster
DEPLOYMENT = f"apps/v1:deployments/{charts.RELEASE}"
LONG = "k" * 64


@pytest.fixture
def release(api_server: ApiServer, helm_home: Path) -> Installed:
    return Installed.new(api_server, helm_home, {})


def make(release: Installed, name: str, data: dict[str, str]) -> None:
    encoded = {key: b64encode(value.encode()).decode() for key, value in data.items()}
    path = f"/api/v1/namespaces/{release.namespace}/secrets"
    release.server.request("POST", path, {"metadata": {"name": name}, "data": encoded})


def key(release: Installed) -> dict[str, str]:
    data = release.get("secrets/edrportal-key")["data"]
    return {name: b64decode(value).decode() for name, value in data.items()}


def own(**more: str) -> dict[str, Any]:
    return {"signingKey": {"existingSecret": "ours", **more}}


WRONG: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "no such Secret": ({}, own(), "There is no Secret ours"),
    "another key in it": ({"session": LONG}, own(), 'has no key "key"'),
    "a short key": ({"key": "short\n"}, own(), "less than 32 characters"),
    "no earlier keys in it": ({"key": LONG}, own(fallbacksKey="old"), 'has no key "old"'),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_upgrade_refuses_a_key_that_pods_could_not_read_and_changes_nothing(release: Installed, case: str) -> None:
    stored, values, word = WRONG[case]
    if stored:
        make(release, "ours", stored)
    before, deployment = key(release), release.get(DEPLOYMENT)
    with pytest.raises(HelmError) as refused:
        release.helm("upgrade", values)
    assert word in str(refused.value)
    assert "Nothing was changed" in str(refused.value)
    assert not [value for value in [*stored.values(), *before.values()] if value and value in str(refused.value)]
    assert (key(release), release.get(DEPLOYMENT)["spec"]) == (before, deployment["spec"])


def test_a_key_of_ones_own_is_mounted_and_the_charts_stays_for_the_pods_that_still_use_it(release: Installed) -> None:
    first = key(release)
    make(release, "ours", {"session": LONG, "old": first["key"]})
    release.helm("upgrade", own(key="session", fallbacksKey="old"))
    assert key(release) == first
    (volume,) = release.get(DEPLOYMENT)["spec"]["template"]["spec"]["volumes"]
    items = [{"key": "session", "path": "key"}, {"key": "old", "path": "fallbacks"}]
    assert (volume["secret"]["secretName"], volume["secret"]["items"]) == ("ours", items)
    release.helm("upgrade", {})
    assert key(release) == first


def test_the_key_outlives_an_uninstall_as_the_list_of_signed_out_sessions_does(release: Installed) -> None:
    first = key(release)
    release.helm("uninstall")
    assert key(release) == first
    release.helm("install", {})
    assert key(release) == first


def test_an_install_may_come_before_its_key_and_says_what_pods_wait_for(api_server: ApiServer, helm_home: Path) -> None:
    release = Installed.new(api_server, helm_home, own())
    with pytest.raises(HelmError):
        release.helm("upgrade", own())
    release.helm("uninstall")
    told = release.helm("install", own())
    assert "signingKey.existingSecret: There is no Secret ours" in told
    make(release, "ours", {"key": LONG})
    assert "signingKey.existingSecret" not in release.helm("upgrade", own())


def test_templates_rendered_without_a_cluster_take_any_name(helm_home: Path) -> None:
    text = charts.helm(
        "template", charts.RELEASE, str(charts.CHART), "--is-upgrade", "--kube-version", charts.KUBERNETES,
        home=helm_home, values=own(),
    )  # fmt: skip
    assert "secretName: ours" in text
