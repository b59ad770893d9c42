"""What a list leaves out: large values of foreign Secrets that nothing reads, and nothing else."""

from __future__ import annotations

import json

import pytest

from destinations import names
from destinations.cluster.kube.objects import _following
from destinations.cluster.kube.pages import read_page
from destinations.model import Secret
from destinations.secret import codec
from destinations.secret.trim import drop_large_values
from edrportal.demo.cluster import certificate
from tests.signin.world import destination

LARGE = b"x" * 70_000


def foreign(**data: bytes) -> Secret:
    return Secret("foreign", data=data, manifest={"metadata": {"name": "foreign"}})


def test_a_large_value_that_nothing_reads_is_cut_and_the_rest_stays() -> None:
    found = drop_large_values(foreign(ballast=LARGE, small=b"y"))
    assert found.data == {"ballast": b"", "small": b"y"}
    assert found.manifest == {}, "what was cut could be written"


def test_certificates_in_a_large_value_stay() -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - one use

    pem = certificate(datetime.now(UTC), days=9)
    assert drop_large_values(foreign(ballast=LARGE + b"\n" + pem)).data["ballast"] == pem.strip()


@pytest.mark.parametrize("key", [names.BUNDLE_KEY, names.CONFIG_KEY, names.CERTS_KEY])
def test_a_value_that_a_verdict_reads_stays_however_large(key: str) -> None:
    secret = foreign(**{key: LARGE})
    assert drop_large_values(secret) is secret


@pytest.mark.parametrize("label", [names.REGISTRY_LABEL, names.KIND_LABEL])
def test_a_destination_and_the_portals_own_stay_whole(label: str) -> None:
    secret = Secret("one", labels={label: "x"}, data={"ballast": LARGE}, manifest=destination("one"))
    assert drop_large_values(secret) is secret


def test_small_foreign_secrets_stay_whole() -> None:
    secret = codec.read_secret({"metadata": {"name": "one"}, "data": {"a": "YQ=="}})
    assert drop_large_values(secret) is secret


@pytest.mark.parametrize(
    ("sizes", "following"), [([], 1000), ([1], 1000), ([100] * 25, 1000), ([500_000] * 25, 8), ([9_000_000], 1)]
)
def test_the_next_page_is_as_long_as_its_objects_allow(sizes: list[int], following: int) -> None:
    sent = json.dumps({"kind": "SecretList", "items": [{"metadata": {}, "data": {"a": "x" * size}} for size in sizes]})
    page = read_page(sent.encode(), "SecretList")
    assert page
    assert _following(page.items, 1000) == following
