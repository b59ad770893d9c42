"""Certificates and keys for the servers of the tests, made anew for every run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pki:
    """Files: a CA, a server's certificate for 127.0.0.1 with its key, and the pair that signs tokens."""

    ca: Path
    certificate: Path
    key: Path
    token_key: Path
    token_public_key: Path


def make_pki(directory: Path) -> Pki:
    """Write a CA and what hangs from it into the directory."""
    ca_key, key, token_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    files = Pki(*(directory / name for name in ("ca.crt", "tls.crt", "tls.key", "sa.key", "sa.pub")))
    ca = _certificate("tests", ca_key, "tests", ca_key, is_ca=True)
    files.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    leaf = _certificate("127.0.0.1", key, "tests", ca_key, is_ca=False)
    files.certificate.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(_private(key))
    files.token_key.write_bytes(_private(token_key))
    files.token_public_key.write_bytes(
        token_key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return files


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey, *, is_ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if not is_ca:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
