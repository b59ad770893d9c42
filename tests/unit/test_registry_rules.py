"""Rules of single registries: Docker Hub's names and levels, Google's domain-scoped projects, what has to exist before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from destinations import names, repairs
from destinations.input import validation
from destinations.model import Credentials, Secret, Snapshot, Verdict
from destinations.repairs import Choice
from destinations.secret import docker_config
from destinations.verdict import presets
from destinations.verdict.judge import judge
from tests.unit.test_stored_bundles import from_field

NOW = datetime(2026, 11, 26, tzinfo=UTC)
HUB = ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
GOOGLE = ("europe-docker.pkg.dev", "us-central1-docker.pkg.dev", "gcr.io", "eu.gcr.io", "us-docker.pkg.dev:443")


def destination(host: str, organization: str) -> Secret:
    return Secret(
        "one",
        labels={names.REGISTRY_LABEL: "true"},
        annotations={names.ORGANIZATION_ANNOTATION: organization},
        data={names.CONFIG_KEY: docker_config.new(host, Credentials("robot", "s3cret"))},
    )


def repaired(secret: Secret) -> Secret:
    everything = {secret.name: secret}
    groups = repairs.proposals(secret, Snapshot(everything, NOW))
    return repairs.apply(secret, Snapshot(everything, NOW), Choice(frozenset(group[0].code for group in groups))).secret


@pytest.mark.parametrize("host", HUB)
def test_each_name_of_docker_hub_knows_two_levels_only(host: str) -> None:
    found = {}
    for organization in ("acme", "acme/shop"):
        secret = destination(host, organization)
        found[organization] = {one.code for one in judge(secret, Snapshot({"one": secret}, NOW)).warnings}
    assert "hub-two-levels" not in found["acme"]
    assert "hub-two-levels" in found["acme/shop"]
    preset = presets.of_host(host)
    assert preset is not None
    assert preset.key == "docker-hub"


def test_the_form_warns_of_two_levels_at_docker_hub() -> None:
    for host in ("docker.io", "registry.hub.docker.com"):
        trap, _ = validation.check_target(host, "acme/shop", Snapshot({}, NOW))
        assert trap is not None
        assert (trap.field, "only ORGANIZATION/REPOSITORY" in trap.message) == ("organization", True)


@pytest.mark.parametrize("host", GOOGLE)
@pytest.mark.parametrize(
    ("organization", "path"),
    [
        ("example.com:payments/images", "example.com/payments/images"),
        ("example.com:payments", "example.com/payments"),
        ("sub.example.co.uk:pay-2/images/more", "sub.example.co.uk/pay-2/images/more"),
        ("Example.com:Payments/Images", "example.com/payments/images"),
    ],
)
def test_the_colon_of_a_domain_scoped_project_becomes_a_slash(host: str, organization: str, path: str) -> None:
    trap, _ = validation.check_target(host, organization, Snapshot({}, NOW))
    assert trap is not None
    assert (trap.field, trap.suggestion) == ("organization", path)
    assert repaired(destination(host, organization)).annotations[names.ORGANIZATION_ANNOTATION] == path
    assert validation.check_target(host, path, Snapshot({}, NOW))[0] is None


def test_the_stored_destination_of_such_a_project_is_repaired_to_the_same_project() -> None:
    stored = from_field("17-domain-scoped-project.yaml")["gar"]
    fixed = repaired(stored)
    assert fixed.annotations[names.ORGANIZATION_ANNOTATION] == "example.com/payments/images"
    assert judge(fixed, Snapshot({fixed.name: fixed}, NOW)).verdict is Verdict.ACCEPTED


def test_elsewhere_a_colon_is_no_slash() -> None:
    assert validation.as_path("example.com:payments/images", "registry.example.com") == "example.com-payments/images"
    assert validation.as_path("payments:images", "gcr.io") == "payments-images"


def words(key: str) -> str:
    preset = presets.BY_KEY[key]
    return " ".join((preset.right, preset.username, *preset.traps))


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("quay", ("Create both repositories first", "make the robot's team an admin", "Creator is not enough")),
        ("ecr", ("have to exist before the push",)),
        ("artifact-registry", ("repository has to exist", "example.com/payments")),
        ("gitlab", ("project has to exist", "not the token's own name")),
        ("harbor", ("project has to exist",)),
        ("artifactory", ("repository has to exist",)),
        ("docker-hub", ("only two-part repositories", "registry.hub.docker.com")),
        ("acr", ("three hours",)),
    ],
)
def test_what_has_to_exist_before_is_told(key: str, told: tuple[str, ...]) -> None:
    assert [part for part in told if part not in words(key)] == []
    assert "Creator for the organization's team if they do not exist" not in words("quay")
