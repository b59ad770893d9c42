"""Which certificates Go takes: `ParseCertificate` of src/crypto/x509/parser.go, as Go 1.25.0 (Epinio 1.14.1's) has it.

Each function says which of Go's it mirrors, and refuses in Go's words; `goextensions` has the extensions, `gocryptobyte` the
reading of DER. Like Go it checks no signature, and what Go does not look at may be anything. Later versions differ in what
`goextensions` says, and in the words for a point off its curve. `cryptography` is asked only for what a page shows.
"""

from __future__ import annotations

import re
import ssl
import warnings
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning

from destinations.golang import goextensions, gopem
from destinations.golang.gocryptobyte import (
    BOOLEAN,
    CONSTRUCTED,
    CONTEXT,
    GENERALIZED_TIME,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UTC_TIME,
    String,
)
from destinations.golang.goextensions import BASIC_CONSTRAINTS, SUBJECT_ALTERNATIVE_NAME
from destinations.golang.gostrings import GoError, quote

warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning, module=__name__)

_CURVES: dict[bytes, type[ec.EllipticCurve]] = {
    bytes.fromhex("2b81040021"): ec.SECP224R1,
    bytes.fromhex("2a8648ce3d030107"): ec.SECP256R1,
    bytes.fromhex("2b81040022"): ec.SECP384R1,
    bytes.fromhex("2b81040023"): ec.SECP521R1,
}
_NULL = b"\x05\x00"
_ED25519_BYTES = 32
_UNCOMPRESSED = b"\x04"
_ANYTHING = re.compile("(?s).*")
_STRINGS = {  # by tag: how it is written, what may be in it, and what Go says otherwise
    0x0C: ("utf-8", _ANYTHING, "invalid UTF-8 string"),
    0x12: ("ascii", re.compile("[0-9 ]*"), "invalid NumericString"),
    0x13: ("ascii", re.compile(r"[a-zA-Z0-9'()*+,\-./ :=?&]*"), "invalid PrintableString"),
    0x14: ("latin-1", _ANYTHING, ""),  # T61String
    0x16: ("ascii", _ANYTHING, "invalid IA5String"),
    0x1E: ("utf-16-be", re.compile("[^\ufdd0-\ufdef\ufffe\uffff\U00010000-\U0010ffff]*"), "invalid BMPString"),
}
_TAGGED = CONTEXT | CONSTRUCTED
_MAX_VERSION = 3
_KEPT, _KEPT_BYTES = 1024, 8 * 1024

Name = tuple[tuple[bytes, str], ...]  # object identifiers (the content of their DER) with texts


@dataclass(frozen=True, slots=True)
class GoCertificate:
    """A certificate that Go takes, as Go reads it. Times are aware; `is_ca` is None without basic constraints."""

    der: bytes
    version: int
    issuer: Name
    subject: Name
    not_before: datetime
    not_after: datetime
    is_ca: bool | None
    has_alternative_names: bool

    def pem(self) -> bytes:
        return ssl.DER_cert_to_PEM_cert(self.der).encode()

    @property
    def read(self) -> x509.Certificate | None:
        """Return what `cryptography` reads of it, None where that refuses what Go takes."""
        try:
            return x509.load_der_x509_certificate(self.der)
        except (ValueError, x509.InvalidVersion):
            return None


def usable_certificates(pem: bytes) -> tuple[GoCertificate, ...]:
    """Return the certificates that Go would trust (`CertPool.AppendCertsFromPEM`): plain blocks that parse."""
    plain = (block for block in gopem.blocks(pem) if block.type == b"CERTIFICATE" and not block.headers)
    parsed = (parse(block.content) for block in plain)
    return tuple(certificate for certificate in parsed if certificate is not None)


def parse(content: bytes) -> GoCertificate | None:
    """Return the certificate in these DER bytes, or None where Go refuses it."""
    try:
        return parse_certificate(content)
    except GoError:
        return None


def parse_certificate(content: bytes) -> GoCertificate:
    """`ParseCertificate`: return the certificate in these DER bytes. Raises GoError with Go's message."""
    return (_remembered if len(content) <= _KEPT_BYTES else _parse)(content)


@lru_cache(maxsize=_KEPT)
def _remembered(content: bytes) -> GoCertificate:
    return _parse(content)


def _parse(content: bytes) -> GoCertificate:
    """`parseCertificate`, in its order: the first thing that is wrong is what Go says."""
    der = String(content)
    certificate = der.read(SEQUENCE, "x509: malformed certificate")
    tbs = certificate.read(SEQUENCE, "x509: malformed tbs certificate")
    version = _version(tbs)
    if tbs.integer("x509: malformed serial number") < 0:
        raise GoError("x509: negative serial number")
    _signature_algorithm(tbs, certificate)
    issuer = _name(tbs.element(SEQUENCE, "x509: malformed issuer").content)
    validity = tbs.read(SEQUENCE, "x509: malformed validity")
    not_before, not_after = _time(validity), _time(validity)
    subject = _name(tbs.element(SEQUENCE, "x509: malformed issuer").content)
    _public_key(tbs.read(SEQUENCE, "x509: malformed spki"))
    found = _extensions(tbs, version)
    certificate.bits("x509: malformed signature")
    if der:
        raise GoError("x509: trailing data")
    constraints = found.get(BASIC_CONSTRAINTS)
    is_ca = goextensions.parse_basic_constraints(String(constraints)) if constraints is not None else None
    has_names = SUBJECT_ALTERNATIVE_NAME in found
    return GoCertificate(content, version, issuer, subject, not_before, not_after, is_ca, has_names)


def _version(tbs: String) -> int:
    refusal = "x509: malformed version"
    tagged = tbs.optional(_TAGGED, refusal)
    version = 0 if tagged is None else tagged.int64(refusal)
    if tagged or version < 0:
        raise GoError(refusal)
    if version >= _MAX_VERSION:
        raise GoError("x509: invalid version")
    return version + 1


def _signature_algorithm(tbs: String, certificate: String) -> None:
    inner = tbs.element(SEQUENCE, "x509: malformed signature algorithm identifier").content
    if certificate.element(SEQUENCE, "x509: malformed algorithm identifier").content != inner:
        raise GoError("x509: inner and outer signature algorithm identifiers don't match")
    _algorithm(String(inner))


def _algorithm(der: String) -> tuple[bytes, bytes]:
    """`parseAI`: return the content of the object identifier, and the parameters as they are."""
    name = der.identifier("x509: malformed OID")
    return name, der.any("x509: malformed parameters").whole if der else b""


def _time(der: String) -> datetime:
    """`parseTime`."""
    if der.peek(UTC_TIME):
        return der.time(UTC_TIME, "x509: malformed UTCTime")
    if der.peek(GENERALIZED_TIME):
        return der.time(GENERALIZED_TIME, "x509: malformed GeneralizedTime")
    raise GoError("x509: unsupported time format")


def _name(content: bytes) -> Name:
    """`parseName`."""
    refusal = "x509: invalid RDNSequence"
    name, found = String(content), []
    while name:
        part = name.read(SET, refusal)
        while part:
            attribute = part.read(SEQUENCE, f"{refusal}: invalid attribute")
            kind = attribute.identifier(f"{refusal}: invalid attribute type")
            tag, value, _ = attribute.any(f"{refusal}: invalid attribute value")
            found.append((kind, _text(tag, value, f"{refusal}: invalid attribute value: ")))
    return tuple(found)


def _text(tag: int, value: bytes, refusal: str) -> str:
    """`parseASN1String`."""
    codec, allowed, problem = _STRINGS.get(tag, ("ascii", None, f"unsupported string type: {tag}"))
    try:
        text = value.decode(codec)
    except UnicodeDecodeError:
        raise GoError(refusal + problem) from None
    if not (allowed and allowed.fullmatch(text)):
        raise GoError(refusal + problem)
    return text


def _public_key(der: String) -> None:
    """`parsePublicKey`; Go leaves a key of any other algorithm alone (`getPublicKeyAlgorithmFromOID`)."""
    name, parameters = _algorithm(der.read(SEQUENCE, "x509: malformed public key algorithm identifier"))
    data = der.bits("x509: malformed subjectPublicKey")
    if name in _KEYS:
        _KEYS[name](parameters, data)


def _rsa(parameters: bytes, data: bytes) -> None:
    if parameters != _NULL:
        raise GoError("x509: RSA key missing NULL parameters")
    key = String(data).read(SEQUENCE, "x509: invalid RSA public key")
    modulus = key.integer("x509: invalid RSA modulus")
    exponent = key.int64("x509: invalid RSA public exponent")
    if modulus <= 0 or exponent <= 0:
        which = "modulus" if modulus <= 0 else "public exponent"
        raise GoError(f"x509: RSA {which} is not a positive number")


def _ecdsa(parameters: bytes, data: bytes) -> None:
    curve = _CURVES.get(String(parameters).identifier("x509: invalid ECDSA parameters"))
    if curve is None:
        raise GoError("x509: unsupported elliptic curve")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(curve(), data if data[:1] == _UNCOMPRESSED else b"")
    except ValueError:
        raise GoError("x509: failed to unmarshal elliptic curve point") from None


def _ed25519(parameters: bytes, data: bytes) -> None:
    if parameters:
        raise GoError("x509: Ed25519 key encoded with illegal parameters")
    if len(data) != _ED25519_BYTES:
        raise GoError("x509: wrong Ed25519 public key size")


def _dsa(parameters: bytes, data: bytes) -> None:
    numbers = [String(data).integer("x509: invalid DSA public key")]
    given = String(parameters).read(SEQUENCE, "x509: invalid DSA parameters")
    numbers += [given.integer("x509: invalid DSA parameters") for _ in "PQG"]
    if min(numbers) <= 0:
        raise GoError("x509: zero or negative DSA parameter")


def _extensions(tbs: String, version: int) -> dict[bytes, bytes]:
    """Read all, then go through `processExtensions`: return the values by the content of the object identifier."""
    found: dict[bytes, tuple[bool, bytes]] = {}
    if version > 1:
        tbs.optional(CONTEXT | 1, "x509: malformed issuerUniqueID")
        tbs.optional(CONTEXT | 2, "x509: malformed subjectUniqueID")
    tagged = tbs.optional(_TAGGED | 3, "x509: malformed extensions") if version == _MAX_VERSION else None
    rest = tagged.read(SEQUENCE, "x509: malformed extensions") if tagged is not None else None
    while rest:
        name, critical, value = _extension(rest.read(SEQUENCE, "x509: malformed extension"))
        if name in found:
            raise GoError(f"x509: certificate contains duplicate extension with OID {quote(dotted(name))}")
        found[name] = critical, value
    for name, (critical, value) in found.items():
        goextensions.check(name, value, critical=critical)
    return {name: value for name, (_, value) in found.items()}


def _extension(der: String) -> tuple[bytes, bool, bytes]:
    """`parseExtension`."""
    name = der.identifier("x509: malformed extension OID field")
    critical = der.boolean("x509: malformed extension critical field") if der.peek(BOOLEAN) else False
    return name, critical, der.element(OCTET_STRING, "x509: malformed extension value field").content


def dotted(identifier: bytes) -> str:
    """Return the content of an object identifier that Go reads as people write it."""
    numbers, number = list[int](), 0
    for byte in identifier:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


_KEYS = {
    bytes.fromhex("2a864886f70d010101"): _rsa,
    bytes.fromhex("2a8648ce3d0201"): _ecdsa,
    bytes.fromhex("2b6570"): _ed25519,
    bytes.fromhex("2a8648ce380401"): _dsa,
}
