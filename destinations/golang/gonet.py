"""Addresses as Go reads and dials them: net/netip (ParseAddr) and net (JoinHostPort, the dialer's checks)."""

from __future__ import annotations

import re

from destinations.golang.gostrings import GoError, quote

_GROUPS = 8
_HEX = re.compile("[0-9A-Fa-f]*")
_MAX_OCTET = 255


def _error(address: str, why: str, at: str = "") -> GoError:
    return GoError(f"ParseAddr({quote(address)}): {why}" + (f" (at {quote(at)})" if at else ""))


def check_address(address: str) -> int:
    """Return 4 or 6, the version of the address. Raises GoError (src/net/netip/netip.go)."""
    mark = re.search("[.:%]", address)
    if not mark:
        raise _error(address, "unable to parse IP")
    if mark[0] == "%":
        raise _error(address, "missing IPv6 address")
    if mark[0] == ".":
        _check_v4(address, address)
        return 4
    _check_v6(address)
    return 6


def _check_v4(address: str, part: str) -> None:
    value, digits, dots = 0, 0, 0
    for index, char in enumerate(part):
        if char in "0123456789":
            if digits == 1 and value == 0:
                raise _error(address, "IPv4 field has octet with leading zero")
            value, digits = value * 10 + int(char), digits + 1
            if value > _MAX_OCTET:
                raise _error(address, "IPv4 field has value >255")
        elif char == ".":
            if index in {0, len(part) - 1} or part[index - 1] == ".":
                raise _error(address, "IPv4 field must have at least one digit", part[index:])
            if dots == 3:  # noqa: PLR2004 - four octets
                raise _error(address, "IPv4 address too long")
            value, digits, dots = 0, 0, dots + 1
        else:
            raise _error(address, "unexpected character", part[index:])
    if dots < 3:  # noqa: PLR2004
        raise _error(address, "IPv4 address too short")


def _check_v6(address: str) -> None:
    rest, percent, zone = address.partition("%")
    if percent and not zone:
        raise _error(address, "zone must be a non-empty string")
    groups, ellipsis = 0, False
    if rest.startswith("::"):
        rest, ellipsis = rest[2:], True
        if not rest:
            return
    while groups < _GROUPS:
        match = _HEX.match(rest)
        length = match.end() if match else 0
        _check_group(address, rest, length)
        if rest[length : length + 1] == ".":
            groups += _embedded_v4(address, rest, groups, ellipsis=ellipsis)
            rest = ""
            break
        groups, rest = groups + 1, rest[length:]
        if not rest:
            break
        rest = _after_colon(address, rest)
        if rest.startswith(":"):
            if ellipsis:
                raise _error(address, "multiple :: in address", rest)
            rest, ellipsis = rest[1:], True
            if not rest:
                break
    _check_end(address, rest, groups, ellipsis=ellipsis)


def _check_group(address: str, rest: str, length: int) -> None:
    if length > 4:  # noqa: PLR2004 - four hexadecimal digits
        raise _error(address, "each group must have 4 or less digits", rest)
    if not length:
        raise _error(address, "each colon-separated field must have at least one digit", rest)


def _embedded_v4(address: str, rest: str, groups: int, *, ellipsis: bool) -> int:
    if not ellipsis and groups != _GROUPS - 2:
        raise _error(address, "embedded IPv4 address must replace the final 2 fields of the address", rest)
    if groups + 2 > _GROUPS:
        raise _error(address, "too many hex fields to fit an embedded IPv4 at the end of the address", rest)
    _check_v4(address, rest)
    return 2


def _after_colon(address: str, rest: str) -> str:
    if rest[0] != ":":
        raise _error(address, "unexpected character, want colon", rest)
    if len(rest) == 1:
        raise _error(address, "colon must be followed by more characters", rest)
    return rest[1:]


def _check_end(address: str, rest: str, groups: int, *, ellipsis: bool) -> None:
    if rest:
        raise _error(address, "trailing garbage after address", rest)
    if groups < _GROUPS and not ellipsis:
        raise _error(address, "address string too short")
    if groups == _GROUPS and ellipsis:
        raise _error(address, "the :: must expand to at least one field of zeros")


_PLAIN = re.compile(r"[^:\[\]]*(?::[0-9]{0,4})?", re.ASCII)
_PORT = re.compile(r"(.*):([0-9]*)", re.ASCII | re.DOTALL)
_HTTPS = "443"
MAX_PORT = 65535
_LONGEST_PORT = 12


def dial_problem(host: str) -> str:
    """Return Go's words for a host, with or without a port, that cannot be dialed; empty where it can."""
    if _PLAIN.fullmatch(host):
        return ""
    match = _PORT.fullmatch(host)
    name, port = (match[1], match[2] or _HTTPS) if match else (host, _HTTPS)
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    address = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    problem = _split_problem(address)
    if problem:
        return f"dial tcp: address {address}: {problem}"
    if len(port.lstrip("0")) > _LONGEST_PORT or int(port) > MAX_PORT:
        return f"dial tcp: address {port}: invalid port"
    return ""


def _split_problem(address: str) -> str:
    """Return what `net.SplitHostPort` says of an address that ends in a colon and a port."""
    colon = address.rindex(":")
    opening, closing = 0, 0
    if address.startswith("["):
        end = address.find("]")
        if end + 1 != colon:
            return "too many colons in address" if address[end + 1] == ":" else "missing port in address"
        opening, closing = 1, end + 1
    if "[" in address[opening:]:
        return "unexpected '[' in address"
    return "unexpected ']' in address" if "]" in address[closing:] else ""
