"""Certificates as people paste and upload them: every block that is begun becomes a certificate, or a line with a reason."""

from __future__ import annotations

import time
from base64 import b64encode, encodebytes
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from destinations.verdict import certificates, pem
from tests.malformed import bundles
from tests.malformed.bundles import DER, OTHER, PEM

NOW = datetime.now(UTC)
BOTH = PEM + OTHER
JOINED = Path("tests/data/field/02-joined-in-the-middle.pem").read_bytes()
KEY = bundles.KEYS[0].content
AFTER, BESIDE = PEM.count(b"\n") + 1, OTHER.count(b"\n") + 1
"""The line after each: how many lines a certificate has depends on its signature."""
LINES = BOTH.splitlines(keepends=True)


def spelled(text: bytes, dashes: str, codec: str = "utf-8") -> bytes:
    return text.replace(b"-----", dashes.encode(codec))


REPAIRED = {
    "joined": (PEM[:-1] + OTHER, f"Joined lines were separated at line {AFTER - 1}."),
    "joined, and dashes shared": (PEM[:-6] + OTHER, "Joined lines"),
    "joined by a blank": (PEM[:-1] + b" " + OTHER, "Joined lines"),
    "on one line": (BOTH.replace(b"\n", b""), "One long line was split at line 1."),
    "on one line with blanks": (BOTH.replace(b"\n", b" "), "One long line"),
    "indented": (b"".join(b"    " + line for line in LINES), f"Indentation was removed at lines 1, {AFTER}."),
    "only the second indented": (PEM + b"\t" + OTHER.replace(b"\n", b"\n\t"), f"Indentation was removed at line {AFTER}."),
    "YAML": (b"tls.crt: |\n" + b"".join(b"  " + line for line in LINES), "Indentation"),
    "line breaks spelled out": (BOTH.replace(b"\n", b"\\n"), "\\n was replaced"),
    "escaped twice": (BOTH.replace(b"\n", b"\\\\n"), "\\n was replaced"),
    "JSON": (b'{"ca": "' + BOTH.replace(b"\n", b"\\n").replace(b"/", b"\\/") + b'"}', "\\n was replaced"),
    "a script's strings": (b"".join(b'  "' + line[:-1] + b'\\n" +\n' for line in LINES), "before BEGIN was removed"),
    "a shell's variable": (b"export CA='" + BOTH.strip() + b"'\n", "before BEGIN was removed at line 1."),
    "commented": (b"".join(b"# " + line for line in LINES), f"Comment signs were removed at lines 1, {AFTER}."),
    "commented by slashes": (b"".join(b"// " + line for line in LINES), "Comment signs"),
    "quoted mail": (b"".join(b"> " + line for line in LINES), "Comment signs"),
    "four dashes": (spelled(BOTH, "----"), f"corrected at lines 1, {AFTER}."),
    "six dashes": (spelled(PEM, "------") + OTHER, "corrected at line 1."),
    "en dashes": (spelled(BOTH, "\u2013" * 5), "corrected"),
    "em dashes": (spelled(BOTH, "\u2014\u2014-"), "corrected"),
    "em dashes of Windows-1252": (spelled(BOTH, "\u2014\u2014-", "cp1252"), "corrected"),
    "four dashes, joined": (spelled(BOTH, "----").replace(b"----\n----", b"--------"), "corrected"),
    "no dashes": (spelled(BOTH, ""), "corrected"),
    "CR": (BOTH.replace(b"\n", b"\r"), "Line breaks were converted"),
    "byte order mark": (b"\xef\xbb\xbf" + BOTH, "byte order mark"),
    "byte order mark in the middle": (PEM + b"\xef\xbb\xbf" + OTHER, "byte order mark"),
    "UTF-16": (BOTH.decode().encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": (BOTH.decode().encode("utf-16-le"), "UTF-16"),
    "UTF-16, big-endian": (BOTH.decode().encode("utf-16-be"), "UTF-16"),
    "base64 of it": (b64encode(BOTH), "once too often"),
    "base64 of it, wrapped": (encodebytes(BOTH), "once too often"),
    "base64 twice": (b64encode(b64encode(BOTH)), "once too often"),
    "a manifest": (b"data:\n  a: " + b64encode(PEM) + b"\n  b: " + b64encode(OTHER) + b"\n", "-encoded was decoded"),
    "a manifest, one with a comment": (
        b"data:\n  a: " + b64encode(PEM) + b"\n  b: " + b64encode(b"# Other\n" + OTHER) + b"\n", "-encoded was decoded"),
    "a manifest, one after an empty line": (
        b"data:\n  a: " + b64encode(PEM) + b"\n  b: " + b64encode(b"\n" + OTHER) + b"\n", "-encoded was decoded"),
    "a manifest, one encoded twice": (
        b"data:\n  a: " + b64encode(PEM) + b"\n  b: " + b64encode(b64encode(OTHER)) + b"\n", "-encoded was decoded"),
    "TRUSTED": (bundles.pem(DER + b"\x30\x00", "TRUSTED CERTIFICATE") + OTHER, "changed from TRUSTED CERTIFICATE at line 1."),
    "PKCS#7": (bundles.P7 + OTHER, "extracted from PKCS7 at line 1."),
    "DER": (DER, "binary form (DER)"),
    "DER twice": (DER + DER, "binary form (DER)"),
    "PKCS#7 in DER": (pkcs7.serialize_certificates([bundles.CERTIFICATE], Encoding.DER), "PKCS#7"),
    "base64 of DER": (encodebytes(DER), "which were added"),
    "no END line": (PEM[: PEM.index(b"-----END")] + OTHER, "An END line was added at line 1."),
    "no BEGIN line": (OTHER + PEM.split(b"\n", 1)[1], "A BEGIN line was added"),
    "neither": (OTHER + b"\n".join(PEM.split(b"\n")[1:-2]) + b"\n", f"BEGIN and END lines were added at line {BESIDE}."),
    "headers": (PEM.replace(b"-----\n", b"-----\nA: b\n\n", 1) + OTHER, "Header lines were removed at line 1."),
    "lower case": (BOTH.replace(b"BEGIN CERTIFICATE", b"begin certificate"), "corrected"),
    "URL": (BOTH.replace(b"+", b"%2B").replace(b" ", b"%20").replace(b"\n", b"%0A"), "Escaped characters"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REPAIRED)
def test_what_is_damaged_and_whole_is_repaired_and_said(kind: str) -> None:
    content, words = REPAIRED[kind]
    bundle = certificates.read_new_bundle(content, NOW)
    one = kind in {"DER", "PKCS#7 in DER", "base64 of DER"}
    assert not bundle.problems
    assert sorted({certificate.subject for certificate in bundle.certificates} - {"CN=CA"}) == (
        [] if one or kind == "DER twice" else ["CN=other"]
    )
    assert len(bundle.certificates) == (1 if one else 2)
    assert words in " ".join(bundle.notes)
    assert certificates.read_new_bundle(bundle.pem, NOW).notes == ()


def test_two_joined_in_the_middle_are_kept_and_their_line_is_named() -> None:
    bundle = certificates.read_new_bundle(JOINED, NOW)
    assert [one.subject[-1] for one in bundle.certificates] == ["A", "B", "C", "D"]
    assert bundle.notes == ("Joined lines were separated at line 18.",)


AS_GO_READS = {
    "plain": BOTH,
    "CRLF": BOTH.replace(b"\n", b"\r\n"),
    "text between": b"Bag Attributes\n    friendlyName: x\n" + PEM + b"subject=CN = other\n" + OTHER + b"end\n",
    "a comment that names a block": b"# BEGIN CERTIFICATE of the old root, removed\n" + BOTH,
}


@pytest.mark.parametrize("kind", AS_GO_READS)
def test_what_go_reads_whole_is_taken_without_a_word(kind: str) -> None:
    bundle = certificates.read_new_bundle(AS_GO_READS[kind], NOW)
    assert (bundle.pem, bundle.problems, bundle.notes) == (BOTH, (), ())


REFUSED = {
    "damaged": (PEM + OTHER.replace(b"M", b"!", 1) + PEM, f"Line {AFTER}: Go cannot read a CERTIFICATE block"),
    "a character missing": (PEM + OTHER[:100] + OTHER[101:], f"Line {AFTER}: Go cannot read a CERTIFICATE"),
    "cut off": (PEM + OTHER[:150], f"Line {AFTER}: A block has a BEGIN line but no matching END"),
    "cut off in the middle": (OTHER[:150] + b"\n" + PEM, "Line 1: A block has a BEGIN line but no matching END"),
    "the beginning missing": (PEM + OTHER[90:], "An END line has no BEGIN line"),
    "base64 cut off": (PEM + OTHER.split(b"\n")[1] + b"\n", f"Line {AFTER}: There is base64 text without BEGIN"),
    "one of two commented": (PEM + b"#" + OTHER.replace(b"\n", b"\n#"), f"Line {AFTER}: A certificate is commented out"),
    "a request": (PEM + bundles.REQUEST, f"Line {AFTER}: It contains a certificate request"),
    "a public key": (PEM + bundles.pem(b"\x30\x00", "PUBLIC KEY"), f"Line {AFTER}: It contains a PEM block that is not"),
    "a list of revoked ones": (PEM + bundles.pem(b"\x30\x00", "X509 CRL"), f"Line {AFTER}: It contains a PEM block that is not"),
    "PKCS#7 cut off": (PEM + bundles.P7.replace(b"MII", b"", 1), f"Line {AFTER}: It is a PKCS#7 block"),
    "joined and damaged": (JOINED.replace(b"MIIBRjCB7aADAgECAhQj0", b"", 1), "Line 18: Go cannot read a CERTIFICATE block"),
    "DER after it": (PEM + DER, f"Line {AFTER}: There is binary data"),
    "PEM after DER": (DER + PEM, "There is binary data"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_repaired_is_refused_with_its_line(kind: str) -> None:
    content, words = REFUSED[kind]
    bundle = certificates.read_new_bundle(content, NOW)
    assert any(problem.message.startswith(words) or words in problem.message for problem in bundle.problems)
    assert all(problem.fix for problem in bundle.problems)


KEYS = {
    "PEM": PEM + KEY,
    "UTF-16": (PEM + KEY).decode().encode("utf-16"),
    "base64 of it": b64encode(PEM + KEY),
    "in a manifest, after a comment": b"tls.crt: "
    + b64encode(PEM)
    + b"\ntls.key: "
    + b64encode(b"# Key\n" + KEY * 2)
    + b"\n",
    "in a manifest": b"tls.crt: " + b64encode(PEM) + b"\ntls.key: " + b64encode(KEY) + b"\n",
    "DER": bundles.KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    "base64 of DER": b64encode(bundles.KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
    "en dashes": spelled(PEM + KEY, "\u2013" * 5),
    "on one line": (PEM + KEY).replace(b"\n", b"\\n"),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_private_key_is_refused_first_in_whatever_form(kind: str) -> None:
    bundle = certificates.read_new_bundle(KEYS[kind], NOW)
    assert bundle.problems == (certificates.PRIVATE_KEY,)
    assert certificates.holds_private_key(KEYS[kind])


def test_only_some_of_very_many_problems_are_listed() -> None:
    bundle = certificates.read_new_bundle(OTHER[:150] * 100, NOW)
    assert len(bundle.problems) == certificates.MAX_PROBLEMS + 1
    assert bundle.problems[-1].message == "90 more blocks have such problems."


HOSTILE = (
    b"\n-----END ", b"-----BEGIN ", b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----\n", b"BEGIN CERTIFICATE",
    b"-", b" ", b"\n", b"MII" * 30 + b"\n", b"LS0tLS1CRUdJTi", b"\\", b"\\n", b'"+', b"# ", b"\x30\x82\xff\xff", b"&#1;",
    b"BEGIN%20C ", b"END CERTIFICATE---------------------", b"-----BEGIN CERTIFICATE-----\nMIIB\n",
)  # fmt: skip


@pytest.mark.timeout(120)
@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear_in_whatever_is_given(piece: bytes) -> None:
    def seconds(size: int) -> float:
        text = b"-----BEGIN CERTIFICATE-----\n" + piece * (size // len(piece)) + b"\n-----END CERTIFICATE-----\n"
        begun = time.process_time()
        pem.read(text)
        return time.process_time() - begun

    small = max(seconds(128 * 1024), 0.02)
    assert seconds(1024 * 1024) < 8 * 4 * small
