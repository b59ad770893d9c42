"""Which certificates of a server's Secret are its CA, so that trust survives the next renewal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from destinations.golang.gox509 import GoCertificate


def of_server(own: Sequence[GoCertificate], beside: Sequence[GoCertificate]) -> tuple[GoCertificate, ...]:
    """Return the CA certificates to trust instead of a server's own certificate; none where they do not lead to it.

    `own` is what the server presents (`tls.crt`), `beside` what is stored as its CA (`ca.crt`). A CA for clients, which
    some Ingress controllers keep there, does not lead to the server's certificate.
    """
    chain, stored = _authorities(own), _authorities(beside)
    leaves = [one for one in own if not _is_authority(one)]
    if not leaves:
        return _distinct([*chain, *stored])
    if stored and all(_leads(leaf, chain, stored) for leaf in leaves):
        return _distinct(stored)
    return _distinct(chain) if all(_issuer(leaf, chain) for leaf in leaves) else ()


def _leads(leaf: GoCertificate, chain: Sequence[GoCertificate], stored: Sequence[GoCertificate]) -> bool:
    """Return whether a chain goes from a server's certificate up to one of those that are stored."""
    left, current = list(chain), leaf
    while not _issuer(current, stored):
        found = _issuer(current, left)
        if found is None:
            return False
        left.remove(found)
        current = found
    return True


def _issuer(certificate: GoCertificate, among: Iterable[GoCertificate]) -> GoCertificate | None:
    return next((one for one in among if _issued(certificate, one)), None)


def _issued(certificate: GoCertificate, issuer: GoCertificate) -> bool:
    below, above = certificate.read, issuer.read
    if below is None or above is None:  # Go reads a few that `cryptography` does not: the names have to do
        return certificate.issuer == issuer.subject
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _authorities(found: Iterable[GoCertificate]) -> list[GoCertificate]:
    return [one for one in found if _is_authority(one)]


def _is_authority(certificate: GoCertificate) -> bool:
    """Return whether it is a CA's; an old root without basic constraints counts where it is its own issuer."""
    return certificate.subject == certificate.issuer if certificate.is_ca is None else certificate.is_ca


def _distinct(found: Iterable[GoCertificate]) -> tuple[GoCertificate, ...]:
    return tuple({one.der: one for one in found}.values())
