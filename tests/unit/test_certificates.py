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

from destinations.golang import gopem, gox509
from destinations.model import Advice
from destinations.verdict import certificates
from destinations.verdict.certificates import read_bundle
from edrportal.demo.cluster import certificate
from tests.services import costs

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
def test_a_problem_is_named(content: bytes, problem: Advice) -> None:
    bundle = read_bundle(content)
    assert problem in bundle.problems
    assert not bundle.pem


NAME = b"\x0c\x14Example Corp Root CA"


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        (b"\x0c\x14Example Corp Root CA", True),
        (b"\x0c\x14Example Corp Root \xffA", False),
        (b"\x13\x14Example Corp Root CA", True),
        (b"\x13\x14Example*Corp&Root CA", True),
        (b"\x13\x14Example@Corp Root CA", False),
        (b"\x14\x14Example \xff\xfe\xff\xfe Root CA", True),
        (b"\x16\x14Example Corp Root CA", True),
        (b"\x16\x14Example Corp Root \xffA", False),
        (b"\x12\x14Example Corp Root CA", False),
        (b"\x12\x1401234567890 12345678", True),
        (b"\x1e\x14\0E\0x\0a\0m\0p\0l\0e\0 \0C\0A", True),
        (b"\x1e\x14\xd8\0\0x\0a\0m\0p\0l\0e\0 \0C\0A", False),
        (b"\x03\x14Example Corp Root CA", False),
        (b"\x1a\x14Example Corp Root CA", False),
    ],
)
def test_a_name_is_read_as_go_reads_it(name: bytes, reads: bool) -> None:  # noqa: FBT001 - a column of the table
    """What Go 1.26 says of these was tried with Go itself."""
    assert DER.count(NAME) == 2
    content = DER.replace(NAME, name)
    pem = b"-----BEGIN CERTIFICATE-----\n" + b64encode(content) + b"\n-----END CERTIFICATE-----\n"
    bundle = read_bundle(pem)
    assert bool(bundle.certificates) is reads
    assert all(one.subject for one in bundle.certificates)


def test_a_certificate_that_states_two_signature_algorithms_is_refused() -> None:
    sha256, sha384 = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d040303")
    assert gox509.parse(DER) is not None
    assert gox509.parse(DER.replace(sha256, sha384, 1)) is None


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


@pytest.mark.parametrize(
    "text",
    [
        b"-----BEGIN PRIVATE KEY-----", b"-----BEGIN RSA PRIVATE KEY", b"xBEGIN 2 X  PRIVATE KEYx", b"y PRIVATE KEY-----",
        b"BEGIN BEGIN PRIVATE KEY", b"BEGIN A-BEGIN B PRIVATE KEY", b"PRIVATE KEY BEGIN PRIVATE KEY", b"BEGIN PRIVATE KEY",
    ],
)  # fmt: skip
def test_a_private_key_is_noticed_by_any_of_its_lines(text: bytes) -> None:
    assert certificates.holds_private_key(text)
    assert certificates.holds_private_key(b64encode(text))


@pytest.mark.parametrize(
    "text", [b"", b"BEGIN-PRIVATE KEY", b"PRIVATE KEY BEGIN ", b"BEGIN a PRIVATE KEY", b"# PRIVATE KEY"]
)
def test_words_about_a_private_key_are_none(text: bytes) -> None:
    assert not certificates.holds_private_key(text)


@pytest.mark.parametrize("piece", [b"BEGIN ", b"BEGIN A-", b"PRIVATE KEY", b"BEGIN PRIVATE KE ", b"A-"])
def test_a_private_key_is_looked_for_in_linear_time(piece: bytes) -> None:
    text = piece * (certificates.MAX_BUNDLE_BYTES // len(piece) - 5) + b"- PRIVATE KEY"
    assert costs.seconds(lambda: certificates.holds_private_key(text)) < costs.SECONDS


def test_what_is_too_long_to_be_looked_at_counts_as_one_that_holds_a_key() -> None:
    text = b"#" * (certificates.MAX_BUNDLE_BYTES + 1)
    assert certificates.holds_private_key(text)
    assert not certificates.holds_private_key(text[1:])
    assert certificates.read_new_bundle(text, NOW).problems == (certificates.TOO_LARGE,)
