"""What Helm prints after an install: the first way in, and what TLS off means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.services import charts
from tests.services.charts import Installed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = pytest.mark.cluster
FORWARD = "kubectl port-forward -n {} svc/edrportal 8080:80"
OFF: dict[str, Any] = {"ingress": {"tls": {"enabled": False}}}
EXTERNAL: dict[str, Any] = {"ingress": {"tls": {"enabled": False, "external": True}}}
TRIAL: dict[str, Any] = {**OFF, "settings": {"EDRPORTAL_ALLOW_PLAIN_HTTP": True}}


@pytest.fixture(scope="module")
def release(api_server: ApiServer, helm_home: Path) -> Installed:
    return Installed.new(api_server, helm_home, {})


def test_the_first_way_in_needs_no_name_certificate_or_controller(release: Installed) -> None:
    notes = release.helm("upgrade", {})
    assert FORWARD.format(release.namespace) in notes
    assert notes.index("port-forward") < notes.index("Or open https://edrportal.example.com/")
    assert f"helm test edrportal -n {release.namespace} --logs" in notes
    assert "8080:8888" in release.helm("upgrade", {"service": {"port": 8888}})
    assert "svc/other 8080:80" in release.helm("upgrade", {"fullnameOverride": "other"})


def test_the_documents_tell_the_same_way_in() -> None:
    documented = re.findall(r"(?m)^    (kubectl port-forward .*)$", charts.INSTALL.read_text())
    assert documented == [FORWARD.format("epinio")]


def test_without_tls_the_forwarded_port_is_the_only_way_in_and_the_notes_say_which_values_to_set(
    release: Installed,
) -> None:
    notes = release.helm("upgrade", {**OFF, "oidc": {"clientId": "edrportal"}})
    assert "nobody can sign in at http://edrportal.example.com/, because passwords would travel" in notes
    assert FORWARD.format(release.namespace) in notes
    assert notes.count("sign in with") == 1
    assert notes.index("sign in with") < notes.index("Enable TLS")
    for word in ("ingress.tls.enabled=true", "ingress.tls.external=true", "settings.EDRPORTAL_ALLOW_PLAIN_HTTP=true"):
        assert word in notes
    assert not re.search(r"Or open|oidc/callback", notes)


@pytest.mark.parametrize(("values", "scheme"), [({}, "https"), (OFF, "http"), (EXTERNAL, "https"), (TRIAL, "http")])
def test_the_public_address_follows_where_tls_ends(helm_home: Path, values: dict[str, Any], scheme: str) -> None:
    objects = charts.render(helm_home, values)
    (container,) = charts.one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    stated = {one["name"]: one.get("value") for one in container["env"]}
    assert stated["EDRPORTAL_PUBLIC_URL"] == f"{scheme}://edrportal.example.com"
    assert ("tls" in charts.one(objects, "Ingress")["spec"]) is (values == {})


@pytest.mark.parametrize(("values", "unencrypted"), [(EXTERNAL, False), (TRIAL, True)])
def test_tls_that_ends_elsewhere_and_a_trial_without_any_are_ways_in(
    release: Installed, values: dict[str, Any], *, unencrypted: bool
) -> None:
    notes = release.helm("upgrade", values)
    assert ("nobody can sign in" in notes, "Passwords travel unencrypted" in notes) == (False, unencrypted)
    assert "sign in with an Epinio account" in notes


def test_without_an_ingress_the_notes_say_what_to_route(release: Installed) -> None:
    notes = release.helm("upgrade", {"ingress": {"enabled": False}})
    assert "ingress.enabled is false: route it to the Service edrportal yourself" in notes
    assert FORWARD.format(release.namespace) in notes


def test_single_sign_on_is_said_to_need_the_public_address(release: Installed) -> None:
    notes = release.helm("upgrade", {"oidc": {"clientId": "edrportal"}})
    assert "works at this address only, first add https://edrportal.example.com/oidc/callback" in notes
