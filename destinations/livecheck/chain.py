"""The certificates that a registry presents, by the portal's own reading of them, and which one is missing. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from destinations.golang import gox509
from destinations.verdict import certificates
from destinations.verdict.certificates import Certificate

_MAX = 10


def read(chain: Sequence[bytes]) -> list[Certificate]:
    """Return the certificates of a chain in DER, without those that Go cannot read."""
    parsed = (gox509.parse(der) for der in chain[:_MAX])
    return [certificates.describe(one) for one in parsed if one is not None]


def missing(chain: Sequence[bytes]) -> str:
    """Return the name of the CA that a chain leads to and that nobody trusts, empty where nothing was presented."""
    found = read(chain)
    if not found:
        return ""
    one = found[0]
    for _ in found:
        above = next((other for other in found if other.subject == one.issuer), None)
        if above is None or above == one:
            break
        one = above
    return one.issuer
