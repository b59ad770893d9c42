"""The address that Go's HTTP client dials for a registry, and what `net` finds wrong with it before it resolves a name.

Mirrors net/http (canonicalAddr), net/url (splitHostPort), net (JoinHostPort, SplitHostPort, LookupPort).
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[^:\[\]]*(?::[0-9]{0,4})?", re.ASCII)
_PORT = re.compile(r"(.*):([0-9]*)", re.ASCII | re.DOTALL)
_HTTPS = "443"
_MAX_PORT = 65535
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
    if len(port.lstrip("0")) > _LONGEST_PORT or int(port) > _MAX_PORT:
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
