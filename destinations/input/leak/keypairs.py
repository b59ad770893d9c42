"""Which private keys and certificates belong together: by their public key. Pure; no key is kept or printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from cryptography import x509
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    load_ssh_private_key,
)

from destinations.golang import gopem

MOST = 50
"""Blocks in one text."""
MARK = b"PRIVATE KEY-----"
_BORDER = re.compile(rb"-----(BEGIN|END) ([A-Z ]{0,40}PRIVATE KEY)-----")
_OF_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_DER = b"\x30"
_WRONG = (ValueError, TypeError, AttributeError, UnsupportedAlgorithm, InternalError)


def blocks(contents: Iterable[bytes]) -> list[bytes]:
    """Return every block of a private key in these texts as PEM of lines of 64, without what a log put before its lines.

    One more than MOST where there are more.
    """
    found: set[bytes] = set()
    for content in contents:
        for block in _blocks(content) if MARK in content else ():
            found.add(block)
            if len(found) > MOST:
                return sorted(found)
    return sorted(found)


def of_blocks(found: Iterable[bytes]) -> tuple[frozenset[bytes], int]:
    """Return the public keys of these blocks as their DER, and how many blocks are encrypted or damaged."""
    keys = [_of_private_key(block) for block in found]
    return frozenset(key for key in keys if key), sum(not key for key in keys)


def of_private_keys(content: bytes) -> frozenset[bytes]:
    """Return the public key of every unencrypted private key in a text in PEM, or of one in DER, as its DER."""
    return of_blocks(blocks([content])[:MOST])[0] | of_der(content)


def of_der(content: bytes) -> frozenset[bytes]:
    """Return the public key of a private key in DER, as its DER; nothing for anything else."""
    found = _public(lambda: load_der_private_key(content, None).public_key()) if content[:1] == _DER else b""
    return frozenset({found} if found else ())


def of_certificates(content: bytes) -> frozenset[bytes]:
    """Return the public key of every certificate in PEM, or of one in DER, as its DER; Go need not read it."""
    ders = [one.content for one in gopem.blocks(content) if one.type.endswith(b"CERTIFICATE")]
    if content[:1] == _DER:
        ders.append(content)
    found = (_public(lambda der=der: x509.load_der_x509_certificate(der).public_key()) for der in ders)
    return frozenset(one for one in found if one)


def _blocks(content: bytes) -> Iterator[bytes]:
    begin: re.Match[bytes] | None = None
    for border in _BORDER.finditer(content):
        if border[1] == b"BEGIN":
            begin = border
        elif begin:
            yield _plain(begin[2], content[begin.end() : border.start()])
            begin = None


def _plain(kind: bytes, body: bytes) -> bytes:
    lines = body.replace(b"\\r", b"").replace(b"\\n", b"\n").splitlines()
    if b"ENCRYPTED" in body:
        written = body
    elif len(lines) > 1:  # the last line is what stands before the end mark
        written = b"".join(line[len(line.rstrip(_OF_BASE64)) :] for line in map(bytes.rstrip, lines))
    else:
        written = b"".join(body.split())
    wrapped = b"\n".join(written[at : at + 64] for at in range(0, len(written), 64))
    return b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % (kind, wrapped, kind)


def _of_private_key(block: bytes) -> bytes:
    """Return the public key of one block, nothing where it is encrypted or damaged."""
    load = load_ssh_private_key if b"OPENSSH" in block else load_pem_private_key
    return _public(lambda: load(block, None).public_key())


def _public(load: Any) -> bytes:  # noqa: ANN401 - what returns any kind of public key
    try:
        return bytes(load().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except _WRONG:
        return b""
