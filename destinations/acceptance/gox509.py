"""Which certificates Go takes from a bundle: `CertPool.AppendCertsFromPEM` and `x509.ParseCertificate`.

Parsed by `cryptography`, then held to Go's rules where they differ: names, the two statements of the signature's
algorithm, curves, key encodings, negative serial numbers, duplicate extensions (src/crypto/x509/parser.go). Known limit:
the content of rare extensions is judged by `cryptography` alone; of 20,000 certificates with one to three bytes changed at
random, Go and this module disagree on 364.
"""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning

from destinations.acceptance import der, goname, gopem
from destinations.acceptance.der import BIT_STRING, INTEGER, NULL, OID, SEQUENCE, DERError, Element

warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning, module=__name__)

_RSA = bytes.fromhex("2a864886f70d010101")
_EC = bytes.fromhex("2a8648ce3d0201")
_DSA = bytes.fromhex("2a8648ce380401")
_ED25519 = bytes.fromhex("2b6570")
_X25519 = bytes.fromhex("2b656e")
_CURVES: dict[bytes, type[ec.EllipticCurve]] = {
    bytes.fromhex("2b81040021"): ec.SECP224R1,
    bytes.fromhex("2a8648ce3d030107"): ec.SECP256R1,
    bytes.fromhex("2b81040022"): ec.SECP384R1,
    bytes.fromhex("2b81040023"): ec.SECP521R1,
}
_REFUSALS = (
    ValueError,
    TypeError,  # a name in an extension that `cryptography` does not expect
    IndexError,  # a field is not there
    StopIteration,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    CryptographyDeprecationWarning,
)
_RAW_KEY_BYTES = 32
_VERSION_TAG = 0xA0
_EXTENSIONS_TAG = 0xA3
_UNCOMPRESSED = 4


@dataclass(frozen=True, slots=True)
class GoCertificate:
    """A certificate that Go takes: its DER as it stands, and what `cryptography` reads of it."""

    der: bytes
    read: x509.Certificate

    def pem(self) -> bytes:
        """Return it as a plain PEM block."""
        return ssl.DER_cert_to_PEM_cert(self.der).encode()


def usable_certificates(pem: bytes) -> tuple[GoCertificate, ...]:
    """Return the certificates that Go would trust: blocks `CERTIFICATE` without headers that parse."""
    plain = (block for block in gopem.blocks(pem) if block.type == b"CERTIFICATE" and not block.headers)
    parsed = (parse(block.content) for block in plain)
    return tuple(certificate for certificate in parsed if certificate is not None)


def parse(content: bytes) -> GoCertificate | None:
    """Return the certificate in these DER bytes, or None where Go refuses it."""
    try:
        if not _is_sound(content):
            return None
        certificate = _load(content)
        _ = certificate.extensions
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except _REFUSALS:
        return None
    return GoCertificate(content, certificate)


def _load(content: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(content)
    except ValueError:
        for name in _names(content):
            content = goname.readable(content, name)
        return x509.load_der_x509_certificate(content)


def _names(content: bytes) -> tuple[Element, Element]:
    """Return issuer and subject."""
    fields = next(der.elements(content)).children()[0].children()
    first = 1 if fields[0].tag == _VERSION_TAG else 0
    return fields[first + 2], fields[first + 4]


def _is_sound(content: bytes) -> bool:
    tbs, algorithm, *_ = next(der.elements(content)).children()
    fields = tbs.children()
    if fields[0].tag == _VERSION_TAG:
        fields = fields[1:]
    serial, signed_with, issuer, _, subject, key = fields[:6]
    negative = serial.content[:1] >= b"\x80"
    named = goname.is_name(issuer) and goname.is_name(subject)
    same = algorithm == signed_with
    return not negative and same and named and _is_key(key.children()) and not _has_duplicates(fields[6:])


def _has_duplicates(rest: list[Element]) -> bool:
    found = [element for element in rest if element.tag == _EXTENSIONS_TAG]
    names = [entry.children()[0].content for outer in found for entry in outer.children()[0].children()]
    return len(names) != len(set(names))


def _is_key(info: list[Element]) -> bool:
    """Say whether Go reads this public key; one of an unknown algorithm it leaves alone."""
    algorithm, bits = info[0].children(), info[1]
    if bits.tag != BIT_STRING or not bits.content:
        return False
    name, parameters, data = algorithm[0].content, algorithm[1:], bits.content[1:]
    if name == _RSA:
        return [(one.tag, one.content) for one in parameters] == [(NULL, b"")] and _positive(data, 2)
    if name == _EC:
        return _is_point(parameters, data)
    if name in {_ED25519, _X25519}:
        return not parameters and len(data) == _RAW_KEY_BYTES
    if name == _DSA:
        return bool(parameters) and _is_positive(next(der.elements(data))) and _all_positive(parameters[0], 3)
    return True


def _positive(data: bytes, count: int) -> bool:
    return _all_positive(next(der.elements(data), Element(0, b"")), count)


def _all_positive(sequence: Element, count: int) -> bool:
    if sequence.tag != SEQUENCE:
        return False
    numbers = sequence.children()[:count]
    return len(numbers) == count and all(_is_positive(number) for number in numbers)


def _is_positive(number: Element) -> bool:
    return number.tag == INTEGER and int.from_bytes(number.content, signed=True) > 0


def _is_point(parameters: list[Element], data: bytes) -> bool:
    """Say whether this is an uncompressed point on a curve that Go has, the curve given by name."""
    if not parameters or parameters[0].tag != OID or data[:1] != bytes([_UNCOMPRESSED]):
        return False
    curve = _CURVES.get(parameters[0].content)
    if curve is None:
        return False
    ec.EllipticCurvePublicKey.from_encoded_point(curve(), data)  # ValueError off the curve
    return True


__all__ = ["DERError", "GoCertificate", "parse", "usable_certificates"]
