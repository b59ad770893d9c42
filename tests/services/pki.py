"""Certificates and keys for the servers of the tests, made anew for every run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class Pki:
    """Files: a CA, a server's certificate for 127.0.0.1 with its key, and the pair that signs tokens."""

    ca: Path
    certificate: Path
    key: Path
    token_key: Path
    token_public_key: Path


@dataclass(frozen=True, slots=True)
class Holder:
    """A certificate and the private key that goes with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        """The private key in PEM."""
        return _private(self.key)


def make_pki(directory: Path) -> Pki:
    """Write a CA and what hangs from it into the directory."""
    files = Pki(*(directory / name for name in ("ca.crt", "tls.crt", "tls.key", "sa.key", "sa.pub")))
    ca, token_key = issue("tests", ca=True), ec.generate_private_key(ec.SECP256R1())
    leaf = issue("127.0.0.1", by=ca, names=LOOPBACK)
    files.ca.write_bytes(ca.pem)
    files.certificate.write_bytes(leaf.pem)
    files.key.write_bytes(leaf.key_pem)
    files.token_key.write_bytes(_private(token_key))
    files.token_public_key.write_bytes(
        token_key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return files


def issue(
    name: str,
    *,
    by: Holder | None = None,
    ca: bool = False,
    names: Sequence[str] = (),
    days: tuple[float, float] = (0, 2),
) -> Holder:
    """Return a new certificate, signed `by` another holder or by itself.

    `names` are its alternative names, addresses among them; without any it has a common name alone. `days` says from
    when to when it counts, from now; the beginning an hour earlier.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(by.certificate.subject if by else _name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]) - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), critical=False)
    return Holder(builder.sign(by.key if by else key, hashes.SHA256()), key)


def _general(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
