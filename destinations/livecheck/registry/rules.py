"""Which addresses and ports a check may dial. Pure.

`ipaddress.is_global` is no guard: it takes NAT64, multicast and the metadata addresses of several clouds for global.
So for IPv6 the rule is turned round: only global unicast (2000::/3) passes, and of that not what tunnels or is reserved.
Mapped and compatible addresses, NAT64, link-local and multicast lie outside of it and need no entry of their own.
A NAT64 prefix of a network's own cannot be told from here: it belongs into EDRPORTAL_CLUSTER_NETWORKS.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from destinations.livecheck.registry.port import Code
from destinations.livecheck.registry.stops import Trouble

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
    more = {one for one in addresses if not is_within(one, _LOOPBACK)}
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
    """Say whether only this machine or a private network has this address."""
    return is_within(address, _LOOPBACK) or is_within(address, PRIVATE)


def check_address(address: Address, rules: Rules) -> None:
    """Raise Trouble (ADDRESS_REFUSED) for an address that a check must not dial."""
    if not _is_allowed(address, rules):
        raise Trouble(Code.ADDRESS_REFUSED)


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
    """Return whether one of the networks contains the address."""
    return any(address in network for network in networks)


def as_address(host: str) -> Address | None:
    """Return the address that a host is, None for a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None
