"""Bundles as they are stored: how much of one is read, and a repair that outlives the next renewal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from destinations import names, repairs
from destinations.model import Secret, Snapshot, Verdict
from destinations.repairs import Choice
from destinations.secret import manifests
from destinations.verdict import certificates, pem
from tests.malformed.bundles import OTHER, PEM, REQUEST
from tests.unit.test_repairs import NAMING_CA, held, namespace

NOW = datetime(2026, 11, 26, tzinfo=UTC)
FIELD = Path("tests/data/field")
JOINED = (FIELD / "02-joined-in-the-middle.pem").read_bytes()
FIX = "own-certificates"


def judged(*others: Secret) -> Any:
    return repairs.judged(repairs.Fixed(NAMING_CA), Snapshot(namespace(NAMING_CA, *others), NOW))


def repaired(destination: Secret, *others: Secret) -> tuple[list[str], str, Any]:
    """Return the subjects of the bundle that the repair makes, its title, and the judgement after it."""
    everything = namespace(destination, *others)
    groups = repairs.proposals(destination, Snapshot(everything, NOW))
    titles = [fix.title for group in groups for fix in group if fix.code == FIX]
    fixed = repairs.apply(destination, Snapshot(everything, NOW), Choice(frozenset({FIX} if titles else ())))
    found = [one.subject for one in certificates.read_bundle(fixed.bundle).certificates]
    return found, " ".join(titles), repairs.judged(fixed, Snapshot(everything, NOW))


PARTLY = {
    "joined in the middle": (JOINED, "2 of 4", 4),
    "joined": (PEM + OTHER[:-1] + PEM, "1 of 3", 3),
    "the second indented": (PEM + b"  " + OTHER.replace(b"\n", b"\n  "), "1 of 2", 2),
    "the second on one line": (PEM + OTHER.replace(b"\n", b" "), "1 of 2", 2),
    "four dashes": (PEM + OTHER.replace(b"-----", b"----"), "1 of 2", 2),
    "TRUSTED": (PEM + OTHER.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"), "1 of 2", 2),
    "with headers": (PEM + OTHER.replace(b"-----\n", b"-----\nA: b\n\n", 1), "1 of 2", 2),
}


@pytest.mark.parametrize("kind", PARTLY)
def test_a_bundle_of_which_a_part_is_read_is_a_warning_and_its_repair_keeps_all(kind: str) -> None:
    content, counted, whole = PARTLY[kind]
    before = judged(*held(content))
    assert before.verdict is Verdict.AT_RISK
    warning = next(one for one in before.warnings if one.code == "bundle-partly-read")
    assert counted in warning.message
    subjects, _, after = repaired(NAMING_CA, *held(content))
    assert len(subjects) == whole
    assert "bundle-partly-read" not in {one.code for one in after.warnings}


def test_where_nothing_is_read_the_repair_finds_both() -> None:
    lines = JOINED.splitlines(keepends=True)
    middle = b"".join(lines[9:-9])
    assert pem.begun(middle) == 2
    assert judged(*held(middle)).verdict is Verdict.EXPORT_FAILS
    subjects, _, after = repaired(NAMING_CA, *held(middle))
    assert subjects == ["CN=Example Issuing B", "CN=Example Root C"]
    assert after.verdict is Verdict.ACCEPTED


def test_a_damaged_block_is_told_and_no_repair_drops_it() -> None:
    content = PEM + OTHER.replace(b"M", b"!", 1)
    assert "bundle-partly-read" in {one.code for one in judged(*held(content)).warnings}
    assert repaired(NAMING_CA, *held(content))[0] == []


def from_field(name: str) -> dict[str, Secret]:
    documents = manifests.documents((FIELD / name).read_text())
    found = (manifests.secret_of(one, namespace="epinio") for one in documents)
    return {one.name: one for one in found if one}


def test_of_a_secret_of_cert_manager_the_ca_is_taken_and_not_the_certificate_that_is_renewed() -> None:
    found = from_field("05-cert-manager-secret.yaml")
    destination, tls = found["production"], found["harbor-tls"]
    before = repairs.judged(repairs.Fixed(destination), Snapshot(found, NOW))
    assert "private-key" in {one.code for one in before.warnings}
    subjects, title, after = repaired(destination, tls)
    assert subjects == ["CN=Example internal CA"]
    assert "can still renew its own certificate, but a new CA in harbor-tls is not picked up" in title
    assert "private-key" not in {one.code for one in after.warnings}


CAS: dict[str, tuple[x509.Certificate, ec.EllipticCurvePrivateKey]] = {}


def issued(subject: str, issuer: str = "", *, ca: bool | None = True) -> bytes:
    """Return a certificate signed by one made before, by itself where none is named."""
    key = ec.generate_private_key(ec.SECP256R1())
    signer = CAS[issuer] if issuer else None
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    builder = x509.CertificateBuilder(
        signer[0].subject if signer else name, name, key.public_key(), x509.random_serial_number(),
        NOW - timedelta(days=1), NOW + timedelta(days=80 if ca is False else 800),
    )  # fmt: skip
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    certificate = builder.sign(signer[1] if signer else key, hashes.SHA256())
    CAS[subject] = certificate, key
    return certificate.public_bytes(Encoding.PEM)


ROOT, STRANGER, OLD_ROOT = issued("root"), issued("stranger"), issued("old root", ca=None)
MIDDLE = issued("middle", "root")
LEAF, BELOW, OLD_LEAF = (
    issued("leaf", "root", ca=False),
    issued("below", "middle", ca=False),
    issued("x", "old root", ca=False),
)
ALONE = issued("alone", ca=False)
KEY = CAS["leaf"][1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
SERVERS = {
    "leaf and CA": (LEAF, ROOT, ["CN=root"]),
    "a chain, and its root": (BELOW + MIDDLE, ROOT, ["CN=root"]),
    "a chain without its root, as ACME gives": (BELOW + MIDDLE, b"", ["CN=middle"]),
    "the whole chain": (LEAF + ROOT, None, ["CN=root"]),
    "an issuing CA's": (MIDDLE, ROOT, ["CN=middle", "CN=root"]),
    "an old root": (OLD_LEAF, OLD_ROOT, ["CN=old root"]),
    "a leaf alone": (LEAF, None, []),
    "a leaf that is its own issuer": (ALONE, ALONE, []),
    "a CA for clients": (LEAF, STRANGER, []),
    "a CA for clients beside the whole chain": (LEAF + ROOT, STRANGER, ["CN=root"]),
    "the key in the same text": (LEAF + KEY + ROOT, None, ["CN=root"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", SERVERS)
def test_a_servers_secret_is_never_frozen_into_its_leaf(kind: str) -> None:
    chain, ca, expected = SERVERS[kind]
    data = {names.BUNDLE_KEY: chain, "tls.key": KEY} | ({} if ca is None else {"ca.crt": ca})
    (tls,) = held(chain)
    tls = replace(tls, data=data, type="kubernetes.io/tls")
    assert repaired(NAMING_CA, tls)[0] == expected


def test_a_bundle_that_is_read_whole_is_no_warning() -> None:
    for content in (
        PEM + OTHER,
        b"# BEGIN CERTIFICATE of the CA\n" + PEM,
        PEM + REQUEST,
        KEY + PEM,
        PEM.replace(b"\n", b"\r\n") + OTHER,
    ):
        assert "bundle-partly-read" not in {one.code for one in judged(*held(content)).warnings}
