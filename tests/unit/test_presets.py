"""The kinds of registry: recognised by their hosts, and in agreement with what the form accepts."""

from __future__ import annotations

import pytest

from destinations.input import validation
from destinations.verdict import presets

HOSTS = {
    "docker.io": "docker-hub",
    "registry-1.docker.io": "docker-hub",
    "ghcr.io": "ghcr",
    "quay.io": "quay",
    "quay.example.com:8443": "quay",
    "registry.gitlab.com": "gitlab",
    "registry.gitlab.example.com": "gitlab",
    "HARBOR.example.com": "harbor",
    "my-harbor.example.com:8443": "harbor",
    "123456789012.dkr.ecr.eu-central-1.amazonaws.com": "ecr",
    "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn": "ecr",
    "europe-west3-docker.pkg.dev": "artifact-registry",
    "eu.gcr.io": "artifact-registry",
    "example.azurecr.io": "acr",
    "nexus3.example.com:5000": "nexus",
    "example.jfrog.io": "artifactory",
    "artifactory.example.com": "artifactory",
    "registry.example.com": None,
    "harbour.example.com": None,
    "12345.dkr.ecr.eu-central-1.amazonaws.com": None,
    "notghcr.io": None,
    "ghcr.io.example.com": None,
    "": None,
}


@pytest.mark.parametrize(("host", "key"), HOSTS.items())
def test_a_host_tells_its_kind(host: str, key: str | None) -> None:
    found = presets.of_host(host)
    assert (found.key if found else None) == key


def test_a_choice_beats_the_host_and_an_unknown_one_does_not() -> None:
    for key, expected in (("gitlab", "gitlab"), ("", "harbor"), ("../nope", "harbor")):
        found = presets.chosen(key, "harbor.example.com")
        assert found is not None
        assert found.key == expected


@pytest.mark.parametrize("preset", presets.PRESETS, ids=lambda preset: preset.key)
def test_what_a_kind_advises_gets_through_the_form(preset: presets.Preset) -> None:
    assert validation.check_host(preset.host) is None
    assert preset.fixed is False or preset.knows(preset.host)
    assert validation.check_username(preset.fixed_username) is None
    assert preset.traps
    assert all(text.endswith(".") for text in preset.traps)
