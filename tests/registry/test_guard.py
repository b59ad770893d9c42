"""The guard: what it lets nobody dial, counted at the socket."""

from __future__ import annotations

import contextlib
import socket
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest

from destinations.livecheck.deadline import Deadline
from destinations.livecheck.registry.guard import PRIVATE, Approved, Rules, approve, check_address, parse, parse_realm
from destinations.livecheck.registry.network import Watch, connect
from destinations.livecheck.registry.port import CheckStopped, Code
from edrportal.configuration.registry import RegistryEnvironment, address_rules

if TYPE_CHECKING:
    from destinations.livecheck.registry.guard import Address

RULES = Rules(
    ports=frozenset({443, 5000, 5443, 8443}),
    networks=PRIVATE,
    cluster_networks=tuple(map(ip_network, ("10.42.0.0/16", "10.96.0.0/12", "fd42::/56", "2600:db9::/32"))),
    refused_addresses=frozenset(map(ip_address, ("192.168.9.9", "9.9.9.9", "2600::9"))),
)
PUBLIC = "93.184.216.34"
NAMES = {
    "registry.example.com": (PUBLIC, "2606:2800:220:1::1"),
    "registry.internal.example.com": ("10.1.2.3",),
    "kubernetes.default.svc": ("10.96.0.1",),
    "kubernetes.default": ("10.96.0.1",),
    "dex.epinio.svc.cluster.local": ("10.42.3.4",),
    "localhost": ("::1", "127.0.0.1"),
    "portal.localhost": ("127.0.0.1",),
    "metadata.google.internal": ("169.254.169.254",),
    "two.example.com": (PUBLIC, "::1"),
    "mapped.example.com": (PUBLIC, "::ffff:127.0.0.1"),
    "last.example.com": (PUBLIC, "93.184.216.35", "10.96.0.1"),
    "mixed.example.com": (PUBLIC, "10.1.2.3"),
    "mixed6.example.com": ("fd12:3456::1", PUBLIC),
    "carrier.example.com": ("2606:2800:220:1::1", "100.64.0.9"),
    "zoned.example.com": ("2606:2800:220:1::1%2",),
    "api.example.com": ("9.9.9.9",),
    "nowhere.example.com": (),
}

BAD = [
    "",
    "https://registry.example.com",
    "oci://registry.example.com",
    "https://index.docker.io/v1/",
    "registry.example.com/",
    "registry.example.com/team",
    "user:pw@registry.example.com",
    "registry.example.com\\@169.254.169.254",
    "registry.example.com#@evil",
    "registry.example.com?x=",
    "registry.example.com:0",
    "registry.example.com:",
    "registry.example.com:99999",
    "registry.example.com:65536",
    "registry.example.com:443:443",
    "registry.example.com:0443",
    "registry.example.com:+443",
    "registry.example.com:4_43",
    "registry.example.com:٣",
    "registry.example.com:4٤3",
    "reg istry",
    " registry.example.com",
    "registry.example.com\n",
    "registry.example.com\r\nX: y",
    "registry.example.com\0",
    "registry.example.com\0.evil",
    "registry.example.com\t",
    "[::1",
    "::1",
    "[]",
    "[::1]x",
    "[::g]",
    "[1.2.3.4]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[2606:2800::1%2]",
    "127.1",
    "0",
    "2130706433",
    "0x7f000001",
    "0X7F000001",
    "0x",
    "0177.0.0.1",
    "0x7f.1",
    "127.0.0.0x1",
    "127.0.0.01",
    "127.0.0.1.",
    "127.0.0.256",
    "1.2.3.4.5",
    "registry.127",
    "127。0。0。1",
    "ⓛocalhost",
    "xn--",
    "a" * 64 + ".example.com",
    ".".join(["a" * 49] * 5) + ".abcd",  # 254 characters
    "*.example.com",
    "reg_istry.example.com",
    "-registry.example.com",
    "registry-.example.com",
    "registry.-example.com",
    "registry.example-.com",
    "registry.example-",
    "registry." + "a" * 64,
    "\N{KELVIN SIGN}ubernetes.default",  # in lower case it is a plain k
    ".example.com",
    "registry..example.com",
    "registry.example.com.",
    "javascript:alert(1)",
    "localhost.",
    "%6cocalhost",
    "registry.example.com%2f",
]

REFUSED = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.170.2",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "100.100.100.200",
    "10.42.0.1",
    "10.111.255.255",
    "192.168.9.9",
    "9.9.9.9",
    "[::]",
    "[::1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:8.8.8.8]",
    "[::ffff:0:8.8.8.8]",
    "[::8.8.8.8]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[100::1]",
    "[2001::1]",
    "[2001:20::1]",
    "[2001:db8::1]",
    "[2002:a9fe:a9fe::]",
    "[3fff::1]",
    "[4000::1]",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
    "[fd20:ce::254]",
    "[fd00:c1::a9fe:a9fe]",
    "[fd00:42::42]",
    "[fd00:a9fe:a9fe::1]",
    "[fd00:100::100:200]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[fd42::7]",
    "[2600:db9::1]",
    "[2600::9]",
    "localhost",
    "LOCALHOST:5000",
    "portal.localhost",
    "kubernetes.default",
    "kubernetes.default.svc",
    "dex.epinio.svc.cluster.local:8443",
    "metadata.google.internal",
    "two.example.com",
    "mapped.example.com",
    "last.example.com",
    "zoned.example.com",
    "api.example.com",
]

REFUSED_PORTS = ["registry.example.com:22", "registry.example.com:80", "127.0.0.1:6443", "[::1]:2379"]

REALMS = [
    ("http://registry.example.com/token", Code.REALM_REFUSED),
    ("http://169.254.169.254/latest/meta-data/", Code.REALM_REFUSED),
    ("//registry.example.com/token", Code.REALM_REFUSED),
    ("https://user:pw@registry.example.com/token", Code.REALM_REFUSED),
    ("https://registry.example.com\\@169.254.169.254/token", Code.REALM_REFUSED),
    ("https://registry.example.com/token#@169.254.169.254", Code.REALM_REFUSED),
    ("https://registry.example.com/to ken", Code.REALM_REFUSED),
    ("https://registry.example.com/token\r\nX: y", Code.REALM_REFUSED),
    ("https://registry.example.com/tökén", Code.REALM_REFUSED),
    ("https://registry.example.com/a\\b", Code.REALM_REFUSED),
    ("https:///token", Code.REALM_REFUSED),
    ("https:registry.example.com/token", Code.REALM_REFUSED),
    ("https://2852039166/latest", Code.REALM_REFUSED),
    ("file:///etc/passwd", Code.REALM_REFUSED),
    ("https://169.254.169.254/token", Code.ADDRESS_REFUSED),
    ("https://[::ffff:127.0.0.1]/token", Code.ADDRESS_REFUSED),
    ("https://localhost?x=@registry.example.com", Code.ADDRESS_REFUSED),
    ("https://kubernetes.default.svc/api", Code.ADDRESS_REFUSED),
    ("https://registry.example.com:6443/token", Code.PORT_REFUSED),
]


def resolve(name: str, _: Deadline) -> tuple[Address, ...]:
    return tuple(map(ip_address, NAMES[name]))


def dial(host: str, rules: Rules = RULES, resolve: Any = resolve) -> Approved:
    """Do what a check does first: ask the guard, then connect to whatever it approves."""
    deadline = Deadline(5)
    approved = approve(host, deadline, rules, resolve)
    with Watch(deadline) as watch, contextlib.suppress(CheckStopped):
        connect(approved, watch)
    return approved


def code_of(host: str, **more: Any) -> Code:
    with pytest.raises(CheckStopped) as caught:
        dial(host, **more)
    return caught.value.code


@pytest.mark.parametrize("host", BAD, ids=ascii)
def test_what_is_no_host_is_not_dialled(host: str, dialled: list[Any]) -> None:
    assert code_of(host) == Code.BAD_HOST
    assert dialled == []


@pytest.mark.parametrize("host", REFUSED)
def test_a_refused_address_is_not_dialled_however_it_is_written(host: str, dialled: list[Any]) -> None:
    assert code_of(host) == Code.ADDRESS_REFUSED
    assert dialled == []


@pytest.mark.parametrize("host", REFUSED_PORTS)
def test_other_ports_are_not_dialled(host: str, dialled: list[Any]) -> None:
    assert code_of(host) == Code.PORT_REFUSED
    assert dialled == []


@pytest.mark.parametrize(("url", "code"), REALMS, ids=ascii)
def test_a_hostile_realm_is_not_dialled(url: str, code: Code, dialled: list[Any]) -> None:
    with pytest.raises(CheckStopped) as caught:
        dial(parse_realm(url))
    assert (caught.value.code, dialled) == (code, [])


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://auth.example.com/token?service=registry.example.com&scope=a%20b", "auth.example.com"),
        ("HTTPS://auth.example.com:8443", "auth.example.com:8443"),
        ("https://auth.example.com?a=~!$'()*+,;:@/[]", "auth.example.com"),
        ("https://[2606:2800:220:1::1]/token", "[2606:2800:220:1::1]"),
    ],
)
def test_a_plain_realm_names_its_host(url: str, host: str) -> None:
    assert parse_realm(url) == host


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("registry.example.com", ("registry.example.com", 443)),
        ("REGISTRY.Example.COM:5000", ("registry.example.com", 5000)),
        ("registry.example.com:65535", ("registry.example.com", 65535)),
        ("registry", ("registry", 443)),
        ("0xg.example.com", ("0xg.example.com", 443)),
        ("1.2.3.example", ("1.2.3.example", 443)),
        ("xn--bcher-kva.example.com", ("xn--bcher-kva.example.com", 443)),
        ("a" * 63 + ".example.com", ("a" * 63 + ".example.com", 443)),
        (".".join(["a" * 49] * 5) + ".abc", (".".join(["a" * 49] * 5) + ".abc", 443)),
        ("8.8.8.8:5000", ("8.8.8.8", 5000)),
        ("[2606:2800:0220::0:1]:8443", ("2606:2800:220::1", 8443)),
        ("[::ffff:8.8.8.8]", ("::ffff:808:808", 443)),
    ],
)
def test_a_host_is_read_into_name_and_port(host: str, expected: tuple[str, int]) -> None:
    assert parse(host) == expected


def test_an_approved_host_is_dialled_at_its_checked_addresses(dialled: list[Any]) -> None:
    approved = dial("Registry.example.com:5000")
    assert (approved.name, approved.port) == ("registry.example.com", 5000)
    assert dialled == [(PUBLIC, 5000), ("2606:2800:220:1::1", 5000)]


def test_an_address_is_not_resolved(dialled: list[Any]) -> None:
    dial("8.8.8.8", resolve=None)
    dial("[2606:2800:220:1::1]", resolve=None)
    assert dialled == [("8.8.8.8", 443), ("2606:2800:220:1::1", 443)]


def test_a_name_that_is_bound_anew_after_the_look_is_dialled_at_the_address_that_was_looked_at(
    dialled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([(PUBLIC,), ("127.0.0.1",), ("127.0.0.1",)])
    asked: list[str] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("resolved a second time"))

    def rebinding(name: str, _: Deadline) -> list[Address]:
        asked.append(name)
        return list(map(ip_address, next(answers)))

    dial("rebinding.example.com", resolve=rebinding)
    assert (asked, dialled) == (["rebinding.example.com"], [(PUBLIC, 443)])


def test_the_same_address_twice_is_dialled_once(dialled: list[Any]) -> None:
    dial("double.example.com", resolve=lambda *_: list(map(ip_address, (PUBLIC, PUBLIC))))
    assert dialled == [(PUBLIC, 443)]


@pytest.mark.parametrize("host", ["mixed.example.com", "mixed6.example.com:5000", "carrier.example.com"])
def test_a_name_with_private_and_public_addresses_is_not_dialled(host: str, dialled: list[Any]) -> None:
    assert code_of(host) == Code.MIXED_ADDRESSES
    assert dialled == []


def test_a_name_without_addresses_is_no_name() -> None:
    assert code_of("nowhere.example.com") == Code.NO_SUCH_NAME


PRIVATES = ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255",
            "[fc00::1]", "[fd12:3456::1]", "registry.internal.example.com"]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATES)
def test_a_private_address_is_dialled_only_where_the_operator_allows_it(host: str, dialled: list[Any]) -> None:
    assert code_of(host, rules=Rules(RULES.ports, networks=())) == Code.ADDRESS_REFUSED
    elsewhere = (ip_network("10.250.0.0/16"), ip_network("fd99::/64"))
    assert code_of(host, rules=Rules(RULES.ports, networks=elsewhere)) == Code.ADDRESS_REFUSED
    assert dialled == []
    dial(host)
    assert len(dialled) == 1


@pytest.mark.parametrize("host", ["8.8.8.8", "172.32.0.1", "172.15.0.1", "100.128.0.1", "11.0.0.1", "[2606:2800::1]"])
def test_a_public_address_needs_no_entry(host: str, dialled: list[Any]) -> None:
    dial(host, rules=Rules(RULES.ports, networks=()))
    assert len(dialled) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_loopback_is_dialled_where_demo_and_tests_allow_it(host: str, dialled: list[Any]) -> None:
    dial(host, rules=Rules(RULES.ports, networks=(), allow_loopback=True))
    assert dialled


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.42.0.1"])
def test_allowed_loopback_allows_nothing_else(host: str) -> None:
    lax = Rules(RULES.ports, PRIVATE, RULES.cluster_networks, allow_loopback=True)
    assert code_of(host, rules=lax) == Code.ADDRESS_REFUSED


def test_an_allowed_network_does_not_open_what_is_refused_always() -> None:
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    lax = Rules(RULES.ports, everything, RULES.cluster_networks, RULES.refused_addresses)
    for host in REFUSED:
        assert code_of(host, rules=lax) == Code.ADDRESS_REFUSED


def test_a_refusal_says_nothing_of_what_was_asked() -> None:
    for host in ("evil\x1b[31m.example.com", "two.example.com", "registry.example.com:22"):
        with pytest.raises(CheckStopped) as caught:
            dial(host)
        assert str(caught.value) in set(Code)


def test_what_the_api_servers_name_leads_to_is_refused(dialled: list[Any]) -> None:
    leads = {
        "api.example.com": ["10.7.7.7", "fd12::9"],
        "registry.example.com": ["10.7.7.7"],
        "other.example.com": ["10.7.7.8"],
    }

    def resolve(name: str, _: Deadline) -> list[Address]:
        return list(map(ip_address, leads[name]))

    for stated in (
        address_rules(
            RegistryEnvironment.read({"EDRPORTAL_REGISTRY_NETWORKS": "10.0.0.0/8,fc00::/7"}), ["api.example.com"]
        ),
        address_rules(
            RegistryEnvironment.read(
                {"KUBERNETES_SERVICE_HOST": "api.example.com", "EDRPORTAL_REGISTRY_NETWORKS": "10.0.0.0/8,fc00::/7"}
            )
        ),
    ):
        for host in ("registry.example.com", "api.example.com:5000", "10.7.7.7", "[fd12::9]"):
            assert code_of(host, rules=stated, resolve=resolve) == Code.ADDRESS_REFUSED
        assert dialled == []
        dial("other.example.com", rules=stated, resolve=resolve)
        assert dialled == [("10.7.7.8", 443)]
        dialled.clear()


def test_an_api_server_whose_name_leads_nowhere_keeps_nobody_from_a_registry(dialled: list[Any]) -> None:
    def resolve(name: str, _: Deadline) -> list[Address]:
        if name == "api.example.com":
            raise CheckStopped(Code.NO_SUCH_NAME)
        return [ip_address(PUBLIC)]

    dial("registry.example.com", rules=address_rules(RegistryEnvironment(), ["api.example.com"]), resolve=resolve)
    assert dialled == [(PUBLIC, 443)]


def test_the_api_servers_address_is_refused_whatever_else_is_said() -> None:
    stated = RegistryEnvironment.read({"KUBERNETES_SERVICE_HOST": "172.20.0.1", "EDRPORTAL_CLUSTER_NETWORKS": "none"})
    found = address_rules(stated, ["fd12::1", "[fd12::2]", "api.example.com", "127.0.0.1", "192.168.49.2", ""])
    assert found.refused_addresses == frozenset(map(ip_address, ("172.20.0.1", "fd12::1", "fd12::2", "192.168.49.2")))
    assert found.refused_names == {"api.example.com"}
    with pytest.raises(CheckStopped):
        check_address(ip_address("172.20.0.1"), found)
    check_address(ip_address("172.20.0.2"), found)


def test_the_rules_say_what_the_environment_says() -> None:
    stated = RegistryEnvironment.read(
        {
            "EDRPORTAL_REGISTRY_NETWORKS": "10.1.0.0/16, fd00:1::/64",
            "EDRPORTAL_CLUSTER_NETWORKS": "10.1.9.0/24",
            "EDRPORTAL_REGISTRY_PORTS": "443 5000",
            "EDRPORTAL_REGISTRY_LOOPBACK": "true",
        }
    )
    assert address_rules(stated) == Rules(
        ports=frozenset({443, 5000}),
        networks=(ip_network("10.1.0.0/16"), ip_network("fd00:1::/64")),
        cluster_networks=(ip_network("10.1.9.0/24"),),
        allow_loopback=True,
    )
