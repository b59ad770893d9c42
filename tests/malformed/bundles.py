"""Odd CA bundles, one line each; the numbers are those of the list of threats. Everything is made anew for a run.

`form` holds words that the form has to say, or ACCEPTED, and then `stored` is what has to be in the cluster;
`verdict` is what the command line says of a certificate secret that holds the bytes all the same.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from base64 import b64encode, encodebytes
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs7,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from tests.malformed.fields import ACCEPTED, FAILS, FINE, RISKY

NOW = datetime.now(UTC)
YEAR_9999 = -1
KEY = ec.generate_private_key(ec.SECP256R1())
_RSA = rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose
_SHA256_RSA, _SHA1_RSA, _MD5_RSA = (bytes.fromhex("2a864886f70d0101") + bytes([last]) for last in (11, 5, 4))
_VERSION = bytes.fromhex("a003020102")


class Bundle(NamedTuple):
    """One bundle: its bytes, what comes of it, and why."""

    number: int
    what: str
    content: bytes
    form: str
    verdict: str
    reason: str
    stored: bytes = b""


def made(
    name: str = "CA",
    *,
    key: Any = KEY,
    start: int = -9,
    days: int = 900,
    ca: bool | None = True,
) -> bytes:
    """Return a self-signed certificate in DER; `ca` None leaves the basic constraints away."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) if days == YEAR_9999 else NOW + timedelta(days=days)
    builder = x509.CertificateBuilder(
        subject,
        subject,
        key.public_key(),
        1,
        NOW + timedelta(days=start),
        end,
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


def pem(der: bytes, label: str = "CERTIFICATE") -> bytes:
    """Return a PEM block as OpenSSL writes it."""
    body = b64encode(der).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def wrapped(tag: int, *parts: bytes) -> bytes:
    """Return a DER element."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(size)]) + size + content


def with_serial(serial: bytes) -> bytes:
    """Return a certificate with another serial number."""
    return DER.replace(_VERSION + b"\x02\x01\x01", _VERSION + b"\x02\x01" + serial, 1)


def version_1() -> bytes:
    """Return a certificate of version 1: the same without version and extensions."""
    plain = x509.load_der_x509_certificate(made(ca=None))
    tbs = plain.tbs_certificate_bytes
    head = tbs.index(_VERSION) + len(_VERSION)
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    return wrapped(0x30, wrapped(0x30, tbs[head:]), algorithm, wrapped(0x03, b"\0", plain.signature))


def rsa_signed_with(oid: bytes) -> bytes:
    """Return a certificate that claims to be signed with another hash; nobody checks a root's own signature."""
    return made(key=_RSA).replace(_SHA256_RSA, oid)


def key_in(form: PrivateFormat, password: bytes = b"") -> bytes:
    """Return the private key in PEM."""
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return KEY.private_bytes(Encoding.PEM, form, encryption)


def zipped(content: bytes, compression: int) -> bytes:
    """Return a zip archive with one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("ca.pem", content)
    return file.getvalue()


DER = made()
PEM = pem(DER)
OTHER = pem(made("other"))
CERTIFICATE = x509.load_der_x509_certificate(DER)
P7 = pkcs7.serialize_certificates([CERTIFICATE], Encoding.PEM)
_P12 = pkcs12.serialize_key_and_certificates(b"ca", None, None, [CERTIFICATE], NoEncryption())
REQUEST = (
    x509.CertificateSigningRequestBuilder(CERTIFICATE.subject).sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)
)
_INDENTED = b"".join(b"    " + line for line in PEM.splitlines(keepends=True))
_BROKEN = PEM.replace(PEM[100:140], b"A" * 40)
_TEXT = b"Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number: 1 (0x1)\n"
_EXPIRED = pem(made("old", start=-900, days=-2))
_LATER = pem(made("later", start=5))
_LEAF = pem(made("leaf", ca=False))
_BARE = pem(made("bare", ca=None))
_V1 = pem(version_1())
_RSA_1024 = pem(made(key=_RSA))
_SHA1, _MD5 = pem(rsa_signed_with(_SHA1_RSA)), pem(rsa_signed_with(_MD5_RSA))
_DSA = pem(made(key=dsa.generate_private_key(1024)))  # noqa: S505 - weak on purpose
_P192 = pem(made(key=ec.generate_private_key(ec.SECP192R1())))
_ED25519 = pem(made(key=ed25519.Ed25519PrivateKey.generate()))
_FOREVER = pem(made(days=YEAR_9999))
_ZERO = pem(with_serial(b"\0"))
_IMG = pem(made("<img src=x onerror=alert(1)>"))
_RTL = pem(made("\u202egnp.exe\nCN=Let's Encrypt"))
_PADDING = b"#" * 1023 + b"\n"
_PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")

KEYS = [
    Bundle(127, "key alone", key_in(PrivateFormat.PKCS8), "private key", FAILS, "would be mounted into every job"),
    Bundle(127, "EC key", key_in(PrivateFormat.TraditionalOpenSSL), "private key", FAILS, "likewise"),
    Bundle(127, "OpenSSH key", key_in(PrivateFormat.OpenSSH), "private key", FAILS, "likewise"),
    Bundle(128, "certificate and key", PEM + key_in(PrivateFormat.PKCS8), "private key", RISKY, "likewise"),
    Bundle(
        129, "encrypted key", key_in(PrivateFormat.PKCS8, b"pass"), "private key", FAILS, "passwords can be guessed"
    ),
    Bundle(
        127, "base64 of a key", b64encode(key_in(PrivateFormat.PKCS8)), "private key", FAILS, "encoded once too often"
    ),
    Bundle(127, "half a key", key_in(PrivateFormat.PKCS8)[:150], "private key", FAILS, "cut off, and still a key"),
]

BUNDLES = [
    Bundle(122, "empty", b"", "It is empty", FAILS, "as a file; an empty text means no bundle"),
    Bundle(122, "blanks", b" \n", "It is empty", FAILS, "as a file; an empty text means no bundle"),
    Bundle(123, "DER", DER, ACCEPTED, FAILS, "Go reads PEM alone; converted, and said", PEM),
    Bundle(124, "PKCS#7", P7, ACCEPTED, FAILS, "Go skips the block; its certificates are taken out", PEM),
    Bundle(125, "PKCS#12", _P12, "PKCS#12", FAILS, "a binary file, which may hold a key"),
    Bundle(126, "request", REQUEST, "which is not signed", FAILS, "no certificate yet"),
    *KEYS,
    Bundle(130, "TRUSTED", pem(DER, "TRUSTED CERTIFICATE"), ACCEPTED, FAILS, "Go skips the block; relabeled", PEM),
    Bundle(131, "X509", pem(DER, "X509 CERTIFICATE"), ACCEPTED, FAILS, "Go skips the block; relabeled", PEM),
    Bundle(132, "CRLF", PEM.replace(b"\n", b"\r\n"), ACCEPTED, FINE, "Go reads it; written back with LF", PEM),
    Bundle(133, "BOM", b"\xef\xbb\xbf" + PEM, ACCEPTED, FAILS, "Go finds no BEGIN at a line's start", PEM),
    Bundle(134, "UTF-16", PEM.decode().encode("utf-16"), ACCEPTED, FAILS, "Windows' “Unicode”", PEM),
    Bundle(135, "indented", _INDENTED, ACCEPTED, FAILS, "out of YAML", PEM),
    Bundle(136, "literal line ends", PEM.replace(b"\n", b"\\n"), ACCEPTED, FAILS, "out of JSON", PEM),
    Bundle(137, "base64 of PEM", b64encode(PEM), ACCEPTED, FAILS, "out of a Secret", PEM),
    Bundle(137, "wrapped base64 of PEM", encodebytes(PEM), ACCEPTED, FAILS, "out of a Secret", PEM),
    Bundle(138, "no END", PEM[: PEM.index(b"-----END")], ACCEPTED, FAILS, "whole but for its END line", PEM),
    Bundle(139, "truncated", pem(DER[:-20]), "Go cannot read", FAILS, "cut off"),
    Bundle(
        140,
        "long dashes",
        PEM.replace(b"-----", "\u2014\u2014-".encode()),
        ACCEPTED,
        FAILS,
        "a mail program",
        PEM,
    ),
    Bundle(141, "NUL inside", PEM[:90] + b"\0" + PEM[90:], "Go cannot read", FAILS, "no base64"),
    Bundle(142, "text before", _TEXT + PEM, ACCEPTED, FINE, "what openssl x509 -text prints; not stored", PEM),
    Bundle(143, "good, then broken", PEM + _BROKEN, "Go cannot read", RISKY, "Go takes what it can; a person errs"),
    Bundle(144, "twice the same", PEM + PEM, ACCEPTED, FINE, "harmless, and kept as given", PEM + PEM),
    Bundle(145, "expired", _EXPIRED, "has expired", RISKY, "of no use"),
    Bundle(145, "one expired", PEM + _EXPIRED, ACCEPTED, RISKY, "a change of CA; the page says so", PEM + _EXPIRED),
    Bundle(146, "not yet valid", _LATER, ACCEPTED, RISKY, "prepared; the page says so", _LATER),
    Bundle(147, "leaf", _LEAF, ACCEPTED, RISKY, "Go trusts any certificate of a pool, and no other through it", _LEAF),
    Bundle(
        148,
        "no basicConstraints",
        _BARE,
        ACCEPTED,
        RISKY,
        "Go trusts any certificate of a pool, and no other through it",
        _BARE,
    ),
    Bundle(149, "version 1", _V1, ACCEPTED, FINE, "old roots are of version 1", _V1),
    Bundle(
        149,
        "version 4",
        pem(DER.replace(_VERSION, _VERSION[:-1] + b"\3", 1)),
        "Go cannot read",
        FAILS,
        "none such",
    ),
    Bundle(150, "RSA 1024", _RSA_1024, ACCEPTED, FINE, "weak, and Go takes it", _RSA_1024),
    Bundle(151, "SHA-1", _SHA1, ACCEPTED, FINE, "nobody checks a root's own signature", _SHA1),
    Bundle(151, "MD5", _MD5, ACCEPTED, FINE, "nobody checks a root's own signature", _MD5),
    Bundle(152, "DSA", _DSA, ACCEPTED, FINE, "Go reads it into the pool", _DSA),
    Bundle(152, "P-192", _P192, "Go cannot read", FAILS, "a curve that Go does not have"),
    Bundle(152, "Ed25519", _ED25519, ACCEPTED, FINE, "Go knows it", _ED25519),
    Bundle(153, "year 9999", _FOREVER, ACCEPTED, FINE, "RFC 5280's “no end”", _FOREVER),
    Bundle(154, "50", PEM * 50, ACCEPTED, FINE, "at the limit", PEM * 50),
    Bundle(154, "51", PEM * 51, "more than 50", FINE, "over the limit"),
    Bundle(
        155,
        "256 KiB",
        PEM + (_PADDING * 256)[len(PEM) :],
        ACCEPTED,
        FINE,
        "at the limit, and only the PEM is kept",
        PEM,
    ),
    Bundle(155, "257 KiB", PEM + _PADDING * 257, "larger than 256 KiB", FINE, "over the limit"),
    Bundle(156, "a tag in the subject", _IMG, ACCEPTED, FINE, "escaped where it is shown", _IMG),
    Bundle(157, "RTL and a line end", _RTL, ACCEPTED, FINE, "spelled out where it is shown", _RTL),
    Bundle(158, "negative serial", pem(with_serial(b"\xff")), "Go cannot read", FAILS, "Go refuses it since 1.23"),
    Bundle(158, "serial zero", _ZERO, ACCEPTED, FINE, "Go takes it", _ZERO),
    Bundle(160, "zip", zipped(PEM, zipfile.ZIP_DEFLATED), "no PEM block", FAILS, "another file"),
    Bundle(160, "plain zip", zipped(PEM, zipfile.ZIP_STORED), "Go cannot read", FAILS, "BEGIN in mid-line"),
    Bundle(160, "gzip", gzip.compress(PEM), "no PEM block", FAILS, "another file"),
    Bundle(160, "image", _PNG, "no PEM block", FAILS, "another file"),
]

ENORMOUS = [
    Bundle(154, "5,000", PEM * 5000, "larger than 1 MiB", FINE, "refused before it is read"),
    Bundle(155, "1 MiB and a byte", PEM + b"#" * (1024 * 1024 + 1 - len(PEM)), "larger than 1 MiB", FINE, "likewise"),
]


def label(bundle: Bundle) -> str:
    """Return a short name for a test's line."""
    return f"{bundle.number}-{bundle.what}"


def canary() -> str:
    """Return a line of the private key's base64, which must not turn up anywhere."""
    load_pem_private_key(key_in(PrivateFormat.PKCS8), None)
    return key_in(PrivateFormat.PKCS8).decode().splitlines()[1]
