"""What Go demands of a chain that OpenSSL has verified already. Pure.

Mirrors crypto/tls handshake_client.go (verifyServerCertificate) and crypto/x509 verify.go and x509.go (CheckSignatureFrom,
checkSignature): Go reads every certificate that the server sent, verifies with fewer keys and hashes, looks at no signature
of an anchor, and wants issuers to say that they are CAs.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from destinations.golang import gox509
from destinations.golang.gox509 import GoCertificate

_SIGNED_WITH = (hashes.SHA256, hashes.SHA384, hashes.SHA512, type(None))  # Ed25519 states no hash
_KEYS = (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)
_RSA_BITS = range(1024, 8192 + 1)
_WITH_CONSTRAINTS = 3


def takes(presented: Sequence[bytes], verified: Sequence[bytes], anchors: Container[bytes]) -> bool:
    """Say whether Go goes on, too: with what the server sent, and with the way that was found to an anchor.

    All in DER, the server's certificate first; `verified` may go on beyond the first of `anchors`, where Go stops.
    """
    if not all(map(_is_readable, presented)):
        return False
    end = next((place for place, der in enumerate(verified) if der in anchors), len(verified) - 1)
    way = [gox509.parse(der) for der in verified[: end + 1]]
    return (
        all(one and _verifies(one) for one in way)
        and all(one and _is_signed_well(one) for one in way[:-1])
        and all(one and _may_issue(one) for one in way[1:])
    )


def _is_readable(der: bytes) -> bool:
    found = gox509.parse(der)
    key = _key(found) if found else None
    return bool(found) and not (isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_BITS.stop)


def _verifies(certificate: GoCertificate) -> bool:
    key = _key(certificate)
    return key.key_size in _RSA_BITS if isinstance(key, rsa.RSAPublicKey) else isinstance(key, _KEYS)


def _key(certificate: GoCertificate) -> object:
    read = certificate.read
    try:
        return read.public_key() if read else None
    except (UnsupportedAlgorithm, ValueError):
        return None


def _is_signed_well(certificate: GoCertificate) -> bool:
    read = certificate.read
    try:
        return read is not None and isinstance(read.signature_hash_algorithm, _SIGNED_WITH)
    except (UnsupportedAlgorithm, ValueError):
        return False


def _may_issue(certificate: GoCertificate) -> bool:
    """Say whether it is a CA by its basic constraints; before version 3 there were none."""
    return certificate.version < _WITH_CONSTRAINTS if certificate.is_ca is None else certificate.is_ca
