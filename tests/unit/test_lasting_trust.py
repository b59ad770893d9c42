"""Plain mistakes that Epinio accepts: a bundle where none belongs, a server's own certificate in one, a token too old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from destinations import names
from destinations.model import Credentials, Secret, Snapshot
from destinations.overview.index.rowcache import RowCache
from destinations.secret.codec import rfc3339
from destinations.secret.docker_config import new
from destinations.verdict.judge import judge
from edrportal.demo.cluster import certificate
from edrportal.demo.registry import signed

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
CA = certificate(NOW, days=300)


def leaf() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    return signed(NOW, "registry.example.com", key, "Example CA", key, constraints, 300).public_bytes(Encoding.PEM)


def made(
    host: str, annotations: Mapping[str, str] | None = None, *, bundle: bytes = b"", user: str = "robot"
) -> Snapshot:
    data = {names.CONFIG_KEY: new(host, Credentials(user, "s3cret"))} | ({names.CERTS_KEY: b"ca"} if bundle else {})
    stated = {names.ORGANIZATION_ANNOTATION: "team", **(annotations or {})}
    one = Secret("one", labels={names.REGISTRY_LABEL: "true"}, annotations=stated, data=data, resource_version="1")
    return Snapshot.of([one, Secret("ca", data={names.BUNDLE_KEY: bundle})], NOW)


def codes(snapshot: Snapshot) -> list[str]:
    return [one.code for one in judge(snapshot.secrets["one"], snapshot).warnings]


@pytest.mark.parametrize(
    ("host", "is_public"),
    [
        ("ghcr.io", True), ("quay.io", True), ("docker.io", True), ("registry.gitlab.com", True), (ECR, True),
        ("eu-docker.pkg.dev", True), ("acme.azurecr.io", True), ("acme.jfrog.io", True), ("ghcr.io:443", True),
        ("jp2.icr.io", True), ("private.jp2.icr.io", True), ("registry-intl.eu-central-1.aliyuncs.com", True),
        ("acme-registry.eu-central-1.cr.aliyuncs.com", True), ("swr.eu-west-101.myhuaweicloud.com", True),
        ("registry.fly.io", True), ("fra.vultrcr.com", True), ("codeberg.org", True), ("acme.tencentcloudcr.com", True),
        ("icr.io.example.com", False), ("registry.aliyuncs.com.example.org", False), ("registry.fly.io.corp", False),
        ("quay.example.com", False), ("gitlab.example.com", False), ("registry.example.com", False),
        ("ghcr.io.example.com", False), ("harbor.example.com:8443", False), ("artifactory.example.com", False),
    ],
)  # fmt: skip
def test_a_bundle_at_a_public_registry_is_told(host: str, is_public: bool) -> None:  # noqa: FBT001 - a case
    assert ("bundle-at-public-registry" in codes(made(host, bundle=CA))) is is_public
    assert "bundle-at-public-registry" not in codes(made(host))


def test_a_bundle_of_nothing_but_a_servers_own_certificate_is_told() -> None:
    assert codes(made("registry.example.com", bundle=leaf())) == ["bundle-without-ca"]
    assert codes(made("registry.example.com", bundle=leaf() + leaf())) == ["bundle-without-ca"]
    assert codes(made("registry.example.com", bundle=leaf() + CA)) == []
    assert codes(made("registry.example.com", bundle=CA)) == []


@pytest.mark.parametrize(
    ("hours", "stated", "found"),
    [
        (11.9, "", ["token-short-lived"]), (12.1, "", ["token-expired"]), (300, "", ["token-expired"]),
        (11.9, "2027-01-31", []), (12.1, "2027-01-31", ["token-expired"]),
    ],
)  # fmt: skip
def test_a_token_of_12_hours_is_expired_12_hours_after_its_rotation(
    hours: float, stated: str, found: list[str]
) -> None:
    annotations = {names.ROTATED_AT_ANNOTATION: rfc3339(NOW - timedelta(hours=hours))}
    annotations |= {names.EXPIRY_ANNOTATION: stated} if stated else {}
    assert codes(made(ECR, annotations, user="AWS")) == found


def test_without_a_known_rotation_nobody_says_that_it_has_expired() -> None:
    assert codes(made(ECR, user="AWS")) == ["token-short-lived"]
    assert codes(made(ECR, {names.ROTATED_AT_ANNOTATION: "yesterday"}, user="AWS")) == ["token-short-lived"]
    assert codes(made(ECR, {names.ROTATED_AT_ANNOTATION: "2020-01-01T00:00:00Z"}, user="robot")) == []


@pytest.mark.parametrize(
    ("rotated", "found"),
    [
        ("20261122", "2026-11-22 at 00:00"), ("2026-11-22t03:04:05z", "2026-11-22 at 03:04"),
        ("2026-11-22T00:00:00+05:30", "2026-11-21 at 18:30"), ("20261122T030405Z", "2026-11-22 at 03:04"),
        ("1795316645", "2026-11-22 at"), ("2026-11-22 03:04:05", "2026-11-22 at 03:04"),
    ],
)  # fmt: skip
def test_a_rotation_is_read_however_a_tool_wrote_it(rotated: str, found: str) -> None:
    snapshot = made(ECR, {names.ROTATED_AT_ANNOTATION: rotated}, user="AWS")
    (one,) = judge(snapshot.secrets["one"], snapshot).warnings
    assert one.code == "token-expired"
    assert f"last rotated on {found}" in one.message


def test_a_date_that_is_none_hides_no_short_life() -> None:
    assert codes(made(ECR, {names.EXPIRY_ANNOTATION: "soon"}, user="AWS")) == [
        "token-short-lived",
        "expiry-unreadable",
    ]


def test_a_kept_row_says_it_when_the_time_has_come() -> None:
    snapshot = made(ECR, {names.ROTATED_AT_ANNOTATION: rfc3339(NOW - timedelta(hours=11, minutes=59))}, user="AWS")
    cache = RowCache()
    later = Snapshot(snapshot.secrets, NOW + timedelta(minutes=2))
    kinds = [[one.code for one in cache.rows(at)[0].judgement.warnings] for at in (snapshot, later)]
    assert kinds == [["token-short-lived"], ["token-expired"]]
