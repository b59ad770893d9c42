"""Which private keys and certificates belong together: by their public key. Pure; no key is kept or printed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from destinations.golang import gox509

_END = b"PRIVATE KEY-----"
_KEY = re.compile(rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]+-----END [A-Z ]{0,40}PRIVATE KEY-----")
_MOST = 50


def of_private_keys(contents: Iterable[bytes]) -> frozenset[bytes]:
    """Return the public key of every unencrypted private key in PEM in these texts, as its DER."""
    blocks = {block for content in contents if _END in content for block in _KEY.findall(content)}
    found = (_of_private_key(block) for block in sorted(blocks)[:_MOST])
    return frozenset(one for one in found if one)


def of_certificates(content: bytes) -> frozenset[bytes]:
    """Return the public key of every certificate that Go reads of a PEM text, as its DER."""
    if b"CERTIFICATE" not in content:
        return frozenset()
    read = (one.read for one in gox509.usable_certificates(content))
    found = set()
    for certificate in read:
        try:
            key = certificate.public_key() if certificate else None
            found.add(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) if key else b"")
        except (ValueError, UnsupportedAlgorithm, InternalError):
            continue
    return frozenset(found - {b""})


def _of_private_key(block: bytes) -> bytes:
    """Return the public key of one block, nothing where it is encrypted or damaged."""
    lines = b"\n".join(line.strip() for line in block.splitlines())
    load = load_ssh_private_key if b"OPENSSH" in lines else load_pem_private_key
    try:
        key = load(lines, None)
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm, InternalError):
        return b""
