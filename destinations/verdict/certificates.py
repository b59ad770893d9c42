"""PEM bundles for people: every block with its certificate and health, and what is wrong with the rest, in words."""

from __future__ import annotations

import re
import warnings
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from destinations.golang import gopem, gox509
from destinations.golang.gox509 import GoCertificate
from destinations.model import Advice
from destinations.verdict import pem as pem_texts

# `cryptography` warns of a country that has not two letters; it is shown as it stands.
warnings.filterwarnings("ignore", message="Attribute's length must be", category=UserWarning)

SOON = timedelta(days=30)
MAX_BUNDLE_BYTES = 256 * 1024
MAX_CERTIFICATES = 50
MAX_PROBLEMS = 10


class Health(StrEnum):
    """How a certificate stands at a moment."""

    VALID = "valid"
    EXPIRING = "expires soon"
    EXPIRED = "expired"
    NOT_YET = "not yet valid"


def health(not_before: datetime, not_after: datetime, now: datetime) -> Health:
    """Return how a certificate with this validity stands at a time; all three are aware."""
    if now > not_after:
        return Health.EXPIRED
    if now < not_before:
        return Health.NOT_YET
    return Health.EXPIRING if not_after - now <= SOON else Health.VALID


@dataclass(frozen=True, slots=True)
class CertificateSummary:
    """What a person wants to know of one certificate. Times are aware; the fingerprint is SHA-256 in hex."""

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str
    key: str
    is_ca: bool

    def health(self, now: datetime) -> Health:
        """Return how the certificate stands at an aware time."""
        return health(self.not_before, self.not_after, now)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What Helm and skopeo will trust (`pem`, re-serialised), what else is in it, and in `notes` what was repaired."""

    certificates: tuple[CertificateSummary, ...]
    problems: tuple[Advice, ...]
    pem: bytes = b""
    has_private_key: bool = False
    notes: tuple[str, ...] = ()


_CONVERT = "Convert it to PEM: openssl x509 -inform der -in FILE -out FILE.pem"
EMPTY = Advice("There is nothing in it.", "Give at least one PEM block BEGIN CERTIFICATE, or leave the bundle away.")
PRIVATE_KEY = Advice(
    "It holds a private key, which would be mounted into every export job; it was not kept, and is not shown again.",
    "Give the CA certificates alone, and treat the key as exposed: replace it.",
)
DER = Advice("It is a certificate in binary form (DER).", _CONVERT)
PKCS12 = Advice(
    "It is a PKCS#12 file (.p12, .pfx), or another binary file.",
    "Take the CA certificates out: openssl pkcs12 -in FILE -cacerts -nokeys -out ca.pem",
)
PKCS7 = Advice(
    "It is a PKCS#7 file (.p7b).", "Take the certificates out: openssl pkcs7 -print_certs -in FILE -out ca.pem"
)
REQUEST = Advice("It holds a certificate request (CSR), which nobody has signed.", "Give the CA's certificate instead.")
TRUSTED = Advice(
    "It holds a block BEGIN TRUSTED CERTIFICATE or X509 CERTIFICATE, which Go does not read.",
    "Convert it: openssl x509 -in FILE -out ca.pem",
)
BOM = Advice(
    "It starts with a byte order mark, so the first certificate is not found.",
    "Save it as UTF-8 without a byte order mark.",
)
UTF16 = Advice("It is text in UTF-16.", "Save it as plain ASCII or UTF-8 without a byte order mark.")
LITERAL = Advice(r"Its line ends are spelled out as \n.", "Replace every \\n by a real line end.")
INDENTED = Advice(
    "Its lines are indented, and Go only finds BEGIN at the start of a line.", "Remove the blanks before the lines."
)
TWICE_ENCODED = Advice("It is base64 of a PEM text: it was encoded once too often.", "Decode it: base64 -d FILE")
TRUNCATED = Advice(
    "A block has a BEGIN line and no matching END line: it is cut off.",
    "Copy the whole text, BEGIN and END lines included.",
)
HEADERS = Advice("A CERTIFICATE block has header lines, and Go skips such a block.", "Remove the lines with a colon.")
UNREADABLE = Advice(
    "A CERTIFICATE block cannot be read by Go and is skipped.", "Export the certificate again from where it comes."
)
NO_PEM = Advice(
    "There is no PEM block in it.", "Give text that starts with -----BEGIN CERTIFICATE-----, with five plain dashes."
)
TOO_LARGE = Advice(
    f"It is larger than {MAX_BUNDLE_BYTES // 1024} KiB, and was not read. A CA bundle is a few KiB.",
    "Give only the CA certificates of this registry.",
)
TOO_MANY = Advice(
    f"There are more than {MAX_CERTIFICATES} certificates in it.", "Give only the CA certificates of this registry."
)
ALL_EXPIRED = Advice("Every certificate in it has expired.", "Give the registry's current CA certificate.")


def read_bundle(pem: bytes) -> Bundle:
    """Return the certificates that Go would trust, and what is wrong with the rest. Never raises, shows no key."""
    found: list[GoCertificate] = []
    problems: list[Advice] = []
    for block in gopem.blocks(pem):
        parsed = gox509.parse(block.content) if block.type == b"CERTIFICATE" and not block.headers else None
        if parsed is not None:
            found.append(parsed)
        elif block.type != b"CERTIFICATE" or block.headers:
            problems.append(_of_block(block))
        else:
            problems.append(UNREADABLE)
    problems += _of_text(pem, found=len(found))
    if pem_texts.holds_private_key(pem):
        problems.insert(0, PRIVATE_KEY)
    clean = b"".join(certificate.pem() for certificate in found)
    return Bundle(tuple(map(describe, found)), tuple(dict.fromkeys(problems)), clean, PRIVATE_KEY in problems)


def read_new_bundle(raw: bytes, now: datetime) -> Bundle:
    """Return a bundle that somebody wants to store, held to what a bundle may reasonably be. Never raises.

    Every block that is begun becomes a certificate, or a problem that names its line. More than `MAX_BUNDLE_BYTES` are
    not looked at.
    """
    if len(raw) > MAX_BUNDLE_BYTES:
        return Bundle((), (TOO_LARGE,))
    bundle = _repaired(raw)
    if len(bundle.certificates) > MAX_CERTIFICATES:
        return replace(bundle, problems=(*bundle.problems, TOO_MANY))
    if bundle.certificates and all(one.health(now) is Health.EXPIRED for one in bundle.certificates):
        return replace(bundle, problems=(*bundle.problems, ALL_EXPIRED))
    return bundle


def _repaired(raw: bytes) -> Bundle:
    """Return what is in a bundle, damaged blocks repaired where that is certain."""
    found = pem_texts.read(raw)
    if found.has_private_key:
        return Bundle((), (PRIVATE_KEY,), has_private_key=True)
    if not found.certificates and not found.refusals:
        return read_bundle(raw)
    problems = [
        Advice(f"Line {one.line}: {one.advice.message}", one.advice.fix) for one in found.refusals[:MAX_PROBLEMS]
    ]
    if more := len(found.refusals) - MAX_PROBLEMS:
        problems += [Advice(f"There are {more} more such blocks.", "Give the bundle block by block.")] * (more > 0)
    pem = b"".join(one.pem() for one in found.certificates)
    return Bundle(tuple(map(describe, found.certificates)), tuple(problems), pem, notes=found.notes)


def holds_private_key(text: bytes) -> bool:
    """Return whether there is a private key in a text, also in one that is encoded or damaged; in linear time.

    A text of more than `MAX_BUNDLE_BYTES` is not looked at, and counts as one that holds a key.
    """
    return len(text) > MAX_BUNDLE_BYTES or pem_texts.holds_private_key(text)


def has_key_beside(data: Mapping[str, bytes]) -> bool:
    """Return whether a certificate secret holds a private key, under whatever name."""
    return "tls.key" in data or any(b"PRIVATE KEY-----" in value for value in data.values())


def _of_block(block: gopem.Block) -> Advice:
    if b"PRIVATE KEY" in block.type:
        return PRIVATE_KEY
    if b"REQUEST" in block.type:
        return REQUEST
    if block.type in {b"PKCS7", b"CMS"}:
        return PKCS7
    if block.type in {b"TRUSTED CERTIFICATE", b"X509 CERTIFICATE"}:
        return TRUSTED
    if block.type == b"CERTIFICATE":
        return HEADERS
    return Advice("It holds a PEM block that is no certificate.", "Leave only the CERTIFICATE blocks.")


def _of_text(pem: bytes, *, found: int) -> list[Advice]:
    """Return what is wrong outside the blocks that Go sees."""
    if not pem.strip():
        return [EMPTY]
    if pem.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00-\x00-" in pem:
        return [UTF16]
    problems = []
    if pem.startswith(b"\xef\xbb\xbf"):
        problems.append(BOM)
    if b"-----\\n" in pem or b"\\n-----" in pem:
        problems.append(LITERAL)
    if re.search(rb"(?m)^[ \t]+-----BEGIN ", pem):
        problems.append(INDENTED)
    if len(re.findall(rb"-----BEGIN ", pem)) > len(re.findall(rb"-----END ", pem)):
        problems.append(TRUNCATED)
    if found or problems or b"-----BEGIN " in pem:
        return problems or ([] if found or next(gopem.blocks(pem), None) else [UNREADABLE])
    return [_of_foreign(pem)]


def _of_foreign(data: bytes) -> Advice:
    if gox509.parse(data) is not None:
        return DER
    if data[:1] == b"\x30":
        return PKCS7 if bytes.fromhex("2a864886f70d010702") in data[:40] else PKCS12
    return TWICE_ENCODED if b"-----BEGIN " in _decoded(data) else NO_PEM


def _decoded(text: bytes) -> bytes:
    try:
        return b64decode(text.translate(None, b" \t\n\r\v\f"), validate=True)
    except ValueError:
        return b""


def describe(certificate: GoCertificate) -> CertificateSummary:
    """Return what a person wants to know of a certificate that Go takes."""
    read = certificate.read
    return CertificateSummary(
        subject=_name(lambda: read.subject if read else None, certificate.subject),
        issuer=_name(lambda: read.issuer if read else None, certificate.issuer),
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        fingerprint=sha256(certificate.der).hexdigest(),
        key=_key(read) if read else "unknown",
        is_ca=bool(certificate.is_ca),
    )


def _name(read: Callable[[], x509.Name | None], plain: gox509.Name) -> str:
    """Return the name on one line, with what cannot be seen spelled out: U+202E turns around what follows it.

    Go reads a few names that `cryptography` does not; those are shown as Go reads them (`plain`).
    """
    try:
        found = read()
        text = _joined(plain) if found is None else found.rfc4514_string()
    except (ValueError, TypeError):
        text = _joined(plain)
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text or "(no name)")


def _joined(name: gox509.Name) -> str:
    return ",".join(f"{_label(gox509.dotted(kind))}={text}" for kind, text in reversed(name))


def _label(identifier: str) -> str:
    """Return what a part of a name is called for short; any text of two letters suits every kind."""
    return x509.NameAttribute(x509.ObjectIdentifier(identifier), "xx").rfc4514_attribute_name


def _key(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unknown"
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
        return f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'DSA'} {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "Ed448"
    return "other"
