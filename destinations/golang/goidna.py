"""How Go's HTTP client spells a host that is not ASCII: `httpguts.PunycodeHostPort` with `idna.ToASCII`.

The raw algorithm of RFC 3492, without the mapping that browsers do before (golang.org/x/net/idna, profile Punycode).
"""

from __future__ import annotations

import re

from destinations.golang.gostrings import GoError, quote, to_valid_utf8

_PREFIX = "xn--"
_MAX_LABEL = 1024
_MAX_ENCODED = 8 * _MAX_LABEL
"""What is longer stands for more than a label holds, or overflows: a character takes seven digits at most."""


def to_ascii(host: str) -> str:
    """Return `host`, with or without a port, in ASCII. Raises GoError."""
    if host.isascii():
        return host
    name, colon, port = host.rpartition(":")
    if not colon or re.search(r"[:\[\]]", name):
        name, colon, port = host, "", ""  # `net.SplitHostPort` finds no port
    labels = [_decoded(label) if label.startswith(_PREFIX) else label for label in name.split(".")]
    encode = _encoded if len(host) <= _MAX_LABEL else _ascii_part
    ascii_name = ".".join(label if label.isascii() else encode(label) for label in labels)
    return f"{ascii_name}:{port}" if port else ascii_name


def _encoded(label: str) -> str:
    return _PREFIX + to_valid_utf8(label).encode("punycode").decode("ascii")


def _ascii_part(label: str) -> str:
    """Return a are-in for a label in a host that no resolver takes: to encode it costs the square of its length."""
    return _PREFIX + "".join(filter(str.isascii, label))


def _decoded(label: str) -> str:
    """Return what a label with the prefix stands for (`decode` in punycode.go). Raises GoError."""
    encoded = label.removeprefix(_PREFIX)
    basic, mark, rest = encoded.rpartition("-")
    if mark and basic and not rest:
        return basic
    try:
        if (mark and not basic) or len(encoded) > _MAX_ENCODED:
            raise GoError
        found = ("a" * len(basic) + mark + rest).encode("ascii").decode("punycode")  # Python wants ASCII, Go takes any
        if len(found) > _MAX_LABEL:
            raise GoError
    except ValueError:
        raise GoError(f"idna: invalid label {quote(encoded)}") from None
    letters = iter(basic)
    return "".join(next(letters) if char == "a" else char for char in found)
