"""The guard: a host is read once, resolved once, and every address of it is looked at before one is dialled.

No name is refused for its spelling. `localhost`, `*.svc`, `kubernetes.default` and their like are caught by what they
resolve to: loopback, and the cluster's own networks. A name that anybody may point anywhere is judged in no other way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from destinations.livecheck.registry import resolver
from destinations.livecheck.registry.deadline import Deadline
from destinations.livecheck.registry.port import Code
from destinations.livecheck.registry.rules import Address, Rules, check_address, is_inner, refusing
from destinations.livecheck.registry.stops import Trouble

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
    """A host that may be asked: its name (an IPv6 address without brackets), its port, its checked addresses.

    `left_out` where the name has more addresses, which this check does not try.
    """

    name: str
    port: int
    addresses: tuple[Address, ...]
    left_out: bool = False


def parse(host: str) -> tuple[str, int]:
    """Return name, in lower case, and port of HOST, HOST:PORT or [IPv6]:PORT. Raises Trouble (BAD_HOST).

    Without a port it is 443. A name has letters, digits and hyphens in labels of at most 63, and no dot at its end: more
    no image reference can hold. A last label that is a number makes an address in four plain decimals or nothing; the
    short, octal and hexadecimal forms that the system's resolver would take are neither address nor name.
    """
    found = _HOST.fullmatch(host)
    if not found or int(found[3] or HTTPS) > _MAX_PORT:
        raise Trouble(Code.BAD_HOST)
    return _literal(found[1]) if found[1] else _name(found[2]), int(found[3] or HTTPS)


def parse_realm(url: str) -> str:
    """Return HOST or HOST:PORT of a token service, for `approve`. Raises Trouble (REALM_REFUSED).

    It is an https address without user, fragment, backslash, blank, control character or anything outside of ASCII.
    """
    found = _REALM.fullmatch(url)
    if not found:
        raise Trouble(Code.REALM_REFUSED)
    try:
        parse(found[1])
    except Trouble:
        raise Trouble(Code.REALM_REFUSED) from None
    return found[1]


def approve(
    host: str, deadline: Deadline, rules: Rules, resolve: Resolve = resolver.resolve, is_inner: IsInner = is_inner
) -> Approved:
    """Return the host with addresses that may be dialled, resolved once; one refused address refuses all.

    Raises Trouble: BAD_HOST, PORT_REFUSED, NO_SUCH_NAME, ADDRESS_REFUSED, OUT_OF_TIME, or MIXED_ADDRESSES where only some
    of them are inner.
    """
    name, port = parse(host)
    if port not in rules.ports:
        raise Trouble(Code.PORT_REFUSED)
    addresses = _addresses(name, deadline, resolve)
    rules = refusing(rules, _api_servers(rules, deadline, resolve))
    for address in addresses:
        check_address(address, rules)
    if len({is_inner(address) for address in addresses}) > 1:
        raise Trouble(Code.MIXED_ADDRESSES)
    return Approved(name, port, addresses)


def _addresses(name: str, deadline: Deadline, resolve: Resolve) -> tuple[Address, ...]:
    try:
        return (ip_address(name),)
    except ValueError:
        found = tuple(dict.fromkeys(resolve(name, deadline)))
    if not found:
        raise Trouble(Code.NO_SUCH_NAME)
    return found


def _api_servers(rules: Rules, deadline: Deadline, resolve: Resolve) -> Iterator[Address]:
    """Yield what the API server's names lead to at this moment; one that leads nowhere protects nothing."""
    for name in rules.refused_names:
        with suppress(Trouble):
            yield from resolve(name, deadline)
        _ = deadline.left


def _literal(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise Trouble(Code.BAD_HOST) from None


def _name(text: str) -> str:
    lower = text.lower()
    if not _NAME.fullmatch(text) or (_NUMBER.fullmatch(lower) and not is_address(lower)):
        raise Trouble(Code.BAD_HOST)
    return lower


def is_address(text: str) -> bool:
    """Return whether the text is an address of IPv4 or IPv6, without brackets."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
