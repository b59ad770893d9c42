"""The settings: what a server refuses to start with."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from destinations.cluster.lookups import DeployedVersion
from destinations.cluster.memory import InMemoryCluster
from destinations.web import installation
from edrportal.configuration.environment import ConfigurationError, Environment
from edrportal.management.server import Server
from edrportal.signin.oidc import provider
from tests.services import composition
from tests.services.pki import make_pki

if TYPE_CHECKING:
    from pathlib import Path


def test_every_page_can_say_by_which_rules_it_judges() -> None:
    nothing = DeployedVersion()
    assert "no version is configured." in installation.rules("", nothing)
    assert "no version is configured, and it rains." in installation.rules("", DeployedVersion(why="it rains"))
    assert "The configured Epinio version is not a valid version" in installation.rules(
        "latest", DeployedVersion("1.13.7")
    )
    assert "The version in Epinio's Deployment is not a valid version" in installation.rules(
        "", DeployedVersion("latest")
    )
    assert "newer than the portal knows" in installation.rules("99.0.0", nothing)
    assert "close, but not exact" in installation.rules("v1.12.0", nothing)
    assert installation.rules("1.13.7", nothing) == "Judged by the rules of Epinio 1.13.7."
    assert (
        installation.rules("", DeployedVersion("v1.13.7"))
        == "Judged by the rules of Epinio 1.13.7, as stated in its Deployment."
    )


KEY = {"EDRPORTAL_SECRET_KEY": "k" * 40}


def test_a_server_needs_a_key_of_some_length() -> None:
    with pytest.raises(ConfigurationError, match="EDRPORTAL_SECRET_KEY"):
        Environment.read({}).check()
    Environment.read(KEY).check()


def test_a_key_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("f" * 40 + "\n")
    assert Environment.read({"EDRPORTAL_SECRET_KEY_FILE": str(file)}).secret_key == "f" * 40
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Environment.read({"EDRPORTAL_SECRET_KEY_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::", "portal.example.com", ""])
def test_an_address_that_others_reach_needs_to_be_wanted(address: str) -> None:
    with pytest.raises(ConfigurationError, match="EDRPORTAL_ALLOW_PLAIN_HTTP"):
        Environment.read(KEY).check_address(address)
    Environment.read({**KEY, "EDRPORTAL_ALLOW_PLAIN_HTTP": "true"}).check_address(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost"])
def test_loopback_is_fine(address: str) -> None:
    Environment.read(KEY).check_address(address)


def test_the_scopes_are_those_of_dex_or_as_stated_and_openid_is_among_them() -> None:
    stated = {
        **KEY,
        "EDRPORTAL_PUBLIC_URL": "https://portal.example.com",
        "EDRPORTAL_OIDC_CLIENT_ID": "portal",
        "EDRPORTAL_OIDC_ISSUER": "https://issuer.example.com",
    }
    for scopes, asked in (("", "openid profile email groups federated:id"), (" openid  email ", "openid email")):
        environment = Environment.read({**stated, "EDRPORTAL_OIDC_SCOPES": scopes})
        environment.check()
        with override_settings(ENVIRONMENT=environment), composition.use(InMemoryCluster()):
            assert provider.provider(composition.reads()).scopes == asked
    with pytest.raises(ConfigurationError, match="EDRPORTAL_OIDC_SCOPES"):
        Environment.read({**stated, "EDRPORTAL_OIDC_SCOPES": "profile email"}).check()


def test_the_key_is_in_no_repr() -> None:
    assert "kkkk" not in repr(Environment.read(KEY))


PRIVATE = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10"


def test_the_live_check_has_safe_defaults() -> None:
    found = Environment.read(KEY).registry
    assert [str(one) for one in found.networks] == PRIVATE.split(",")
    assert [str(one) for one in found.cluster_networks] == [
        "10.42.0.0/16", "10.43.0.0/16", "2001:cafe:42::/56", "2001:cafe:43::/112",
        "10.96.0.0/12", "10.244.0.0/16", "fd00:10:96::/112", "fd00:10:244::/56",
        "10.152.183.0/24", "34.118.224.0/20",
    ]  # fmt: skip
    assert found.ports == {443, 5000, 5443, 8443}
    assert (found.loopback, found.skopeo_roots, found.check_interval_minutes) == (False, "public", 0)


def test_lists_of_networks_and_ports_take_commas_and_blanks_and_none() -> None:
    stated = {
        "EDRPORTAL_REGISTRY_NETWORKS": " none ",
        "EDRPORTAL_CLUSTER_NETWORKS": "10.1.0.0/16, fd00:1::/64 10.2.0.0/16",
    }
    found = Environment.read({**KEY, **stated, "EDRPORTAL_REGISTRY_PORTS": "443, 65535"}).registry
    found.check()
    assert found.networks == ()
    assert [str(one) for one in found.cluster_networks] == ["10.1.0.0/16", "fd00:1::/64", "10.2.0.0/16"]
    assert found.ports == {443, 65535}


WRONG = [
    ("EDRPORTAL_REGISTRY_NETWORKS", "internal"),
    ("EDRPORTAL_REGISTRY_NETWORKS", "10.1.2.3/8"),
    ("EDRPORTAL_REGISTRY_NETWORKS", "0.0.0.0/0"),
    ("EDRPORTAL_REGISTRY_NETWORKS", "10.1.0.0/16,8.8.8.0/24"),
    ("EDRPORTAL_REGISTRY_NETWORKS", "8.0.0.0/6"),
    ("EDRPORTAL_CLUSTER_NETWORKS", "10.42.0.0/33"),
    ("EDRPORTAL_CLUSTER_NETWORKS", "none,10.42.0.0/16"),
    ("EDRPORTAL_REGISTRY_PORTS", "https"),
    ("EDRPORTAL_REGISTRY_PORTS", "0"),
    ("EDRPORTAL_REGISTRY_PORTS", "443,65536"),
    ("EDRPORTAL_REGISTRY_PORTS", ","),
    ("EDRPORTAL_REGISTRY_PORTS", "443-445"),
    ("EDRPORTAL_CHECK_INTERVAL_MINUTES", "-5"),
    ("EDRPORTAL_CHECK_INTERVAL_MINUTES", "hourly"),
    ("EDRPORTAL_SKOPEO_ROOTS", "Public"),
    ("EDRPORTAL_SKOPEO_ROOTS", "README.md"),
    ("EDRPORTAL_SKOPEO_ROOTS", "a\0b"),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=ascii)
def test_a_wrong_setting_of_the_live_check_is_named_when_a_server_starts(name: str, value: str) -> None:
    found = Environment.read({**KEY, name: value})
    with pytest.raises(ConfigurationError, match=name) as caught:
        found.check()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_skopeos_roots_can_be_a_file(tmp_path: Path) -> None:
    for stated in ("public", "none", str(make_pki(tmp_path).ca)):
        Environment.read({**KEY, "EDRPORTAL_SKOPEO_ROOTS": stated}).check()


LOOPBACK = {**KEY, "EDRPORTAL_REGISTRY_LOOPBACK": "true", "EDRPORTAL_PUBLIC_URL": "https://portal.example.com"}


@pytest.mark.parametrize(
    ("bind", "reason"),
    [
        ("0.0.0.0:8000", "EDRPORTAL_REGISTRY_LOOPBACK"),
        ("[::]:8000", "EDRPORTAL_REGISTRY_LOOPBACK"),
        ("portal.example.com:8000", "EDRPORTAL_REGISTRY_LOOPBACK"),
        (":8000", "EDRPORTAL_REGISTRY_LOOPBACK"),
        ("8000", "--bind must be HOST:PORT"),
        ("unix:/portal", "--bind must be HOST:PORT"),
    ],
)
def test_the_server_refuses_to_ask_loopback_for_people_elsewhere(bind: str, reason: str) -> None:
    with (
        override_settings(ENVIRONMENT=Environment.read({**LOOPBACK, "EDRPORTAL_ALLOW_PLAIN_HTTP": "true"})),
        pytest.raises(CommandError, match=reason),
    ):
        call_command("serve", bind=bind)


@pytest.mark.parametrize("bind", ["127.0.0.1:8000", "[::1]:8000", "localhost:8000"])
def test_the_server_may_ask_loopback_for_people_on_this_machine(bind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(Server, "__init__", lambda _, __, bind, **___: started.append(bind))
    monkeypatch.setattr(Server, "run", lambda _: None)
    with override_settings(ENVIRONMENT=Environment.read(LOOPBACK)):
        call_command("serve", bind=bind, stdout=StringIO())
    assert started == [bind]


@pytest.mark.parametrize(
    "wrong",
    [
        {"EDRPORTAL_CLUSTER": "etcd"},
        {"EDRPORTAL_PUBLIC_URL": "portal.example.com"},
        {"EDRPORTAL_READ_ONLY": "true", "EDRPORTAL_CHECK_INTERVAL_MINUTES": "60"},
    ],
)
def test_a_wrong_value_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Environment.read({**KEY, **wrong}).check()


def test_a_public_address_without_tls_starts_a_server_that_lets_nobody_in() -> None:
    environment = Environment.read({**KEY, "EDRPORTAL_PUBLIC_URL": "http://portal.example.com"})
    environment.check()
    environment.check_address("0.0.0.0")
    assert environment.is_in_clear


@pytest.mark.parametrize(
    "fine",
    [
        {"EDRPORTAL_PUBLIC_URL": "https://portal.example.com"},
        {"EDRPORTAL_PUBLIC_URL": "http://127.0.0.1:8000"},
        {"EDRPORTAL_PUBLIC_URL": "http://[::1]:8000"},
        {"EDRPORTAL_PUBLIC_URL": "http://portal.example.com", "EDRPORTAL_ALLOW_PLAIN_HTTP": "true"},
        {},
    ],
)
def test_with_tls_or_on_loopback_people_sign_in(fine: dict[str, str]) -> None:
    assert not Environment.read({**KEY, **fine}).is_in_clear


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        ("https://Portal.Example.com", "https://portal.example.com"),
        ("HTTPS://portal.example.com/", "https://portal.example.com"),
        ("https://portal.example.com:443", "https://portal.example.com"),
        ("http://portal.example.com:80/", "http://portal.example.com"),
        ("https://portal.example.com:8443", "https://portal.example.com:8443"),
        ("https://portal.example.com:80", "https://portal.example.com:80"),
        ("https://portal.example.com ", "https://portal.example.com"),
        ("\thttps://portal.example.com\n", "https://portal.example.com"),
        ("https://portal.example.com.", "https://portal.example.com"),
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_the_public_address_is_read_as_browsers_write_it(stated: str, read: str) -> None:
    environment = Environment.read({**KEY, "EDRPORTAL_PUBLIC_URL": stated})
    environment.check()
    assert environment.public_url == read
    assert environment.public_host == read.partition("://")[2].removesuffix(":8443").removesuffix(":8000").removesuffix(
        ":80"
    )


@pytest.mark.parametrize(
    "stated",
    [
        "portal.example.com",
        "ftp://portal.example.com",
        "https://",
        "https:///portal",
        "https://portal.example.com/edr",
        "https://portal.example.com/edr/",
        "https://portal.example.com?x=1",
        "https://portal.example.com#top",
        "https://user@portal.example.com",
        "https://portal.example.com:99999",
        "https://portal.example.com:0",
        "https://portal.example.com:https",
        "https://portal example.com",
        "https://portal_1.example.com",
        "https://*.example.com",
        '"https://portal.example.com"',
        "https://portal.example.com, https://other.example.com",
        "https://portal.example.com\\edr",
        "https://[::1",
    ],
)
def test_a_public_address_that_no_form_would_come_from_is_refused_at_the_start(stated: str) -> None:
    with pytest.raises(ConfigurationError, match="EDRPORTAL_PUBLIC_URL") as caught:
        Environment.read({**KEY, "EDRPORTAL_PUBLIC_URL": stated}).check()
    assert stated == "https://" or stated not in str(caught.value)


@pytest.mark.parametrize(
    "stated", ["sealed-secrets-controller", "kube-system/", "kube-system/a/b", "https://kube-system/a"]
)
def test_a_controller_is_a_namespace_and_a_name(stated: str) -> None:
    with pytest.raises(ConfigurationError, match="EDRPORTAL_SEALED_SECRETS_CONTROLLER must be the namespace"):
        Environment.read({**KEY, "EDRPORTAL_SEALED_SECRETS_CONTROLLER": stated}).check()
    Environment.read({**KEY, "EDRPORTAL_SEALED_SECRETS_CONTROLLER": " kube-system/sealed-secrets:http "}).check()
