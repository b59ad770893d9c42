"""What a check asks: where each tool goes, as whom, and whom it trusts; read from the Secrets alone."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from destinations.livecheck.plan import DEFAULT_APP, NO_ROOTS, App, plan
from destinations.livecheck.registry.port import Leg, Plan, Trust
from destinations.model import EpinioVersion, Secret, Snapshot
from destinations.names import BUNDLE_KEY, CERTS_KEY, CONFIG_KEY, ORGANIZATION_ANNOTATION, REGISTRY_LABEL
from destinations.verdict import explanations
from tests.services.leaks import known
from tests.services.pki import Holder, issue

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST, PASSWORD = "registry.example.com:5000", known("canary-plan-77aa31")
CHART, IMAGE = "team/workspace-shop-chart", "team/workspace-shop-image"
LEGS = (CHART, IMAGE)
OTHER_HOST = "other.example.com"


@pytest.fixture(scope="module")
def ca() -> Holder:
    return issue("plan", ca=True)


@pytest.fixture(scope="module")
def other() -> Holder:
    return issue("other", ca=True)


def auth(text: str | bytes) -> str:
    return b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def entry(**changed: Any) -> dict[str, Any]:
    """Return the robot's entry, changed; None removes a field."""
    found = {"auth": auth(f"robot:{PASSWORD}"), "username": "robot", "password": PASSWORD, **changed}
    return {key: value for key, value in found.items() if value is not None}


def destination(
    entries: Mapping[str, Any] | None = None,
    *,
    certs: bytes = b"",
    label: str | None = "true",
    organization: str = "team",
) -> Secret:
    config = json.dumps({"auths": {HOST: entry()} if entries is None else dict(entries)}).encode()
    return Secret(
        "production",
        labels={} if label is None else {REGISTRY_LABEL: label},
        annotations={ORGANIZATION_ANNOTATION: organization},
        data={CONFIG_KEY: config} | ({CERTS_KEY: certs} if certs else {}),
    )


def made(secret: Secret, *others: Secret, version: EpinioVersion | None = None, **options: Any) -> Plan:
    return plan(secret, Snapshot.of((secret, *others), datetime.now(UTC), version), **options)


def with_certificates(data: Mapping[str, bytes], **options: Any) -> Plan:
    return made(destination(certs=b"ca"), Secret("ca", data=dict(data)), **options)


def login(leg: Leg) -> tuple[str, str, str]:
    return leg.username, leg.password, leg.identity_token


def test_both_tools_go_to_the_same_registry_as_the_same_robot() -> None:
    found = made(destination())
    assert (found.name, found.app, found.lenient) == ("production", DEFAULT_APP, False)
    for leg, repository in zip((found.chart, found.image), LEGS, strict=True):
        assert (leg.host, leg.repository, leg.stop, leg.fix) == (HOST, repository, "", "")
        assert login(leg) == ("robot", PASSWORD, "")
        assert leg.trust == Trust()


def test_the_bundle_is_all_that_helm_trusts_and_every_key_is_what_skopeo_trusts(ca: Holder, other: Holder) -> None:
    found = with_certificates({BUNDLE_KEY: ca.pem, "ca.crt": other.pem, "notes": b"none"})
    assert found.chart.trust == Trust((ca.pem,), public=False)
    assert (found.image.trust.public, sorted(filter(None, found.image.trust.pems))) == (
        True,
        sorted([ca.pem, other.pem]),
    )


def test_skopeo_trusts_what_its_image_does_besides(ca: Holder, other: Holder) -> None:
    held = {BUNDLE_KEY: ca.pem}
    assert with_certificates(held, skopeo_roots=NO_ROOTS).image.trust == Trust((ca.pem,), public=False)
    assert with_certificates(held, skopeo_roots=other.pem).image.trust == Trust((other.pem, ca.pem), public=False)
    assert made(destination(), skopeo_roots=NO_ROOTS).image.trust == Trust()


@pytest.mark.parametrize("roots", ["public", b""])
def test_a_private_key_beside_a_certificate_goes_nowhere(ca: Holder, roots: str | bytes) -> None:
    held = {BUNDLE_KEY: ca.key_pem + ca.pem + ca.key_pem, "tls.key": ca.key_pem, "both": ca.pem + ca.key_pem}
    found = with_certificates(held, skopeo_roots=ca.key_pem if roots == b"" else roots)
    pems = b"".join((*found.chart.trust.pems, *found.image.trust.pems))
    assert b"PRIVATE" not in pems
    assert pems.count(b"BEGIN CERTIFICATE") == 3


@pytest.mark.parametrize(
    ("held", "explanation"),
    [
        (None, explanations.CERTS_MISSING),
        ({"ca.crt": b"x"}, explanations.CERTS_NO_KEY),
        ({BUNDLE_KEY: b"no certificate"}, explanations.NO_CERTIFICATE),
    ],
)
def test_a_bundle_that_is_none_ends_the_chart(held: dict[str, bytes] | None, explanation: Any) -> None:
    secret = destination(certs=b"ca")
    found = made(secret) if held is None else made(secret, Secret("ca", data=held))
    assert (found.chart.host, found.chart.stop, found.chart.fix) == ("", explanation.message, explanation.fix)


@pytest.mark.parametrize(
    ("changed", "chart", "image"),
    [
        ({}, ("robot", PASSWORD), ("robot", PASSWORD)),
        ({"auth": None}, ("robot", PASSWORD), ("", "")),
        ({"auth": auth("robot:old")}, ("robot", PASSWORD), ("robot", "old")),
        ({"username": None, "password": None}, ("robot", PASSWORD), ("robot", PASSWORD)),
        ({"password": ""}, ("robot", PASSWORD), ("robot", PASSWORD)),
        ({"username": "", "password": "", "auth": auth("")}, ("", ""), ("", "")),
        ({"auth": auth("robot:a:b\0")}, ("robot", PASSWORD), ("robot", "a:b")),
    ],
)
def test_helm_reads_user_name_and_password_and_skopeo_auth(
    changed: dict[str, Any], chart: tuple[str, str], image: tuple[str, str]
) -> None:
    found = made(destination({HOST: entry(**changed)}))
    assert (login(found.chart)[:2], login(found.image)[:2]) == (chart, image)
    assert (found.chart.host, found.image.host) == (HOST, HOST)


@pytest.mark.parametrize("changed", [{"username": None, "password": None}, {"password": ""}])
def test_an_older_epinio_gives_helm_nothing_of_auth(changed: dict[str, Any]) -> None:
    found = made(destination({HOST: entry(**changed)}), version=EpinioVersion(1, 13, 7))
    assert (found.chart.password, found.image.password) == ("", PASSWORD)
    assert found.chart.host == HOST


def test_an_identity_token_is_skopeos_alone() -> None:
    found = made(destination({HOST: entry(identitytoken="refresh-me")}))
    assert (login(found.chart), login(found.image)) == (("robot", PASSWORD, ""), ("robot", PASSWORD, "refresh-me"))


@pytest.mark.parametrize("user", [b"r\xffbot", "röbot".encode()])
def test_a_user_name_of_any_bytes_can_be_sent(user: bytes) -> None:
    found = made(destination({HOST: entry(auth=auth(user + b":x"))}))
    assert found.image.username.encode("utf-8", "surrogateescape") == user


@pytest.mark.parametrize("field", ["username", "password", "identitytoken"])
def test_half_a_surrogate_reaches_no_registry(field: str) -> None:
    found = made(destination({HOST: entry(**{field: "a\ud800b"})}))
    for leg in (found.chart, found.image):
        "".join(login(leg)).encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("label", "explanation"),
    [("false", explanations.LABEL_FALSE), ("yes", explanations.LABEL_OTHER), (None, explanations.LABEL_MISSING)],
)
def test_a_destination_that_epinio_refuses_by_name_is_asked_all_the_same(label: str | None, explanation: Any) -> None:
    found = made(destination(label=label))
    for leg in (found.chart, found.image):
        assert (leg.host, leg.stop, leg.fix) == (HOST, explanation.message, explanation.fix)
        assert login(leg) == ("robot", PASSWORD, "")


@pytest.mark.parametrize("host", ["docker.io", "index.docker.io"])
def test_docker_hub_is_asked_by_the_name_that_it_answers_to(host: str) -> None:
    found = made(destination({host: entry()}))
    assert {leg.host for leg in (found.chart, found.image) if leg.host} <= {"registry-1.docker.io", "index.docker.io"}


def test_an_image_that_would_go_to_docker_hub_by_mistake_is_not_asked_there() -> None:
    found = made(destination({"registry": entry()}))
    assert (found.image.host, found.image.stop) == ("", explanations.OTHER_REGISTRY.message)
    assert login(found.image) == ("", "", "")


def test_secrets_that_nobody_can_read_end_both() -> None:
    broken = Secret("production", labels={REGISTRY_LABEL: "true"}, data={CONFIG_KEY: b"{"})
    found = made(broken)
    assert found.chart == found.image
    assert (found.chart.host, bool(found.chart.stop), bool(found.chart.fix)) == ("", True, True)


def test_the_application_names_the_repositories() -> None:
    found = made(destination(organization="a/b"), app="green/till")
    assert (found.app, found.chart.repository, found.image.repository) == (
        "green/till",
        "a/b/green-till-chart",
        "a/b/green-till-image",
    )


@pytest.mark.parametrize("text", ["", "shop", "/shop", "workspace/", "Work/shop", "a/b/c", "a/-b", "a b/c", "a/../b"])
def test_an_application_that_cannot_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="NAMESPACE/NAME"):
        made(destination(), app=text)


def test_an_application_reads_as_it_is_typed() -> None:
    assert str(App.parse(DEFAULT_APP)) == DEFAULT_APP


@pytest.mark.parametrize(
    ("version", "lenient"), [(None, False), (EpinioVersion(1, 14, 1), False), (EpinioVersion(1, 14, 0), True)]
)
def test_an_older_epinio_is_more_lenient(version: EpinioVersion | None, *, lenient: bool) -> None:
    assert made(destination(), version=version).lenient is lenient


def test_a_plan_shows_no_password() -> None:
    text = repr(made(destination({HOST: entry(identitytoken="refresh-canary")})))
    assert PASSWORD not in text
    assert "refresh-canary" not in text
    assert "robot" not in text
