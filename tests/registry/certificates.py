"""Certificates of every kind that Go and OpenSSL may see differently, and servers that present them."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from destinations.livecheck.registry.port import Trust

if TYPE_CHECKING:
    from pathlib import Path

SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
NOW = datetime.now(UTC)
_USES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate of any kind, and its key."""

    certificate: x509.Certificate
    key: Any = field(repr=False)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def trust(self) -> Trust:
        return Trust((self.pem,), public=False)


def made(
    name: str,
    by: Made | None = None,
    *more: x509.ExtensionType,
    ca: bool | None = None,
    path: int | None = None,
    names: tuple[str, ...] = (),
    days: tuple[int, int] = (-1, 2),
    key: Any = None,
    digest: Any = None,
) -> Made:
    """Return one signed by another or by itself; `ca` None leaves the basic constraints out."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(by.certificate.subject if by else subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW + timedelta(days=days[0])).not_valid_after(NOW + timedelta(days=days[1]))
    found = [*more] + ([] if ca is None else [x509.BasicConstraints(ca=ca, path_length=path)])
    if names:
        found.append(x509.SubjectAlternativeName([_general(one) for one in names]))
    for extension in found:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return Made(builder.sign(by.key if by else key, digest or hashes.SHA256()), key)


def by_sha1(one: Made, by: Made | None = None) -> Made:
    """Return the certificate with a signature by SHA-1, which `cryptography` no longer makes; an RSA key signs it."""
    key, sha256, sha1 = (by or one).key, *(bytes.fromhex(f"06092a864886f70d0101{last}") for last in ("0b", "05"))
    body = one.certificate.tbs_certificate_bytes.replace(sha256, sha1)
    numbers, size = key.private_numbers(), key.key_size // 8
    hashed = bytes.fromhex("3021300906052b0e03021a05000414") + hashlib.sha1(body).digest()  # noqa: S324 - what Go refuses
    padded = b"\x00\x01" + b"\xff" * (size - len(hashed) - 3) + b"\x00" + hashed
    signature = pow(int.from_bytes(padded), numbers.d, numbers.public_numbers.n).to_bytes(size)
    whole = one.certificate.public_bytes(serialization.Encoding.DER)
    whole = whole.replace(one.certificate.tbs_certificate_bytes, body).replace(sha256, sha1)
    return Made(x509.load_der_x509_certificate(whole.replace(one.certificate.signature, signature)), one.key)


def _general(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(name)) if name[0].isdigit() or ":" in name else x509.DNSName(name)


def uses(*words: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{use: use in words for use in _USES})


def server(directory: Path, *chain: Made) -> ssl.SSLContext:
    """Return what a server presents the chain with, even one that no sensible server would."""
    place = directory / f"{chain[0].certificate.serial_number:x}.pem"
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key = chain[0].key.private_bytes(encoding, form, serialization.NoEncryption())
    place.write_bytes(b"".join(one.pem for one in chain) + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(place)
    return context
