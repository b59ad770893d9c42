"""Where a request comes from, as far as the proxies in front of the portal can be believed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

UNKNOWN = "unknown"


def client_address(meta: Mapping[str, str], hops: int) -> str:
    """Return the address of the person: what the outermost of `hops` trusted proxies saw.

    Each of them appends one address to X-Forwarded-For; what is further left was written by the person. Without
    that many entries, or where the entry is not an address, it is the peer of the connection.
    """
    peer = _canonical(meta.get("REMOTE_ADDR", "")) or UNKNOWN
    if hops < 1:
        return peer
    entries = meta.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", hops)[-hops:]
    return (_canonical(entries[0]) if len(entries) == hops else "") or peer


def is_https(meta: Mapping[str, str], hops: int) -> bool:
    """Return whether the browser speaks TLS: to the portal, or by the word of the nearest proxy where there is one."""
    if hops >= 1 and "HTTP_X_FORWARDED_PROTO" in meta:
        return meta["HTTP_X_FORWARDED_PROTO"].rpartition(",")[2].strip().lower() == "https"
    return meta.get("wsgi.url_scheme") == "https"


def _canonical(text: str) -> str:
    """Return an address in its one form, without port and zone; empty if it is not one."""
    text = text.strip()[:100]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
