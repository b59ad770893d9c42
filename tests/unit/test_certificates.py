"""Bundles: Go's PEM rules, and problems in words."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from destinations import certificates
from destinations.acceptance import gopem
from destinations.certificates import read_bundle
from destinations.demo import certificate

NOW = datetime.now(UTC)
PEM = certificate(NOW, days=100)
DER = x509.load_pem_x509_certificate(PEM).public_bytes(Encoding.DER)


def test_a_good_bundle_is_described_and_written_back_the_same() -> None:
    bundle = read_bundle(PEM + PEM)
    assert bundle.pem == PEM + PEM
    assert not bundle.problems
    assert bundle.certificates[0].subject == "CN=Example Corp Root CA"
    assert bundle.certificates[0].is_ca
    assert bundle.certificates[0].key == "EC secp256r1"
    assert len(bundle.certificates[0].fingerprint) == 64


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", certificates.EMPTY),
        (DER, certificates.DER),
        (b"\x30\x82\x01\x00\x02\x01\x03\x30", certificates.PKCS12),
        (b"\x30\x80\x06\x09" + bytes.fromhex("2a864886f70d010702"), certificates.PKCS7),
        (b"\xef\xbb\xbf" + PEM, certificates.BOM),
        (PEM.decode().encode("utf-16"), certificates.UTF16),
        (PEM.replace(b"\n", b"\n  ").replace(b"-----BEGIN", b"  -----BEGIN"), certificates.INDENTED),
        (PEM.replace(b"\n", b"\\n"), certificates.LITERAL),
        (b64encode(PEM), certificates.TWICE_ENCODED),
        (PEM[:200], certificates.TRUNCATED),
        (PEM.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST"), certificates.REQUEST),
        (PEM.replace(b"CERTIFICATE", b"PRIVATE KEY"), certificates.PRIVATE_KEY),
        (PEM.replace(b"-----\n", b"-----\nA: b\n\n", 1), certificates.HEADERS),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", certificates.UNREADABLE),
        (b"hello", certificates.NO_PEM),
    ],
)
def test_a_problem_is_named(content: bytes, problem: certificates.Problem) -> None:
    bundle = read_bundle(content)
    assert problem in bundle.problems
    assert not bundle.pem


def test_a_private_key_never_goes_into_what_is_written_back() -> None:
    bundle = read_bundle(PEM + PEM.replace(b"CERTIFICATE", b"EC PRIVATE KEY"))
    assert bundle.pem == PEM
    assert bundle.has_private_key


def test_a_curve_that_go_does_not_have_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP256K1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "k1")])
    odd = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    assert not read_bundle(odd).certificates


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece", [b"\n-----END ", b"-----BEGIN ", b"-----BEGIN A-----\n", b"a:b\n", b"\n-----END A-----\n-----BEGIN A-----"]
)
def test_hostile_text_takes_no_time(piece: bytes) -> None:
    assert all(not block.content for block in gopem.blocks(piece * (1024 * 1024 // len(piece))))
