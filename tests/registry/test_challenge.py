"""Headers are read as oras-go and containers/image read them, the hostile ones, too."""

from __future__ import annotations

import time

import pytest

from destinations.livecheck.registry.challenge import Challenge, Scheme, for_helm, for_skopeo, helm_refuses

BASIC, BEARER = Scheme.BASIC, Scheme.BEARER
HUB = ("https://auth.docker.io/token", "registry.docker.io", "")
REAL = {
    "Docker Hub": ('Bearer realm="https://auth.docker.io/token",service="registry.docker.io"', HUB),
    "GHCR": (
        'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"',
        ("https://ghcr.io/token", "ghcr.io", "repository:user/image:pull"),
    ),
    "Quay": ('Bearer realm="https://quay.io/v2/auth",service="quay.io"', ("https://quay.io/v2/auth", "quay.io", "")),
    "Harbor": (
        'Bearer realm="https://harbor.example.com/service/token",service="harbor-registry"',
        ("https://harbor.example.com/service/token", "harbor-registry", ""),
    ),
    "GitLab": (
        'Bearer realm="https://gitlab.example.com/jwt/auth",service="container_registry",error="invalid_token"',
        ("https://gitlab.example.com/jwt/auth", "container_registry", ""),
    ),
    "ACR": (
        'Bearer realm="https://demo.azurecr.io/oauth2/token",service="demo.azurecr.io"',
        ("https://demo.azurecr.io/oauth2/token", "demo.azurecr.io", ""),
    ),
    "Artifact Registry": (
        'Bearer realm="https://europe-docker.pkg.dev/v2/token",service="europe-docker.pkg.dev"',
        ("https://europe-docker.pkg.dev/v2/token", "europe-docker.pkg.dev", ""),
    ),
}


@pytest.mark.parametrize("registry", REAL)
def test_both_tools_read_what_registries_send(registry: str) -> None:
    line, words = REAL[registry]
    assert for_helm([line]) == for_skopeo([line]) == Challenge(BEARER, *words)


@pytest.mark.parametrize(
    "line", ['Basic realm="https://1.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr"', "basic", "BASIC x"]
)
def test_basic_is_basic_whatever_stands_behind_it(line: str) -> None:
    assert for_helm([line]) == for_skopeo([line]) == Challenge(BASIC)


@pytest.mark.parametrize(
    ("lines", "helm", "skopeo"),
    [
        ([], None, None),
        ([""], None, None),
        (["Negotiate", "Basic"], None, Challenge(BASIC)),
        (["Basic", 'Bearer realm="https://a"'], Challenge(BASIC), Challenge(BASIC)),
        ([" Basic"], None, None),
        (["Bearer"], Challenge(BEARER), Challenge(BEARER)),
        (['bEaReR realm="https://a"'], Challenge(BEARER, "https://a"), Challenge(BEARER, "https://a")),
        (['Bearer Realm="https://a"'], Challenge(BEARER), Challenge(BEARER, "https://a")),
        (['Bearer realm = "https://a"'], Challenge(BEARER, "https://a"), Challenge(BEARER)),
        (['Bearer service="",realm="https://a"'], Challenge(BEARER, "https://a"), Challenge(BEARER)),
        ([r'Bearer realm="https:\/\/a"'], Challenge(BEARER), Challenge(BEARER, "https://a")),
        ([r'Bearer realm="https://a\"b"'], Challenge(BEARER, 'https://a"b'), Challenge(BEARER, 'https://a"b')),
        (
            ['Bearer realm="https://a",realm="https://b"'],
            Challenge(BEARER, "https://b"),
            Challenge(BEARER, "https://b"),
        ),
        (['Bearer realm="https://a" ; service="s"'], Challenge(BEARER, "https://a"), Challenge(BEARER, "https://a")),
        (
            ['Bearer realm="https://a" ,\t service=s'],
            Challenge(BEARER, "https://a", "s"),
            Challenge(BEARER, "https://a", "s"),
        ),
        (['Bearer realm="https://a'], Challenge(BEARER), Challenge(BEARER)),
    ],
)
def test_odd_headers_are_read_as_each_tool_reads_them(
    lines: list[str], helm: Challenge | None, skopeo: Challenge | None
) -> None:
    assert (for_helm(lines), for_skopeo(lines)) == (helm, skopeo)


@pytest.mark.parametrize(
    "line", ['Bearer realm="' + "\\" * 60_000, "Bearer " + 'a="b",' * 10_000, "Bearer " + " \t" * 30_000]
)
def test_a_header_made_to_be_slow_is_read_at_once(line: str) -> None:
    began = time.process_time()
    for_helm([line])
    for_skopeo([line])
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("realm", "creates"),
    [
        ("https://quay.io/v2/auth", True),
        ("https://quay.example.com/v2/auth/?x=y", True),
        ("https://quay.io/v2/token", False),
        ("/v2/auth", False),
        ("https://[/v2/auth", False),
    ],
)
def test_only_the_token_service_of_quay_may_create(realm: str, *, creates: bool) -> None:
    assert Challenge(BEARER, realm).may_create is creates


@pytest.mark.parametrize(
    ("realm", "refuses"),
    [
        ("", False),
        ("https://auth.example.com/token", False),
        ("HTTPS://auth.example.com", False),
        ("http://registry.example.com/token", True),
        ("ftp://registry.example.com", True),
        ("//registry.example.com", True),
        ("https://[::1", True),
        ("https://127.0.0.1/token", True),
        ("https://10.0.0.1:8443/token", True),
        ("https://169.254.169.254/", True),
        ("https://224.0.0.1/", True),
        ("https://0.0.0.0/", True),
        ("https://[::1]/", True),
        ("https://[fd00::1]/", True),
        ("https://[ff02::1]/", True),
        ("https://[::ffff:10.0.0.1]/", True),
        ("https://100.64.0.1/", False),  # Go calls none of these private
        ("https://198.18.0.1/", False),
        ("https://192.0.2.1/", False),
        ("https://192.168.7.7/token", False),  # the registry itself
    ],
)
def test_helm_refuses_the_realms_that_go_calls_inner(realm: str, *, refuses: bool) -> None:
    assert helm_refuses(realm, "192.168.7.7") is refuses
