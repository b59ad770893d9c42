"""The guard: a host is read once, resolved once, and every address of it is checked before one is dialed. Pure.

No name is refused for its spelling. `localhost`, `*.svc`, `kubernetes.default` and their like are caught by what they
resolve to: loopback, and the cluster's own networks. A name that anyone may point anywhere is judged in no other way.

`ipaddress.is_global` is no guard: it takes NAT64, multicast and the metadata addresses of several clouds for global.
So for IPv6 the rule is turned round: only global unicast (2000::/3) passes, and of that not what tunnels or is reserved.
Mapped and compatible addresses, NAT64, link-local and multicast lie outside of it and need no entry of their own.
A NAT64 prefix of a network's own cannot be told from here: it belongs into EDRPORTAL_CLUSTER_NETWORKS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from destinations.livecheck.deadline import Deadline
from destinations.livecheck.registry.port import CheckStopped, Code

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Where internal registries are: RFC 1918, RFC 6598 and RFC 4193."""
_SHARED = _networks("100.64.0.0/10")
_LOOPBACK = _networks("127.0.0.0/8", "::1/128")
_GLOBAL_UNICAST = ip_network("2000::/3")
_NEVER = _networks(
    "0.0.0.0/8",  # this host; Linux takes 0.0.0.0 for loopback
    "169.254.0.0/16",  # link-local, and the metadata of most clouds
    "192.0.0.0/24",  # protocol assignments, and Oracle's metadata
    "192.0.2.0/24",  # documentation
    "192.88.99.0/24",  # relays of 6to4
    "198.18.0.0/15",  # measuring
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
    "100.100.100.200/32",  # metadata: Alibaba
    "168.63.129.16/32",  # Azure's host
    "fd00:ec2::/32",  # metadata and more: AWS
    "fd20:ce::254/128",  # metadata: Google
    "fd00:c1::a9fe:a9fe/128",  # metadata: Oracle
    "fd00:42::42/128",  # metadata: Scaleway
    "fd00:a9fe:a9fe::1/128",  # metadata: Linode
    "fd00:100::100:200/128",  # metadata: Alibaba
    "2001::/23",  # protocol assignments, Teredo among them
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4
    "3fff::/20",  # documentation
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator allows.

    `networks`: private ranges in which registries may be; public addresses need no entry. `cluster_networks`,
    `refused_addresses` and whatever `refused_names` lead to (the API server's) are refused whatever else is said.
    `allow_loopback` is for demo and tests.
    """

    ports: frozenset[int]
    networks: tuple[Network, ...]
    cluster_networks: tuple[Network, ...] = ()
    refused_addresses: frozenset[Address] = frozenset()
    refused_names: frozenset[str] = frozenset()
    allow_loopback: bool = False


def refusing(rules: Rules, addresses: Iterable[Address]) -> Rules:
    """Return rules that refuse these addresses, too; loopback they judge as before."""
    more = {address for address in addresses if not is_within(address, _LOOPBACK)}
    return replace(rules, refused_addresses=rules.refused_addresses | more)


def service_range(api_server: Address) -> tuple[Network, ...]:
    """Return the range of services around the API server's service address; none where that can be no such address.

    Kubernetes gives the API server the first address of the range. So the range begins one before, and is at most as large
    as that beginning is round. Kubernetes allows a /12 and a /108. Of IPv4 no more than a /16 is taken, as nearly every
    cluster has it, since registries are in the neighborhood; but in 100.64.0.0/10 a /13, as kops and Gardener have it.
    """
    first = int(api_server) - 1
    zeros = (first & -first).bit_length() - 1
    if zeros < 1 or is_within(api_server, _LOOPBACK):
        return ()
    if isinstance(api_server, IPv6Address):
        return (IPv6Network((first, max(128 - zeros, 108))),)
    return (IPv4Network((first, max(32 - zeros, 13 if is_within(api_server, _SHARED) else 16))),)


def is_inner(address: Address) -> bool:
    return is_within(address, _LOOPBACK) or is_within(address, PRIVATE)


def check_address(address: Address, rules: Rules) -> None:
    """Raise CheckStopped (ADDRESS_REFUSED) for an address that a check must not dial."""
    if not _is_allowed(address, rules):
        raise CheckStopped(Code.ADDRESS_REFUSED)


def _is_allowed(address: Address, rules: Rules) -> bool:
    if getattr(address, "scope_id", None):
        return False  # it means something on one interface only, and equals no address of the lists
    if address in rules.refused_addresses or is_within(address, rules.cluster_networks):
        return False
    if is_within(address, _LOOPBACK):
        return rules.allow_loopback
    if is_within(address, _NEVER):
        return False
    if is_within(address, PRIVATE):
        return is_within(address, rules.networks)
    return address.version == 4 or address in _GLOBAL_UNICAST  # noqa: PLR2004 - IPv4


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def as_address(host: str) -> Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


Resolve = Callable[[str, Deadline], Iterable[Address]]
IsInner = Callable[[Address], bool]

HTTPS = 443
_MAX_PORT = 65535
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:]{1,253}))(?::([1-9][0-9]{0,4}))?")
_LABEL = "(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_REALM = re.compile(r"[Hh][Tt][Tt][Pp][Ss]://([^/?]*)(?:[/?][!-\"$-\[\]-~]*)?")


@dataclass(frozen=True, slots=True)
class Approved:
    """A host to dial: its name (IPv6 without brackets) and checked addresses; `left_out` if it has more of them."""

    name: str
    port: int
    addresses: tuple[Address, ...]
    left_out: bool = False


def parse(host: str) -> tuple[str, int]:
    """Return name, in lower case, and port of HOST, HOST:PORT or [IPv6]:PORT. Raises CheckStopped (BAD_HOST).

    Without a port it is 443. A name has letters, digits and hyphens in labels of at most 63, and no dot at its end: more
    no image reference can hold. A last label that is a number makes an address in four plain decimals or nothing; the
    short, octal and hexadecimal forms that the system's resolver would take are neither address nor name.
    """
    match = _HOST.fullmatch(host)
    if not match or int(match[3] or HTTPS) > _MAX_PORT:
        raise CheckStopped(Code.BAD_HOST)
    return _literal(match[1]) if match[1] else _name(match[2]), int(match[3] or HTTPS)


def parse_realm(url: str) -> str:
    """Return HOST or HOST:PORT of an https URL in plain ASCII without user info. Raises CheckStopped (REALM_REFUSED)."""
    match = _REALM.fullmatch(url)
    host = match[1] if match else ""
    try:
        parse(host)
    except CheckStopped:
        raise CheckStopped(Code.REALM_REFUSED) from None
    return host


def approve(host: str, deadline: Deadline, rules: Rules, resolve: Resolve, is_inner: IsInner = is_inner) -> Approved:
    """Return the host with addresses that may be dialed, resolved once; one refused address refuses all.

    Raises CheckStopped: BAD_HOST, PORT_REFUSED, NO_SUCH_NAME, ADDRESS_REFUSED, or MIXED_ADDRESSES where only some of them are
    inner. Raises TimeoutError, too.
    """
    name, port = parse(host)
    if port not in rules.ports:
        raise CheckStopped(Code.PORT_REFUSED)
    addresses = _addresses(name, deadline, resolve)
    rules = refusing(rules, _api_servers(rules, deadline, resolve))
    for address in addresses:
        check_address(address, rules)
    if len({is_inner(address) for address in addresses}) > 1:
        raise CheckStopped(Code.MIXED_ADDRESSES)
    return Approved(name, port, addresses)


def _addresses(name: str, deadline: Deadline, resolve: Resolve) -> tuple[Address, ...]:
    try:
        return (ip_address(name),)
    except ValueError:
        addresses = tuple(dict.fromkeys(resolve(name, deadline)))
    if not addresses:
        raise CheckStopped(Code.NO_SUCH_NAME)
    return addresses


def _api_servers(rules: Rules, deadline: Deadline, resolve: Resolve) -> Iterator[Address]:
    for name in rules.refused_names:
        with suppress(CheckStopped, TimeoutError):
            yield from resolve(name, deadline)
        deadline.check()


def _literal(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise CheckStopped(Code.BAD_HOST) from None


def _name(text: str) -> str:
    lower = text.lower()
    if not _NAME.fullmatch(text) or (_NUMBER.fullmatch(lower) and as_address(lower) is None):
        raise CheckStopped(Code.BAD_HOST)
    return lower
