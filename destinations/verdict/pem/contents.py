"""What is inside a block or a file: certificates out of DER and PKCS#7, private keys, and the base64 of a body. Pure."""

from __future__ import annotations

import re
import warnings

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, pkcs7

from destinations.golang import gox509
from destinations.golang.gox509 import GoCertificate
from destinations.verdict.pem import layers

_CAPITALS = re.compile(rb"[A-Z0-9 ]{17,}")  # as many as the shortest line of a key has: BEGIN PRIVATE KEY
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_JSON = {"\\u002b": "+", "\\u002B": "+", "\\u002f": "/", "\\u002F": "/", "\\u003d": "=", "\\u003D": "=", "\\/": "/"}
_JOINER = re.compile(r"[\"'][ \t]*[+.][ \t]*$")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9 -]{0,40}:")
EDGE = " \t\f\x1a\u00a0\u200b\u200c\u200d\u2060\"'`,;\\"
COMMENT_SIGNS = "#;*>|!%"
PKCS7 = bytes.fromhex("2a864886f70d010702")
_LONG = 128
ESCAPED_BREAK = re.compile(r"\\{1,4}[rnt]")


def is_key(content: bytes) -> bool:
    """Say whether there is a private key: as PEM, or as DER alone."""
    if _names_a_key(content):
        return True
    if content[:1] != b"\x30":
        return False
    try:
        load_der_private_key(content, None)
    except TypeError:  # encrypted
        return True
    except (ValueError, UnsupportedAlgorithm, InternalError):
        return False
    return True


def _names_a_key(content: bytes) -> bool:
    """Return whether a line `BEGIN … PRIVATE KEY` or the end of one is there, also within a line."""
    if b"PRIVATE KEY" not in content:
        return False
    return b"PRIVATE KEY-----" in content or any(
        b"PRIVATE KEY" in run.partition(b"BEGIN ")[2] for run in _CAPITALS.findall(content)
    )


def of_file(data: bytes) -> tuple[GoCertificate, ...]:
    """Return the certificates of DER, one after the other, or of PKCS#7."""
    if data[:1] != b"\x30":
        return ()
    if PKCS7 in data[:64]:
        return _of_pkcs7(data)
    found, rest = [], data
    while rest:
        size = _size(rest)
        parsed = gox509.parse(rest[:size]) if 0 < size <= len(rest) else None
        if parsed is None:
            return ()
        found.append(parsed)
        rest = rest[size:].lstrip(b"\r\n\0")
    return tuple(found)


def of_block(label: str, der: bytes) -> tuple[GoCertificate, ...]:
    """Return the certificates in the bytes of one block, none where they are not whole."""
    if PKCS7 in der[:64]:
        return _of_pkcs7(der)
    parsed = gox509.parse(der)
    if parsed is None and label == "TRUSTED CERTIFICATE":  # what OpenSSL trusts it for stands behind it
        parsed = gox509.parse(der[: _size(der)])
    return (parsed,) if parsed else ()


def _of_pkcs7(der: bytes) -> tuple[GoCertificate, ...]:
    """Return all certificates, none where Go refuses one of them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = pkcs7.load_der_pkcs7_certificates(der)
            found = [gox509.parse(one.public_bytes(Encoding.DER)) for one in held]
    except (ValueError, UnsupportedAlgorithm, InternalError):
        return ()
    return tuple(one for one in found if one) if all(found) else ()


def _size(der: bytes) -> int:
    """Return how long the element at the beginning is, 0 where that cannot be told."""
    if len(der) < 2:  # noqa: PLR2004 - tag and length
        return 0
    if der[1] < _LONG:
        return 2 + der[1]
    count = der[1] - _LONG
    return 2 + count + int.from_bytes(der[2 : 2 + count], "big") if 0 < count <= 4 else 0  # noqa: PLR2004


def body(text: str, prefix: str) -> tuple[str, bool]:
    """Return the base64 of a block without what does not belong to it, and whether header lines were dropped."""
    sign = prefix.strip()
    for escaped, char in _JSON.items():
        text = text.replace(escaped, char)
    kept: list[str] = []
    dropped = False
    for line in (part for whole in text.splitlines() for part in ESCAPED_BREAK.split(_JOINER.sub("", whole))):
        plain = line.strip(EDGE)
        if not plain:
            continue
        if sign and len(sign) <= 3:  # noqa: PLR2004 - a comment sign, no text
            plain = plain.removeprefix(sign).strip(EDGE)
        if not kept and _HEADER.match(plain):
            dropped = True
            continue
        kept.append(plain.lstrip(COMMENT_SIGNS).strip(EDGE))
    return "".join(kept), dropped


def tail(text: str) -> bytes | None:
    """Return the base64 that ends before an END line without a BEGIN line."""
    kept: list[str] = []
    for line in reversed(text.splitlines()):
        plain = line.strip(EDGE)
        if plain and not is_base64(plain):
            break
        kept.append(plain)
    return layers.base64("".join(reversed(kept)))


def is_base64(line: str) -> bool:
    """Return whether a line is nothing but base64."""
    return _BASE64_LINE.fullmatch(line) is not None
