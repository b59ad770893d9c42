"""What makes an accepted destination `at-risk`, each with its code; and what does not."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from destinations import names
from destinations.model import Credentials, Secret, Snapshot, Verdict
from destinations.secret.docker_config import new
from destinations.verdict.judge import judge
from edrportal.demo.cluster import certificate

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def destination(host: str = "registry.example.com", organization: str = "team", **changes: Any) -> Secret:
    data = {names.CONFIG_KEY: new(host, Credentials("robot", "s3cret")), **changes.pop("data", {})}
    annotations = {names.ORGANIZATION_ANNOTATION: organization, **changes.pop("annotations", {})}
    return Secret("one", labels={names.REGISTRY_LABEL: "true"}, annotations=annotations, data=data)


def codes(secret: Secret, *others: Secret) -> list[str]:
    judgement = judge(secret, Snapshot({one.name: one for one in (secret, *others)}, NOW))
    assert judgement.verdict is (Verdict.AT_RISK if judgement.warnings else Verdict.ACCEPTED)
    return [warning.code for warning in judgement.warnings]


def with_bundle(**data: bytes) -> list[str]:
    bundle = Secret("ca", data={key.replace("_", "."): value for key, value in data.items()})
    return codes(destination(data={names.CERTS_KEY: b"ca"}), bundle)


@pytest.mark.parametrize("host", ["registry.example.com", "registry.hub.docker.com", "localhost:5000"])
def test_a_clean_destination_is_accepted_without_noise(host: str) -> None:
    assert codes(destination(host)) == []


def test_disagreeing_credentials_are_told() -> None:
    auth = b64encode(b"robot:old").decode()
    config = f'{{"auths":{{"h.example.com":{{"auth":"{auth}","username":"robot","password":"new"}}}}}}'
    assert codes(destination(data={names.CONFIG_KEY: config.encode()})) == ["credentials-disagree"]


def test_equal_credentials_that_the_image_push_does_not_find_are_not_called_different() -> None:
    judgement = judge(destination("harbor"), Snapshot({}, NOW))
    assert judgement.why == "anonymous"
    assert judgement.warnings == ()


def test_an_identity_token_is_told_once() -> None:
    auth = b64encode(b"robot:x").decode()
    entry = f'{{"auth":"{auth}","username":"robot","password":"x","identitytoken":"t"}}'
    config = f'{{"auths":{{"h.example.com":{entry}}}}}'
    assert codes(destination(data={names.CONFIG_KEY: config.encode()})) == ["identity-token"]


def test_an_organization_that_stands_twice_is_told() -> None:
    assert codes(destination("quay.io/acme", "acme")) == ["organization-doubled"]
    assert codes(destination("quay.io", "acme")) == []


def test_two_levels_on_docker_hub_are_told() -> None:
    assert codes(destination("docker.io", "team/sub")) == ["hub-two-levels"]


@pytest.mark.parametrize(
    ("days", "expected"), [(400, []), (31, []), (29, ["certificate-expires-soon"]), (-1, ["certificates-expired"])]
)
def test_the_end_of_a_certificate_is_told_in_time(days: int, expected: list[str]) -> None:
    assert with_bundle(tls_crt=certificate(NOW, days=days)) == expected


def test_one_expired_certificate_beside_a_valid_one_is_no_certain_failure() -> None:
    bundle = certificate(NOW, days=400) + certificate(NOW, days=-3)
    assert with_bundle(tls_crt=bundle) == ["certificate-expired"]


def test_a_certificate_of_the_future_is_told() -> None:
    assert with_bundle(tls_crt=certificate(NOW + timedelta(days=500), days=400)) == ["certificate-not-yet-valid"]


def test_a_private_key_in_the_certificate_secret_is_told() -> None:
    assert with_bundle(tls_crt=certificate(NOW, days=400), tls_key=b"x") == ["private-key"]


def test_a_password_in_the_last_applied_annotation_is_told() -> None:
    applied = {names.LAST_APPLIED_ANNOTATION: '{"stringData":{".dockerconfigjson":"…"}}'}
    assert codes(destination(annotations=applied)) == ["password-in-annotation"]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2026-11-23", ["credentials-expired"]),
        ("2026-11-24", ["credentials-expire-soon"]),
        ("2026-12-08", ["credentials-expire-soon"]),
        ("2026-12-09", []),
        ("soon", ["expiry-unreadable"]),
    ],
)
def test_the_stated_end_of_a_credential_is_told_in_time(stated: str, expected: list[str]) -> None:
    assert codes(destination(annotations={names.EXPIRY_ANNOTATION: stated})) == expected
